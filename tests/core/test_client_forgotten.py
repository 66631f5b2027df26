"""The server forgets the session and what it had acknowledged: who knows ids gets it again, others do not."""

from nocarrier import events
from nocarrier.queue import records, states
from nocarrier.queue.limits import QueueLimits
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import FAILED, archived, fin, query_in, sent

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
RECEIPT = b"<message from='%s/nocarrier' type='chat' id='r'><received xmlns='urn:xmpp:receipts' id='%s'/></message>"


def presence(resource, kind=b""):
    return b"<presence from='%s/%s'%s/>" % (d.PEER.encode(), resource, kind)


def with_two_acknowledged(*resources, expires_s=0):
    """A client whose two messages the server has acknowledged, and their ids. The contact was seen with these."""
    talk = Dialogue()
    talk.log_in("arch-1")
    for resource in resources:
        talk.server(presence(resource))
    talk.server(ACK % 3)
    for body in ("one", "two"):
        talk.client.send_message(d.PEER, body, expires_s=expires_s)
    ids = [one for one, _ in sent(talk.said())]
    talk.server(ACK % 5)
    assert talk.values(events.STATE)[-1] == (2, states.ON_SERVER)
    talk.down()
    talk.events = []
    return talk, ids


def forgotten(talk, of_failed=b""):
    """The next login; returns what is said when it is bound."""
    talk.authenticate()
    talk.server(FAILED % of_failed)
    return talk.bind()


def test_what_was_acknowledged_goes_again_under_its_id_to_a_contact_that_knows_ids():
    for reboot in (False, True):
        talk, ids = with_two_acknowledged(b"nocarrier.1")
        if reboot:
            talk.reboot()
        said = forgotten(talk)
        assert [seq for seq, state in talk.values(events.STATE)] == [1, 2]
        talk.client.send_message(d.PEER, "three")  # does not overtake
        request = query_in(said)[0]
        said += talk.server(fin(request, b"arch-1"))
        assert [body for _, body in sent(said)] == [b"one", b"two", b"three"], reboot
        assert [one for one, _ in sent(said)][:2] == ids
        assert [item.flags & records.MAY_ARRIVE_TWICE for item in talk.client.store.history(d.PEER, 9)] == [0, 0, 0]


def test_a_receipt_that_has_waited_in_the_archive_makes_it_needless():
    talk, ids = with_two_acknowledged(b"nocarrier")
    request, query, _ = query_in(forgotten(talk))
    receipt = b"<received xmlns='urn:xmpp:receipts' id='%s'/>" % ids[0]
    entry = archived(query, b"arch-2", d.PEER + "/nocarrier", b"r1", b"x").replace(b"<body>x</body>", receipt)
    assert receipt in entry
    said = talk.server(entry + fin(request, b"arch-2"))
    assert [body for _, body in sent(said)] == [b"two"]
    assert talk.client.store.history(d.PEER, 9)[0].state == states.DELIVERED


def test_a_power_cut_meanwhile_forgets_nothing():
    talk, ids = with_two_acknowledged(b"nocarrier")
    forgotten(talk)
    talk.reboot()
    said = talk.resume(3)
    assert [one for one, _ in sent(said)] == ids


def test_to_others_nothing_goes_again():
    for resources in ((), (b"phone",), (b"nocarrier", b"phone"), (b"phone", b"nocarrier")):
        talk, _ = with_two_acknowledged(*resources)
        said = forgotten(talk)
        said += talk.server(fin(query_in(said)[0], b"arch-1"))
        assert sent(said) == [] and talk.values(events.STATE) == [], resources


def test_nor_what_a_receipt_has_come_for_nor_what_was_only_wanted_in_time():
    talk, ids = with_two_acknowledged(b"nocarrier")
    talk.resume(5)
    talk.server(RECEIPT % (d.PEER.encode(), ids[0]))
    talk.down()
    talk.events = []
    forgotten(talk)
    assert [seq for seq, _ in talk.values(events.STATE)] == [2]

    talk, _ = with_two_acknowledged(b"nocarrier", expires_s=2_000_000_000)
    forgotten(talk)
    assert talk.values(events.STATE) == []


def test_a_server_that_tells_how_much_it_had_handled_is_believed():
    talk, _ = with_two_acknowledged(b"nocarrier")
    said = forgotten(talk, b" h='5'")
    said += talk.server(fin(query_in(said)[0], b"arch-1"))
    assert sent(said) == [] and talk.values(events.STATE) == []


