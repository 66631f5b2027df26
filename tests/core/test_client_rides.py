"""Messages behind <resume/>: one line's length earlier, in the old session or in none, and never in two."""

from nocarrier import events
from nocarrier.errors import PeerError
from nocarrier.queue import states
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.storage import StorageError
from nocarrier.session.line import LineProfile
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import archived, fin, look_again, query_in, sent
from nocarrier_emulator.terse import AUTH, BARE, HEADER, RESUME, online

RESUMED = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='%d'/>"
FAILED = b"<failed xmlns='urn:xmpp:sm:3'%s><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"


def settled(**more):
    """Online, and all that was written is acknowledged; then the line has dropped. Returns (dialogue, its count)."""
    talk = online(**more)
    talk.wait(2_000)
    sent = talk.client.session.acks.sent
    talk.server(ACK % sent)
    assert talk.client.session.settled()
    talk.down()
    talk.events.clear()
    return talk, sent


def written(talk, body="hello"):
    """A message is written offline; then the login up to <resume/>. Returns what is said with that."""
    talk.client.send_message(d.PEER, body)
    assert b"<message" not in talk.up()
    return talk.server(HEADER + d.SUCCESS)


def moves(talk):
    """The states that messages went to."""
    return [states.NAMES[state] for _, state in talk.values(events.STATE)]


def test_a_message_follows_the_request_at_once_and_is_counted_where_it_was_written():
    talk, sent = settled()
    said = written(talk)
    assert said.startswith(BARE + RESUME % talk.client.store.h + b"<message ") and said.count(b"<message ") == 1
    said = talk.server(HEADER + RESUMED % sent)
    assert b"<message " not in said and said.endswith(b"<r xmlns='urn:xmpp:sm:3'/>")
    talk.server(ACK % (sent + 1))
    assert moves(talk) == ["queued", "sent", "on server"] and talk.client.session.acks.sent == sent + 1


def test_several_ride_in_their_order():
    talk, sent = settled()
    for number in range(3):
        talk.client.send_message(d.PEER, "number %d" % number)
    talk.up()
    said = talk.server(HEADER + d.SUCCESS) + talk.said()
    assert [said.find(b"number %d" % number) > 0 for number in range(3)] == [True] * 3
    assert said.find(b"number 0") < said.find(b"number 1") < said.find(b"number 2")
    assert b"<message" not in talk.server(HEADER + RESUMED % sent)
    talk.client.send_message(d.PEER, "one more")
    assert b"one more" in talk.said()
    talk.server(ACK % (sent + 4))
    assert moves(talk).count("on server") == 4


def test_what_a_failed_resumption_has_dropped_is_sent_again_once():
    for h in (b"", b" h='%d'"):
        talk, sent = settled()
        first = written(talk)
        said = talk.server(HEADER + FAILED % (h % sent if h else h))
        assert said.startswith(b"<iq type='set' id='bind'>") and b"<message " not in said
        said += talk.server(d.BOUND + d.ENABLED % 2)
        page = d.LAST_PAGE % (talk.id_of(said, b"mam:2"), b"")
        said += talk.server(d.ROSTER % talk.id_of(said, b"jabber:iq:roster") + page)
        assert said.count(b"<message ") == 1 and b" id='%s'" % talk.id_of(first, b"hello") in said, h
        assert moves(talk) == ["queued", "sent", "queued", "sent"]


def test_a_line_that_drops_behind_it_ends_the_session_and_the_archive_tells():
    """What the dead connection still carries could resume the session and deliver once more; it finds none any more."""
    for arrived in (False, True):
        for restart in (False, True):
            talk, _ = settled()
            name = talk.id_of(written(talk), b"hello")
            if not restart:
                talk.down()
            talk.reboot() if restart else None
            assert b"<message" not in talk.up()
            said = talk.server(HEADER + d.SUCCESS)
            assert b"<resume" not in said and b"<bind " in said
            said += talk.server(HEADER + d.BOUND + d.ENABLED % 2)
            request, query, after = query_in(said)
            assert after == b"arch-1" and sent(said) == []
            entry = archived(query, b"arch-2", d.FULL, name, b"hello") if arrived else b""
            said = talk.server(entry + fin(request, b"arch-2" if arrived else b""))
            said = said if arrived else look_again(talk)
            assert sent(said) == ([] if arrived else [(name, b"hello")]), (arrived, restart)
            talk.server(ACK % talk.client.session.acks.sent)
            assert [states.NAMES[i.state] for i in talk.client.store.history(d.PEER, 1)] == ["on server"]


def test_after_a_ride_the_session_is_resumed_as_any_other():
    for restart in (False, True):
        talk, sent = settled()
        written(talk)
        talk.server(HEADER + RESUMED % sent)
        if not restart:
            talk.down()
        talk.reboot() if restart else None
        talk.up()
        said = talk.server(HEADER + d.SUCCESS)
        assert said == BARE + RESUME % talk.client.store.h
        said = talk.server(HEADER + RESUMED % (sent + 1))
        talk.server(ACK % talk.client.session.acks.sent)
        # After a restart flash knows no more than that it may have gone: the archive is asked.
        assert b"<message " not in said and (restart or moves(talk)[-1] == "on server")


