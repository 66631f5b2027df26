"""A busy server works off an old stream late, leaves an answer out, and brings what is older behind what is newer.

All of it was seen at ejabberd, with more to do than it had time for.
"""

from nocarrier.queue import states
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import FAILED, STANZA_ID, archived, fin, message, online, query_in, sent, shown

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
ERROR = b"<iq type='error' id='%s'><error type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
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
    assert (talk.wait(0) + talk.wait(5_999)).strip() == b"" and talk.client.deadline_ms() is not None
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


def live(number):
    name = str(number).encode()
    return message(b"text " + name, b"m" + name, STANZA_ID % (b"arch-" + name))


def entry(query, number):
    name = str(number).encode()
    return archived(query, b"arch-" + name, d.PEER + "/p", b"m" + name, b"text " + name)


def resumed(talk):
    talk.down()
    talk.authenticate()
    talk.server(RESUMED % 3)
    talk.server(ACK % 3)
    talk.wait(0)


def test_where_many_come_on_a_resumed_stream_the_archive_tells_whether_one_is_missing():
    for missing in range(2, 10):
        talk = online("arch-1")
        talk.server(ACK % 3)
        resumed(talk)
        numbers = [number for number in range(2, 11) if number != missing]
        for number in numbers:
            assert talk.client.store.known_end() == "arch-1"
            talk.server(live(number))
        request, query, after = query_in(talk.wait(0) + talk.wait(1))
        assert after == b"arch-1" and len(shown(talk)) == 8  # nobody waits for the answer to see a message
        talk.server(live(11))
        said = talk.server(b"".join(entry(query, number) for number in range(2, 7)) + fin(request, b"arch-6", False))
        assert talk.client.store.known_end() == "arch-6"
        request, query, after = query_in(said)
        assert after == b"arch-6"
        talk.server(b"".join(entry(query, number) for number in range(7, 12)) + fin(request, b"arch-11"))
        assert sorted(shown(talk)) == sorted("text %d" % number for number in range(2, 12))
        assert talk.client.store.known_end() == "arch-11"
        talk.server(ACK % 5 + live(12))  # the half minute is not over
        assert talk.client.store.known_end() == "arch-11"
        talk.wait(30_000)
        talk.server(live(13))
        assert talk.client.store.known_end() == "arch-13"


def test_a_session_that_is_lost_before_the_archive_has_told_asks_again_from_the_same_place():
    talk = online("arch-1")
    talk.server(ACK % 3)
    resumed(talk)
    for number in range(3, 12):
        talk.server(live(number))
    first, _, after = query_in(talk.wait(0) + talk.wait(1))
    talk.down()
    request, query, after = query_in(forgotten(talk))
    assert after == b"arch-1"
    talk.server(b"".join(entry(query, number) for number in range(2, 12)) + fin(request, b"arch-11"))
    assert shown(talk) == ["text %d" % number for number in list(range(3, 12)) + [2]]


def test_ids_that_may_be_met_again_are_never_more_than_are_known():
    """If the archive does not answer, the end of what has been dealt with moves on all the same."""
    talk = online("arch-1")
    talk.server(ACK % 3)
    for number in range(2, 80):
        if number % 5 == 0:  # it is resumed again and again
            resumed(talk)
        talk.server(live(number))
        talk.wait(0), talk.wait(1)
        known = int(talk.client.store.known_end()[5:])
        assert number - known < 16, number
    request, query, after = query_in(forgotten(talk))
    behind = range(int(after[5:]) + 1, 80)
    talk.server(b"".join(entry(query, number) for number in behind) + fin(request, b"arch-79"))
    assert len(shown(talk)) == 78


def test_a_check_that_keeps_pace_takes_the_end_along_and_one_that_does_not_never_takes_it_back():
    for pages, late in ((True, False), (False, True)):
        talk = online("arch-1")
        talk.server(ACK % 3)
        resumed(talk)
        number, walked, said = 1, 1, b""
        while number < 40:
            for _ in range(3):
                number += 1
                talk.server(live(number))
            said += talk.wait(0) + talk.wait(1)
            known = int(talk.client.store.known_end()[5:])
            assert number - known <= 16
            if pages and b"mam:2" in said:
                request, query, after = query_in(said)
                walked = int(after[5:])
                last = min(walked + 4, number)
                entries = [entry(query, n) for n in range(walked + 1, last + 1)]
                said = talk.server(b"".join(entries) + fin(request, b"arch-%d" % last, last == number))
                assert talk.client.store.known_end() == "arch-%d" % last
        if late:
            request, query, after = query_in(said)
            known = talk.client.store.known_end()
            talk.server(entry(query, 2) + fin(request, b"arch-2", False))
            assert talk.client.store.known_end() == known != "arch-2"
        assert len(shown(talk)) == number - 1


def test_an_archive_that_does_not_know_the_end_or_cannot_tell_is_not_asked_for_all_it_has():
    for error in (b"item-not-found", b"internal-server-error"):
        talk = online("arch-1")
        talk.server(ACK % 3)
        resumed(talk)
        for number in range(2, 10):
            talk.server(live(number))
        request, _, _ = query_in(talk.wait(0) + talk.wait(1))
        said = talk.server(ERROR % (request, error))
        assert b"urn:xmpp:mam:2" not in said
        talk.server(live(10))
        assert talk.client.store.known_end() == "arch-10"


def test_a_page_that_nobody_answers_is_asked_for_once_more():
    talk = online("arch-1")
    talk.server(ACK % 3)
    lost, _, _ = query_in(forgotten(talk))
    talk.server(ACK % 3)
    assert talk.wait(0) + talk.wait(60_031) == b""
    request, query, after = query_in(talk.wait(1))
    assert after == b"arch-1" and request != lost
    entry = archived(query, b"arch-2", d.PEER + "/p", b"m2", b"two")
    talk.server(fin(lost, b"arch-9") + entry)  # what was asked for before has no meaning any more
    assert talk.wait(0) + talk.wait(60_031) == b""  # it goes on
    talk.server(fin(request, b"arch-2"))
    assert shown(talk) == ["two"] and talk.client.store.cursor == "arch-2"