def test_after_a_logout_nothing_goes_again():
    """Nor after a session that was given up: nobody has asked, so nobody has forgotten."""
    talk, _ = with_two_acknowledged(b"nocarrier")
    talk.resume(5)
    talk.client.log_out()
    talk.said()
    talk.down()
    talk.events = []
    said = talk.authenticate() + talk.bind()
    said += talk.server(fin(query_in(said)[0], b"arch-1"))
    assert sent(said) == [] and talk.values(events.STATE) == []


def test_a_line_that_drops_before_the_archive_was_asked_does_not_end_the_wait():
    talk, ids = with_two_acknowledged(b"nocarrier")
    talk.authenticate()
    talk.server(FAILED % b"")
    talk.down()
    talk.authenticate()
    talk.server(FAILED % b"")
    said = talk.bind()
    assert sent(said) == []
    assert [one for one, _ in sent(talk.server(fin(query_in(said)[0], b"arch-1")))] == ids


def test_what_was_too_large_to_be_read_gets_no_receipt_when_it_comes_again():
    talk = Dialogue(queue=QueueLimits(body_bytes=100))
    talk.log_in("arch-1")
    wants = b"<request xmlns='urn:xmpp:receipts'/>"
    large = b"<message from='%s/p' type='chat' id='m1'><body>%s</body>%s</message>" % (
        d.PEER.encode(),
        b"x" * 200,
        wants,
    )
    assert b"<received" not in talk.server(ACK % 3 + large + large)
    assert len(talk.values(events.MESSAGE)) == 1


def test_a_copy_again_and_again_does_not_fill_the_flash():
    talk = Dialogue(queue=QueueLimits(512, 4))
    talk.log_in("arch-1")
    for i in range(300):
        origin = b"<request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='m1'/>"
        in_archive = b"<stanza-id xmlns='urn:xmpp:sid:0' by='%s' id='a%d'/>" % (d.OWN.encode(), i)
        talk.server(
            b"<message from='%s/p' type='chat' id='m1'><body>hi</body>%s%s</message>"
            % (d.PEER.encode(), origin, in_archive)
            + ACK % talk.client.session.acks.sent
        )
    assert len(talk.flash.names()) <= 5 and len(talk.values(events.MESSAGE)) == 1


def test_what_is_in_doubt_is_not_asked_for_where_ids_are_known():
    talk, _ = with_two_acknowledged(b"nocarrier")
    talk.resume(5)
    talk.client.send_message(d.PEER, "three")
    assert [body for _, body in sent(talk.said())] == [b"three"]
    talk.down()
    request = query_in(forgotten(talk))[0]
    assert [body for _, body in sent(talk.server(fin(request, b"arch-1")))] == [b"one", b"two", b"three"]


def test_what_a_contact_was_seen_with_survives_its_new_name_and_a_power_cut():
    talk = Dialogue()
    talk.log_in("arch-1")
    talk.server(presence(b"nocarrier"))
    push = b"<iq type='set' id='p'><query xmlns='jabber:iq:roster' ver='9'>%s</query></iq>"
    talk.server(push % (b"<item jid='%s' name='Bertie' subscription='both'/>" % d.PEER.encode()))
    talk.reboot()
    contact = talk.client.roster.find(d.PEER)
    assert contact is not None and contact.name == "Bertie" and talk.client.roster.knows_ids(d.PEER)
    talk.resume(3)
    talk.server(presence(b"nocarrier", b" type='unavailable'"))
    assert talk.client.roster.knows_ids(d.PEER)


def test_a_copy_that_was_sent_again_gets_a_receipt_again_and_one_that_came_by_another_way_does_not():
    def message(archive_id):
        in_archive = b"<stanza-id xmlns='urn:xmpp:sid:0' by='%s' id='%s'/>" % (d.OWN.encode(), archive_id)
        wants = b"<request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='m1'/>"
        return b"<message from='%s/nocarrier' type='chat' id='m1'><body>hello</body>%s%s</message>" % (
            d.PEER.encode(), wants, in_archive,
        )  # fmt: skip

    received = b"<received xmlns='urn:xmpp:receipts' id='m1'/>"
    talk = Dialogue()
    talk.log_in("arch-1")
    assert talk.server(ACK % 3 + message(b"arch-2")).count(received) == 1
    assert talk.server(ACK % 4 + message(b"arch-2")).count(received) == 0
    assert talk.server(message(b"arch-3")).count(received) == 1
    assert len(talk.values(events.MESSAGE)) == 1
    talk.down()
    talk.reboot()
    assert talk.resume(4).count(received) == 0  # the roster is not known yet
    assert talk.client.store.inbox.next_owed([]).message_id == "m1"
