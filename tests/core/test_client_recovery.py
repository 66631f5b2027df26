"""After a lost line, a lost session, a power cut: each message exactly once, under one id, in order."""

from nocarrier import events
from nocarrier.queue import records, states
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
RESUMED = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='%d'/>"
FAILED = b"<failed xmlns='urn:xmpp:sm:3'%s><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"


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


def sent(said):
    """(id, body) of the messages in what the client has said."""
    found = []
    for part in said.split(b"<message ")[1:]:
        if b"<body>" in part:
            found.append((part.split(b" id='")[1].split(b"'")[0], part.split(b"<body>")[1].split(b"</body>")[0]))
    return found


def archived(query_id, archive_id, sender, message_id, body):
    """An archive entry of the query."""
    return (
        b"<message from='%s' to='%s'><result xmlns='urn:xmpp:mam:2' queryid='%s' id='%s'>"
        b"<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2001-09-05T12:00:00Z'/>"
        b"<message xmlns='jabber:client' from='%s' type='chat' id='%s'><body>%s</body>"
        b"<origin-id xmlns='urn:xmpp:sid:0' id='%s'/></message></forwarded></result></message>"
    ) % (
        d.OWN.encode(), d.FULL.encode(), query_id, archive_id, sender.encode(), message_id, body, message_id,
    )  # fmt: skip


def fin(request_id, last=b"", complete=True):
    rsm = b"<set xmlns='http://jabber.org/protocol/rsm'>%s</set>" % (b"<last>%s</last>" % last if last else b"")
    return b"<iq type='result' id='%s'><fin xmlns='urn:xmpp:mam:2'%s>%s</fin></iq>" % (
        request_id, b" complete='true'" if complete else b"", rsm,
    )  # fmt: skip


def query_in(said):
    """(id of the request, query id, where it begins) of the archive query in what the client has said."""
    after = said.split(b"<after>")[1].split(b"</after>")[0] if b"<after>" in said else b""
    return d.Dialogue.id_of(said, b"mam:2"), said.split(b"queryid='")[1].split(b"'")[0], after


def test_a_resumption_sends_again_exactly_what_the_server_has_not():
    talk, ids = with_three_sent()
    assert talk.authenticate() == b"<resume xmlns='urn:xmpp:sm:3' h='2' previd='sm-1'/>"
    # Nothing is sent before the resumed stream has answered: Prosody may leave it deaf.
    assert talk.server(RESUMED % 4) == b"<r xmlns='urn:xmpp:sm:3'/>"
    assert sent(talk.server(ACK % 4)) == [(ids[1], b"two"), (ids[2], b"three")]
    assert talk.values(events.STATE)[0] == (1, states.ON_SERVER)
    talk.server(ACK % 6)
    assert talk.values(events.STATE)[-2:] == [(2, states.ON_SERVER), (3, states.ON_SERVER)]
    assert talk.values(events.ONLINE) == [True]


def test_a_resumption_after_a_power_cut_is_the_same():
    talk, ids = with_three_sent()
    talk.reboot()
    assert talk.authenticate() == b"<resume xmlns='urn:xmpp:sm:3' h='2' previd='sm-1'/>"
    talk.server(RESUMED % 5)
    assert sent(talk.server(ACK % 5)) == [(ids[2], b"three")]


def test_requests_under_way_are_repeated_after_a_resumption():
    talk = Dialogue()
    talk.authenticate()
    said = talk.bind()
    talk.down()
    assert talk.resume(0) == said  # roster and archive, with their ids, and the request for an acknowledgement


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
    said = talk.server(archived(query, b"arch-2", d.FULL, ids[0], b"one") + fin(request, b"arch-2"))
    assert [pair[0] for pair in sent(said)] == ids[1:]


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


STANZA_ID = b"<stanza-id xmlns='urn:xmpp:sid:0' by='anna@exchange.test' id='%s'/>"


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


def shown(talk):
    return [m.body for m in talk.values(events.MESSAGE)]


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
        assert talk.client.store.cursor == "arch-4"


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
    assert shown(talk) == ["m16", "m17", "m18", "m19"]
    talk.server(fin(request))
    assert sorted(shown(talk)) == sorted(["m%d" % i for i in range(20)])


def message(body, message_id, extra=b""):
    return b"<message from='bert@exchange.test/p' type='chat' id='%s'><body>%s</body>%s</message>" % (
        message_id, body, extra,
    )  # fmt: skip


def test_the_same_message_twice_is_one_message():
    origin = b"<origin-id xmlns='urn:xmpp:sid:0' id='%s'/>"
    archive = b"<stanza-id xmlns='urn:xmpp:sid:0' by='anna@exchange.test' id='%s'/>"
    for first, second, shown in (
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
            assert len(talk.values(events.MESSAGE)) == shown, (first, second, reboot)


def test_a_resumed_stream_that_stays_deaf_is_given_up():
    talk, ids = with_three_sent()
    talk.authenticate()
    talk.server(RESUMED % 4)
    talk.wait(6_000)
    talk.wait(6_000)
    assert talk.values(events.FAULT)[0].condition == "connection-timeout"
    talk.down()
    # The server has told its h: what is behind it was never there, and the session is not tried again.
    assert b"<bind " in talk.authenticate()
    assert [pair[0] for pair in sent(talk.bind())] == ids[1:]


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
    said = talk.server(archived(query, b"arch-2", d.FULL, ids[0], b"one") + fin(request, b"arch-2"))
    assert [pair[0] for pair in sent(said)] == ids[1:]


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
    assert talk.client.deadline_ms() is None
