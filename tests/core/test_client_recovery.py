"""After a lost line, a lost session, a power cut: each message exactly once, under one id, in order."""

from nocarrier import events
from nocarrier.queue import records, states
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import FAILED, archived, fin, look_again, query_in, sent

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
RESUMED = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='%d'/>"


def with_three_sent(last="arch-1"):
    """A client whose stanzas 4, 5 and 6 are messages that nobody has acknowledged; returns it and their ids."""
    talk = Dialogue()
    talk.log_in(last)
    talk.server(ACK % 3)
    for body in ("one", "two", "three"):
        talk.client.send_message(d.PEER, body)
    ids = [part.split(b"'")[0] for part in talk.said().split(b"type='chat' id='")[1:]]
    assert len(ids) == 3
    talk.down()
    talk.events = []
    return talk, ids


def test_a_resumption_sends_again_exactly_what_the_server_has_not():
    talk, ids = with_three_sent()
    assert talk.authenticate().endswith(b"version='1.0'><resume xmlns='urn:xmpp:sm:3' h='2' previd='sm-1'/>")
    # At once: a stream that Prosody leaves deaf swallows it, and the archive tells. But only <a/> proves it alive.
    said = talk.server(RESUMED % 4)
    assert said.endswith(b"</message><r xmlns='urn:xmpp:sm:3'/>") and not talk.client.online()
    assert sent(said) == [(ids[1], b"two"), (ids[2], b"three")]
    assert talk.values(events.STATE)[0] == (1, states.ON_SERVER)
    assert talk.server(ACK % 4) == b"" and not talk.client.online()  # no answer to that request
    assert talk.server(ACK % 6) == b"" and talk.client.online()
    assert talk.values(events.STATE)[-2:] == [(2, states.ON_SERVER), (3, states.ON_SERVER)]
    assert talk.values(events.ONLINE) == [True]


def test_the_request_that_proves_the_stream_alive_waits_for_no_more_than_the_line_carries_in_a_second():
    for size, first in ((20, b"<message "), (1_500, b"<r ")):
        talk = Dialogue()
        talk.log_in()
        talk.wait(1_000)
        talk.server(ACK % talk.client.session.acks.sent)
        talk.down()
        talk.client.send_message(d.PEER, "x" * size)
        talk.authenticate()
        talk.line.rate_bps = 2_400
        said = talk.server(RESUMED % 3)
        assert said.startswith(first), size
        for _ in range(8):
            said += talk.wait(1_000)
        assert said.count(b"<r ") == 1 and b"</message>" in said and not talk.values(events.FAULT)
        talk.server(ACK % 3 if size > 1_000 else ACK % 4)
        assert talk.client.online()


def test_a_resumption_after_a_power_cut_is_the_same():
    talk, ids = with_three_sent()
    talk.reboot()
    assert talk.authenticate().endswith(b"version='1.0'><resume xmlns='urn:xmpp:sm:3' h='2' previd='sm-1'/>")
    assert sent(talk.server(RESUMED % 5)) == [(ids[2], b"three")]


def test_requests_under_way_are_repeated_after_a_resumption():
    talk = Dialogue()
    said = talk.authenticate() + talk.bind()
    talk.down()
    # Roster and archive, with their ids, between the two requests for an acknowledgement.
    assert talk.resume(0) == b"<r xmlns='urn:xmpp:sm:3'/>" + said[said.find(b"<iq type='get'") :]


def test_a_failed_resumption_with_h_settles_everything():
    talk, ids = with_three_sent()
    talk.authenticate()
    assert b"<bind " in talk.server(FAILED % b" h='5'")
    assert talk.values(events.STATE)[:3] == [(1, states.ON_SERVER), (2, states.ON_SERVER), (3, states.QUEUED)]
    assert sent(talk.bind()) == [(ids[2], b"three")]
    item = talk.client.store.history(d.PEER, 1)[0]
    assert not item.flags & records.MAY_ARRIVE_TWICE


def test_a_failed_resumption_without_h_asks_the_archive():
    for reboot in (False, True):
        talk, ids = with_three_sent()
        if reboot:
            talk.reboot()
        talk.authenticate()
        talk.server(FAILED % b"")
        said = talk.bind()
        request, query, after = query_in(said)
        # From the entry known before the first of them was sent; nothing overtakes what is in doubt.
        assert after == b"arch-1" and sent(said) == []
        talk.client.send_message(d.PEER, "four")
        assert sent(talk.said()) == []
        said = talk.server(archived(query, b"arch-2", d.FULL, ids[0], b"one") + fin(request, b"arch-2", False))
        request, query, after = query_in(said)
        assert after == b"arch-2" and sent(said) == []
        said = talk.server(archived(query, b"arch-3", d.FULL, ids[2], b"three") + fin(request, b"arch-3"))
        assert sent(said) == []
        said = look_again(talk)
        assert [pair[1] for pair in sent(said)] == [b"two", b"four"] and sent(said)[0][0] == ids[1]
        words = [
            (states.NAMES[i.state], i.flags & records.MAY_ARRIVE_TWICE) for i in talk.client.store.history(d.PEER, 9)
        ]
        assert words == [("on server", 0), ("sent", 0), ("on server", 0), ("sent", 0)], reboot


