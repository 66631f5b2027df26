"""Messages while the line stands: states, acknowledgements, receipts; what is on flash before it is promised."""

from nocarrier import events
from nocarrier.errors import UsageError
from nocarrier.limits import ClientLimits
from nocarrier.queue import records, states
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.storage import StorageError, StorageFull
from nocarrier.wire.limits import WireLimits
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.stores import raises

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
ASK = b"<r xmlns='urn:xmpp:sm:3'/>"


def online(**how):
    """A client that has said its three first stanzas (roster, archive, presence), all acknowledged."""
    talk = Dialogue(**how)
    talk.log_in()
    talk.server(ACK % 3)
    talk.events = []
    return talk


def message(body, message_id="m1", extra=b"", sender=d.PEER + "/phone"):
    return b"<message from='%s' to='%s' type='chat' id='%s'><body>%s</body>%s</message>" % (
        sender.encode(), d.FULL.encode(), message_id.encode(), body, extra,
    )  # fmt: skip


def id_in(said):
    """The message id in what the client has said."""
    return said.split(b"<message ")[1].split(b" id='")[1].split(b"'")[0]


def test_a_message_on_the_wire_and_its_states():
    talk = online()
    seq = talk.client.send_message(" Bert@Exchange.test ", "Grüße <&>")
    said = talk.said()
    message_id = id_in(said)
    assert said == (
        b"<message to='bert@exchange.test' type='chat' id='%s'><body>Gr\xc3\xbc\xc3\x9fe &lt;&amp;&gt;</body>"
        b"<request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='%s'/></message>"
        b"<r xmlns='urn:xmpp:sm:3'/>"
    ) % (message_id, message_id)
    assert talk.values(events.STATE) == [(seq, states.QUEUED), (seq, states.SENT)]
    talk.server(ACK % 4)
    receipt = (
        b"<message from='bert@exchange.test/phone' type='chat'><received xmlns='urn:xmpp:receipts' id='%s'/></message>"
    )
    talk.server(receipt % message_id)
    assert talk.values(events.STATE)[2:] == [(seq, states.ON_SERVER), (seq, states.DELIVERED)]
    talk.server(receipt % message_id)
    assert len(talk.values(events.STATE)) == 4


def test_one_request_for_an_acknowledgement_ends_a_burst():
    talk = online()
    for i in range(3):
        talk.client.send_message(d.PEER, "m%d" % i)
    said = talk.said()
    assert said.count(b"<message ") == 3 and said.count(ASK) == 1 and said.endswith(ASK)
    talk.client.send_message(d.PEER, "m3")
    assert ASK not in talk.said()  # one is open
    assert talk.server(ACK % 6) == ASK  # the last one is still not acknowledged


def test_no_more_than_the_window_is_on_its_way():
    talk = online(limits=ClientLimits(window=2))
    for i in range(5):
        talk.client.send_message(d.PEER, "m%d" % i)
    said = talk.said()
    assert said.count(b"<message ") == 2
    assert talk.server(ACK % 5).count(b"<message ") == 2
    assert talk.server(ACK % 7).count(b"<message ") == 1


def test_an_error_reply_fails_the_message_and_resending_is_the_users():
    talk = online()
    seq = talk.client.send_message(d.PEER, "hello")
    message_id = id_in(talk.said())
    error = (
        b"<message from='%s' type='error' id='%s'><error type='cancel'>"
        b"<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
    )
    talk.server(error % (b"eve@exchange.test", message_id))
    assert talk.values(events.STATE)[-1] == (seq, states.SENT)
    talk.server(error % (d.PEER.encode(), message_id))
    assert talk.values(events.STATE)[-1] == (seq, states.FAILED)
    item = talk.client.store.history(d.PEER, 1)[0]
    assert (item.state, item.reason) == (states.FAILED, "item-not-found")


