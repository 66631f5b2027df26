"""The archive: what arrived while away, in pages, in order, each message once, whatever way it came."""

from nocarrier import events
from nocarrier.queue import states
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import FAILED, ORIGIN_ID, STANZA_ID, archived, fin, message, query_in, shown


def walking():
    """A client whose archive walk after arch-1 is under way; returns it, its request's id and its query's."""
    talk = Dialogue()
    talk.log_in("arch-1")
    talk.down()
    talk.authenticate()
    talk.server(FAILED % b" h='3'")
    request, query, after = query_in(talk.bind())
    assert after == b"arch-1"
    return talk, request, query


def test_what_is_delivered_during_the_walk_comes_in_its_place():
    for reboot in (False, True):
        talk, request, query = walking()
        live = message(b"three", b"m3", STANZA_ID % b"arch-3")
        assert b"h='1'" in talk.server(live + b"<r xmlns='urn:xmpp:sm:3'/>") and shown(talk) == []
        if reboot:
            # It was acknowledged, so it is on flash; the walk begins anew.
            talk.down()
            talk.reboot()
            assert talk.client.store.h == 1
            request, query, _ = query_in(talk.resume(4))
        talk.server(live)  # and once more, as after a resumption
        talk.server(archived(query, b"arch-2", d.PEER + "/p", b"m2", b"two"))
        talk.server(archived(query, b"arch-3", d.PEER + "/p", b"m3", b"three") + fin(request, b"arch-3"))
        talk.server(message(b"four", b"m4", STANZA_ID % b"arch-4"))
        assert shown(talk) == ["two", "three", "four"], reboot
        assert [i.body for i in talk.client.store.history(d.PEER, 9)] == ["two", "three", "four"]
        # A stream that was resumed may still bring what is older.
        assert talk.client.store.cursor == ("arch-3" if reboot else "arch-4")


def test_what_the_archive_took_late_is_not_overtaken_by_all_that_came_later():
    """The archive had the fourth before the third, and the walk went past it; then the session was lost."""
    talk = Dialogue()
    talk.log_in("arch-1")
    talk.client.send_message(d.PEER, "in doubt")
    talk.said()
    talk.down()
    talk.authenticate()
    talk.server(FAILED % b"")
    request, query, after = query_in(talk.bind())
    assert after == b"arch-1"
    talk.server(message(b"three", b"m3", STANZA_ID % b"arch-3"))
    talk.server(archived(query, b"arch-2", d.PEER + "/p", b"m2", b"two"))
    talk.server(archived(query, b"arch-4", d.PEER + "/p", b"m4", b"four") + fin(request, b"arch-4", False))
    assert shown(talk) == ["two", "four"]
    for reboot in (False, True):
        talk.down()
        if reboot:
            talk.reboot()
        talk.authenticate()
        talk.server(FAILED % b"")
        request, query, after = query_in(talk.bind())
        assert after == b"arch-1"  # where the message in doubt was written
        for number, body in ((2, b"two"), (3, b"three"), (4, b"four"), (5, b"five")):
            talk.server(archived(query, b"arch-%d" % number, d.PEER + "/p", b"m%d" % number, body))
        assert shown(talk) == ["two", "four", "three", "five"] and talk.client.store.cursor == "arch-5"
        assert talk.client.store.inbox.next_aside() is None


def test_what_the_walk_does_not_bring_is_shown_at_its_end():
    for end in (lambda request: fin(request), lambda request: b"<iq type='error' id='%s'/>" % request):
        talk, request, query = walking()
        talk.server(message(b"two", b"m2", STANZA_ID % b"arch-2") + message(b"three", b"m3", STANZA_ID % b"arch-3"))
        assert shown(talk) == []
        talk.server(end(request))
        assert shown(talk) == ["two", "three"] and talk.client.store.inbox.next_aside() is None


def test_what_the_archive_does_not_have_is_shown_at_once():
    talk, _, _ = walking()
    talk.server(message(b"not archived", b"m2"))
    assert shown(talk) == ["not archived"]


def test_no_more_is_put_aside_than_there_is_room_for():
    talk, request, query = walking()
    for i in range(20):
        talk.server(message(b"m%d" % i, b"m%d" % i, STANZA_ID % (b"arch-%d" % (i + 2))))
    assert shown(talk) == ["m%d" % i for i in range(16)]
    talk.server(fin(request))
    assert shown(talk) == ["m%d" % i for i in range(20)]