def test_without_h_and_without_archive_the_messages_may_arrive_twice_and_say_so():
    talk, ids = with_three_sent()
    talk.authenticate()
    talk.server(FAILED % b"")
    request = query_in(talk.bind())[0]
    said = talk.server(b"<iq type='error' id='%s'><error type='cancel'/></iq>" % request)
    assert [pair[0] for pair in sent(said)] == ids
    assert [i.flags for i in talk.client.store.history(d.PEER, 9)] == [records.MAY_ARRIVE_TWICE] * 3


def test_a_line_lost_while_the_archive_is_asked_leaves_the_doubt():
    talk, ids = with_three_sent()
    talk.authenticate()
    talk.server(FAILED % b"")
    talk.bind()
    talk.down()
    talk.reboot()
    said = talk.resume(0)
    request, query, after = query_in(said)
    assert after == b"arch-1" and sent(said) == []
    talk.server(archived(query, b"arch-2", d.FULL, ids[0], b"one") + fin(request, b"arch-2"))
    assert [pair[0] for pair in sent(look_again(talk))] == ids[1:]


def test_a_resumed_stream_that_stays_deaf_is_given_up():
    talk, ids = with_three_sent()
    talk.authenticate()
    for half_ms in (6_000, 12_000):  # the first time it may well be the line, and then more is borne
        assert [pair[0] for pair in sent(talk.server(RESUMED % 4))] == ids[1:]
        talk.wait(half_ms)
        talk.wait(half_ms)
        talk.down()
        said = talk.authenticate()
    assert [fault.condition for fault in talk.values(events.FAULT)] == ["connection-timeout"] * 2
    assert talk.values(events.ONLINE) == []
    # What the server has of the rest only the archive can tell.
    assert b"<bind " in said
    request, query, _ = query_in(talk.bind())
    talk.server(archived(query, b"arch-2", d.FULL, ids[1], b"two") + fin(request, b"arch-2"))
    assert [pair[0] for pair in sent(look_again(talk))] == ids[2:]


def test_a_silent_server_is_probed_and_given_up_in_time_however_often_one_looks():
    talk = Dialogue()
    talk.up()
    said = b""
    while not talk.values(events.FAULT):
        said += talk.wait(100)
    assert said == b" " * 64 and 10_000 <= talk.now_ms <= 10_100
    assert talk.values(events.FAULT)[0].condition == "connection-timeout"


def test_a_server_that_acknowledges_too_much_is_not_believed():
    talk, ids = with_three_sent()
    talk.authenticate()
    talk.server(RESUMED % 7 + ACK % 7)
    assert talk.values(events.FAULT)[0].condition == "undefined-condition"
    assert talk.values(events.STATE) == []
    # Such a session is not tried again, and what was sent in it is in doubt: the archive is asked.
    talk.down()
    assert b"<bind " in talk.authenticate()
    request, query, _ = query_in(talk.bind())
    talk.server(archived(query, b"arch-2", d.FULL, ids[0], b"one") + fin(request, b"arch-2"))
    assert [pair[0] for pair in sent(look_again(talk))] == ids[1:]


def test_a_session_that_the_server_rejects_with_a_stream_error_is_not_asked_for_again():
    """As when a flash has lost the newest h, and says less than was acknowledged (XEP-0198 §4)."""
    error = b"<stream:error><%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"
    for condition, given_up in ((b"system-shutdown", False), (b"undefined-condition", True)):
        talk, ids = with_three_sent()
        talk.authenticate()
        talk.server(error % condition)
        talk.down()
        assert [fault.condition for fault in talk.values(events.FAULT)] == [str(condition, "ascii")]
        assert (b"<bind " in talk.authenticate()) == given_up, condition
        if given_up:
            request, query, _ = query_in(talk.bind())
            talk.server(archived(query, b"arch-2", d.FULL, ids[0], b"one") + fin(request, b"arch-2"))
            assert [pair[0] for pair in sent(look_again(talk))] == ids[1:]
            continue
        assert sent(talk.server(RESUMED % 4)) == [(ids[1], b"two"), (ids[2], b"three")]


def test_logging_out_ends_the_session_for_good():
    talk = Dialogue()
    talk.log_in()
    talk.client.log_out()
    assert talk.said().endswith(b"</stream:stream>")
    talk.down()
    assert b"<bind " in talk.authenticate()


def test_counts_and_clock_may_wrap():
    talk = Dialogue(now_ms=(1 << 30) - 3_000)
    talk.log_in()
    talk.client.send_message(d.PEER, "one")
    talk.said()
    talk.wait(5_001)
    assert talk.now_ms < 5_000 and talk.values(events.FAULT) == []
    talk.server(ACK % 4)
    assert talk.values(events.STATE)[-1] == (1, states.ON_SERVER)
    assert talk.client.deadline_ms() == (talk.now_ms + talk.line.idle_ms) & 0x3FFFFFFF
