"""A busy server works off an old stream late, leaves an answer out, and brings what is older behind what is newer.

All of it was seen at ejabberd, with more to do than it had time for.
"""

from nocarrier.queue import states
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import FAILED, STANZA_ID, archived, fin, message, online, query_in, sent, shown

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
RESUMED = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='%d'/>"


def forgotten(talk):
    """The line drops, and the server has forgotten the session; returns what is said in a new one."""
    talk.down()
    talk.authenticate()
    talk.server(FAILED % b"")
    return talk.bind()


def test_what_the_old_stream_delivers_behind_the_walk_is_not_sent_again():
    talk = Dialogue()
    talk.log_in("arch-1")
    talk.server(ACK % 3)
    for body in ("one", "two"):
        talk.client.send_message(d.PEER, body)
    ids = [message_id for message_id, _ in sent(talk.said())]
    request, _, _ = query_in(forgotten(talk))
    assert sent(talk.server(fin(request))) == []
    assert talk.wait(0) + talk.wait(1_999) == b"" and talk.client.deadline_ms() is not None
    request, query, after = query_in(talk.wait(1))
    assert after == b"arch-1"
    said = talk.server(archived(query, b"arch-2", d.FULL, ids[0], b"one") + fin(request, b"arch-2"))
    assert sent(said) == [(ids[1], b"two")]  # it is not asked a third time
    assert states.NAMES[talk.client.store.history(d.PEER, 2)[0].state] == "on server"


def test_what_comes_late_on_a_resumed_stream_is_not_left_behind_in_the_archive():
    for wait_ms, behind in ((0, b"arch-1"), (30_000, b"arch-4")):
        talk = online("arch-1")
        talk.server(ACK % 3)
        talk.down()
        talk.authenticate()
        talk.server(RESUMED % 3 + message(b"three", b"m3", STANZA_ID % b"arch-3"))
        talk.server(ACK % 3)
        talk.wait(0)
        talk.wait(wait_ms)
        talk.server(message(b"four", b"m4", STANZA_ID % b"arch-4"))
        request, query, after = query_in(forgotten(talk))
        assert after == behind, wait_ms
        if wait_ms == 0:  # the older one had not come before the session was gone
            entries = [(b"2", b"two"), (b"3", b"three"), (b"4", b"four")]
            for number, body in entries:
                talk.server(archived(query, b"arch-" + number, d.PEER + "/p", b"m" + number, body))
            talk.server(fin(request, b"arch-4"))
            assert shown(talk) == ["three", "four", "two"] and talk.client.store.cursor == "arch-4"


def test_the_end_of_what_was_dealt_with_never_stays_behind_by_more_than_ids_are_known():
    talk = online("arch-1")
    talk.server(ACK % 3)
    known = 1
    for number in range(2, 62):
        if number % 5 == 0:  # it is resumed again and again
            talk.down()
            talk.authenticate()
            talk.server(RESUMED % 3)
        name = str(number).encode()
        talk.server(message(b"text", b"m" + name, STANZA_ID % (b"arch-" + name)))
        known = int(talk.client.store.known_end()[5:])
        assert number - known <= 8, number
    assert known < 61  # and it does stay behind


def test_a_page_that_nobody_answers_is_asked_for_once_more():
    talk = online("arch-1")
    talk.server(ACK % 3)
    lost, _, _ = query_in(forgotten(talk))
    talk.server(ACK % 3)
    assert talk.wait(0) + talk.wait(179_999) == b""
    request, query, after = query_in(talk.wait(1))
    assert after == b"arch-1" and request != lost
    entry = archived(query, b"arch-2", d.PEER + "/p", b"m2", b"two")
    talk.server(fin(lost, b"arch-9") + entry)  # what was asked for before has no meaning any more
    assert talk.wait(0) + talk.wait(179_999) == b""  # it goes on
    talk.server(fin(request, b"arch-2"))
    assert shown(talk) == ["two"] and talk.client.store.cursor == "arch-2"