def test_what_was_put_aside_for_a_walk_that_never_came_back_is_shown():
    talk = Dialogue()
    talk.authenticate()
    request, _, _ = query_in(talk.bind())
    talk.server(b"<iq type='error' id='%s'><error type='wait'/></iq>" % request)  # the archive's end stays unknown
    talk.client.send_message(d.PEER, "in doubt")
    assert b"in doubt" in talk.said()
    talk.down()
    talk.authenticate()
    talk.server(FAILED % b"")
    talk.bind()  # a walk from the archive's beginning
    talk.server(message(b"one", b"m1", STANZA_ID % b"arch-1"))
    assert shown(talk) == []
    talk.client.store.outbox.settle(states.QUEUED, True)
    talk.down()
    talk.reboot()
    request, _, _ = query_in(talk.resume(0))  # now there is no doubt; it goes back from the end, and gets no answer
    talk.server(b"<iq type='error' id='%s'><error type='wait'/></iq>" % request)
    assert shown(talk) == ["one"]
    talk.server(message(b"two", b"m2", STANZA_ID % b"arch-2"))
    assert shown(talk) == ["one", "two"]


def test_what_arrived_while_away_is_read_from_the_archive_in_pages_and_once():
    talk = Dialogue()
    talk.log_in("arch-1")
    talk.server(b"<message from='bert@exchange.test/p' type='chat' id='m2'><body>two</body>"
                b"<origin-id xmlns='urn:xmpp:sid:0' id='m2'/>"
                b"<stanza-id xmlns='urn:xmpp:sid:0' by='anna@exchange.test' id='arch-2'/></message>")  # fmt: skip
    talk.down()
    talk.authenticate()
    talk.server(FAILED % b" h='3'")
    request, query, after = query_in(talk.bind())
    assert after == b"arch-2"
    said = talk.server(archived(query, b"arch-3", d.PEER + "/p", b"m3", b"three") + fin(request, b"arch-3", False))
    request, query, after = query_in(said)
    assert after == b"arch-3"
    # The power goes in the middle of the second page: what was shown is not shown again.
    talk.server(archived(query, b"arch-4", d.PEER + "/p", b"m4", b"four"))
    talk.down()
    talk.reboot()
    talk.authenticate()
    talk.server(FAILED % b" h='9'")
    request, query, after = query_in(talk.bind())
    assert after == b"arch-4"
    entries = archived(query, b"arch-5", d.PEER + "/p", b"m5", b"five") + fin(request, b"arch-5")
    talk.server(entries)
    assert [m.body for m in talk.values(events.MESSAGE)] == ["two", "three", "four", "five"]
    assert [i.utc_s for i in talk.client.store.history(d.PEER, 2)] == [999691200, 999691200]


def test_the_same_message_twice_is_one_message():
    origin, archive = ORIGIN_ID, STANZA_ID
    for first, second, count in (
        (message(b"a", b"1", origin % b"o1"), message(b"a", b"1", origin % b"o1"), 1),
        # A resend through another session: another stanza-id, the same origin-id.
        (message(b"a", b"1", origin % b"o1" + archive % b"x"), message(b"a", b"1", origin % b"o1" + archive % b"y"), 1),
        (message(b"a", b"1", archive % b"x"), message(b"a", b"2", archive % b"x"), 1),
        # Old clients and gateways use ids again: only together with type and text do they mean the same message.
        (message(b"a", b"1"), message(b"a", b"1"), 1),
        (message(b"a", b"1"), message(b"b", b"1"), 2),
        (message(b"a", b"1"), message(b"a", b"2"), 2),
        # Somebody else's stanza-id says nothing.
        (
            message(b"a", b"1", archive.replace(b"anna", b"eve") % b"x"),
            message(b"b", b"2", archive.replace(b"anna", b"eve") % b"x"),
            2,
        ),
    ):
        for reboot in (False, True):
            talk = Dialogue()
            talk.log_in()
            talk.server(first)
            if reboot:
                talk.down()
                talk.reboot()
                talk.resume(3)
            talk.server(second)
            assert len(talk.values(events.MESSAGE)) == count, (first, second, reboot)


def test_what_was_put_aside_is_not_held_in_memory_all_at_once():
    talk, request, query = walking()
    for i in range(8):
        talk.server(message(b"text %d" % i, b"m%d" % i, STANZA_ID % (b"arch-%d" % (i + 3))))
    assert shown(talk) == []
    talk.client.receive(fin(request), talk.now_ms)  # the archive does not bring them
    waiting = [value for kind, value in talk.client._events if kind == events.MESSAGE]
    assert len(waiting) == 8 and all([isinstance(value, int) for value in waiting])
    talk.said()
    assert shown(talk) == ["text %d" % i for i in range(8)]