def test_a_message_is_on_flash_before_it_is_acknowledged():
    talk = online()
    handled = talk.client.session.acks.handled
    talk.server(message(b"hello"))
    assert [m.body for m in talk.values(events.MESSAGE)] == ["hello"]
    # Even if the power goes now, before any <a/>: the next resumption says that we have it.
    talk.reboot()
    assert talk.client.store.h == handled + 1
    assert [i.body for i in talk.client.store.history(d.PEER, 5)] == ["hello"]


def test_an_acknowledgement_promises_only_what_is_on_flash():
    talk = online()
    handled = talk.client.session.acks.handled
    assert talk.server(b"<presence from='%s/x'/>" % d.PEER.encode() + ASK) == ACK % (handled + 1)
    talk.reboot()
    assert talk.client.store.h == handled + 1


def test_a_full_flash_stops_the_stream_before_anything_is_promised():
    flash = MemoryFlash()
    talk = online(flash=flash)
    handled = talk.client.session.acks.handled
    flash.capacity_bytes = 10
    assert talk.server(message(b"does not fit") + ASK) == b""
    assert isinstance(talk.values(events.FAULT)[0], StorageFull) and talk.values(events.MESSAGE) == []
    flash.capacity_bytes = 1 << 20
    talk.down()
    talk.authenticate()
    assert talk.client.store.h == handled
    talk.server(b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='3'/>" + ACK % 3 + message(b"does not fit"))
    assert [m.body for m in talk.values(events.MESSAGE)] == ["does not fit"]


def test_a_flash_that_refuses_makes_sending_fail_at_once():
    flash = MemoryFlash()
    talk = online(flash=flash)
    flash.read_only = True
    try:
        talk.client.send_message(d.PEER, "hello")
        assert False, "accepted"
    except StorageError:
        pass
    assert talk.said() == b"" and talk.client.store.history(d.PEER, 1) == []


def test_a_message_that_the_flash_took_but_did_not_make_safe_is_not_queued():
    """Its writer was told so, and will write it anew."""
    for up in (False, True):
        flash = MemoryFlash()
        talk = online(flash=flash) if up else Dialogue(flash=flash)
        talk.client.device_id()
        flush = flash.flush

        def broken(name):
            raise StorageError("broken")

        flash.flush = broken
        raises(StorageError, talk.client.send_message, d.PEER, "hello")
        flash.flush = flush
        assert b"hello" not in talk.said()
        assert [state for _, state in talk.values(events.STATE)] == [states.QUEUED, states.FAILED]
        talk.client.send_message(d.PEER, "hello, anew")
        if up:
            talk.down()
            talk.authenticate()
            said = talk.server(b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='3'/>")
        else:
            said = talk.log_in()
        assert b"hello, anew" in said and b"hello<" not in said


def test_texts_and_addresses_that_cannot_be_sent_are_refused_before_they_are_queued():
    talk = online(queue=QueueLimits(body_bytes=1000))
    for to, body in (
        ("", "x"), ("bert", "x"), ("bert@", "x"), ("@x", "x"), ("b rt@x", "x"), ("bert@x/y", "x"), ("b@x'", "x"),
        (d.PEER, ""), (d.PEER, "x" * 1001), (d.PEER, "\x00"), (d.PEER, "\ud800"), (d.PEER, "<" * 900),
    ):  # fmt: skip
        try:
            talk.client.send_message(to, body)
            assert False, (to, body)
        except UsageError:
            pass
    assert talk.said() == b"" and talk.values(events.STATE) == []


def test_a_message_that_was_queued_under_wider_limits_fails_and_holds_nothing_up():
    talk = Dialogue()
    talk.client.send_message(d.PEER, "<" * 400)
    talk.client.send_message(d.PEER, "fits")
    talk._limits = ClientLimits(WireLimits(stanza_bytes=1024, chunk_bytes=512))
    talk.reboot()
    talk.log_in()
    items = talk.client.store.history(d.PEER, 5)
    assert [item.state for item in items] == [states.FAILED, states.SENT]


def test_receipts_go_to_contacts_only_and_again_if_the_sender_seems_to_have_none():
    wants = b"<request xmlns='urn:xmpp:receipts'/>"
    talk = online()
    said = talk.server(message(b"hello", "m1", wants))
    received = b"<received xmlns='urn:xmpp:receipts' id='m1'/></message>"
    assert said.count(received) == 1 and b"to='bert@exchange.test/phone'" in said
    again = message(b"hello", "m1", wants)
    assert talk.server(ACK % 4 + again + again).count(received) == 1 and len(talk.values(events.MESSAGE)) == 1
    assert b"<received" not in talk.server(message(b"spam", "m2", wants, "eve@exchange.test/x"))
    talk.down()
    talk.reboot()
    assert b"<received" not in talk.resume(5)


def test_a_receipt_is_owed_until_the_server_has_it():
    talk = online()
    talk.server(message(b"hello", "m1", b"<request xmlns='urn:xmpp:receipts'/>"))
    talk.down()
    talk.reboot()
    said = talk.resume(3)  # the server has not got the fourth stanza, which was the receipt
    roster = d.Dialogue.id_of(said, b"jabber:iq:roster")
    assert b"<received" not in said  # who is a contact is not known yet
    assert b"<received xmlns='urn:xmpp:receipts' id='m1'/>" in talk.server(d.ROSTER % roster)


def test_a_message_over_the_limit_leaves_a_notice_and_counts():
    talk = online(queue=QueueLimits(body_bytes=1000))
    handled = talk.client.session.acks.handled
    assert talk.server(message(b"x" * 3000) + ASK) == ACK % (handled + 1)
    notice = talk.values(events.MESSAGE)[0]
    assert notice.flags & records.NOTICE and notice.sender == d.PEER + "/phone"
    assert notice.body == "too large (%d bytes)" % len(message(b"x" * 3000))
    talk.server(message(b"y" * 1500))
    assert talk.values(events.MESSAGE)[1].body == "too large (1500 bytes)"


def test_a_request_over_the_limit_is_refused():
    talk = online()
    said = talk.server(b"<iq from='bert@exchange.test/x' type='get' id='q'><x xmlns='u'>" + b"x" * 3000 + b"</x></iq>")
    assert b"type='error'" in said and b"<policy-violation " in said and b"id='q'" in said


def test_a_roster_over_the_limit_is_said_to_be_too_large():
    talk = Dialogue()
    said = talk.authenticate() + talk.bind()
    roster = d.Dialogue.id_of(said, b"jabber:iq:roster")
    big = (d.ROSTER % roster).replace(b"</query>", b"<item jid='c@x'/>" * 150 + b"</query>")
    talk.server(big)
    assert talk.client.roster.too_large_bytes == len(big) and events.ROSTER in talk.kinds()


def test_a_roster_that_is_known_is_not_sent_again():
    """RFC 6121 §2.6: an empty result means that nothing has changed since the version that was named."""
    talk = Dialogue()
    said = talk.authenticate() + talk.bind()
    roster = d.ROSTER % talk.id_of(said, b"jabber:iq:roster")
    talk.server(roster.replace(b"iq:roster'", b"iq:roster' ver='v1'"))
    push = b"<iq type='set' id='p'><query xmlns='jabber:iq:roster' ver='%s'><item jid='carla@x.test'/></query></iq>"
    for version, named in ((b"v2", b"v2"), (b"x" * 65, b"")):
        talk.server(push % version)
        talk.client.log_out()
        talk.down()
        said = talk.authenticate() + talk.bind()
        assert b"<query xmlns='jabber:iq:roster' ver='%s'/>" % named in said
        talk.server(b"<iq type='result' id='%s'/>" % talk.id_of(said, b"jabber:iq:roster"))
        contacts = sorted([contact.jid for contact in talk.client.roster.contacts()])
        assert contacts == [d.PEER, "carla@x.test"] and talk.client.roster.known