def test_a_session_that_is_given_up_stays_so_though_the_flash_refuses_or_makes_room():
    talk, _ = settled(queue=QueueLimits(512, 2))
    written(talk)
    for _ in range(30):  # the log is written over meanwhile
        talk.client.store.make_room()
        talk.client.store.save_handled(talk.client.store.h + 1)
    talk.reboot()
    talk.up()
    assert b"<resume" not in talk.server(HEADER + d.SUCCESS)
    talk, _ = settled()
    written(talk)
    talk.flash.read_only = True
    talk.down()
    talk.flash.read_only = False
    talk.up()
    assert b"<resume" not in talk.server(HEADER + d.SUCCESS)


def test_nothing_rides_ahead_of_what_the_flash_has_refused_to_count():
    """The session has forgotten what was written; the outbox has not."""
    talk = online()
    for body in ("one", "two"):
        talk.client.send_message(d.PEER, body)
    talk.said()
    count = talk.client.session.acks.sent
    talk.down()
    talk.up()
    talk.server(HEADER + d.SUCCESS)
    talk.flash.read_only = True
    talk.server(HEADER + RESUMED % (count - 1))
    assert isinstance(talk.values(events.FAULT)[-1], StorageError)
    talk.down()
    talk.flash.read_only = False
    said = written(talk, "three") + talk.server(HEADER + RESUMED % (count - 1))
    assert [body for _, body in sent(said)][:2] == [b"two", b"three"]


def test_a_flash_that_cannot_be_read_is_a_fault_and_no_more():
    talk, _ = settled()
    talk.client.send_message(d.PEER, "hello")
    read = talk.flash.read

    def broken(*where):
        raise StorageError("broken")

    talk.flash.read = broken
    talk.up()
    talk.server(HEADER + d.SUCCESS)
    assert isinstance(talk.values(events.FAULT)[-1], StorageError)
    talk.flash.read = read
    talk.down()
    assert talk.up() == BARE + AUTH


def test_nothing_rides_where_no_archive_is_known():
    talk, _ = settled()
    talk.client.store.floor = ""
    talk.client.store.cursor = ""
    assert b"<message " not in written(talk)


def test_nothing_rides_while_something_is_in_doubt():
    talk = online()
    talk.client.send_message(d.PEER, "not acknowledged")
    assert b"<message " in talk.said()
    talk.down()
    assert b"<message " not in written(talk)


def test_nothing_rides_after_a_restart():
    """How much was sent is not on flash, so no number can be foretold."""
    talk, _ = settled()
    talk.reboot()
    assert b"<message " not in written(talk)


def test_nothing_rides_where_somebody_may_listen():
    talk, _ = settled()
    talk.client.session.ladder._trusted = False
    talk.client.session._line = LineProfile(1_000_000, 100, 10_000)
    talk.client.send_message(d.PEER, "hello")
    talk.up()
    assert not talk.client.session.ladder.rides


def test_nothing_rides_at_a_server_that_is_not_known_for_it():
    talk = Dialogue()
    talk.log_in()
    talk.wait(2_000)
    talk.server(ACK % talk.client.session.acks.sent)
    talk.down()
    talk.client.send_message(d.PEER, "hello")
    assert b"<message " not in talk.authenticate()


def test_a_server_that_has_lost_count_is_not_believed():
    talk, sent = settled()
    written(talk)
    talk.server(HEADER + RESUMED % (sent - 1))
    assert isinstance(talk.values(events.FAULT)[-1], PeerError) and not talk.client.online()
    assert "on server" not in moves(talk)


def test_by_sasl2_it_goes_with_the_login_and_no_new_session_is_asked_for():
    for ends in ("resumed", "failed"):
        talk, sent = settled()
        offer = "inline_sm inline_bind inline_enable sm rides 2:PLAIN"
        talk.client.store.save_note("offer", offer)
        talk.client.send_message(d.PEER, "hello")
        said = talk.up()
        assert b"<resume " in said and b"<bind " not in said and b"</authenticate><message " in said
        features = (
            b"<stream:features><authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism><inline>"
            b"<sm xmlns='urn:xmpp:sm:3'/><bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline>"
            b"</bind></inline></authentication></stream:features>"
        )
        success = b"<success xmlns='urn:xmpp:sasl:2'>%s</success>"
        if ends == "resumed":
            said = talk.server(d.HEADER + features + success % (RESUMED % sent))
            assert b"<message " not in said
            talk.server(ACK % (sent + 1))
        else:
            said = talk.server(d.HEADER + features + success % (FAILED % b""))
            said += talk.server(d.BIND_OFFERED) + talk.server(d.BOUND + d.ENABLED % 2)
            page = d.LAST_PAGE % (talk.id_of(said, b"mam:2"), b"")
            said += talk.server(d.ROSTER % talk.id_of(said, b"jabber:iq:roster") + page)
            assert said.count(b"<message ") == 1
            talk.server(ACK % talk.client.session.acks.sent)
        assert moves(talk)[-1] == "on server", ends
