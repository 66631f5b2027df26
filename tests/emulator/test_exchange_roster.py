"""The exchange's roster and its subscriptions: by the letter of RFC 6121, with a foreign client, and with ours."""

import asyncio
import re

import pytest
import slixmpp

from nocarrier import events
from nocarrier_emulator.clock import ScaledClock, VirtualClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.exchange.rawclient import RawClient
from nocarrier_emulator.world import World

ROSTER = b"<iq type='%s' id='r'><query xmlns='jabber:iq:roster'>%s</query></iq>"


@pytest.fixture
def exchange():
    """Anna and Bert have accounts, and have never heard of each other."""
    exchange = Exchange(VirtualClock())
    exchange.add("anna", "pw")
    exchange.add("bert", "pw")
    return exchange


def logged_in(exchange, user):
    """With the roster asked for, and available."""
    client = RawClient(exchange, user)
    client.says(ROSTER % (b"get", b""))
    client.says(b"<presence/>")
    return client


def presence(client, kind, to):
    return client.says(b"<presence type='%s' to='%s@exchange.test'/>" % (kind, to))


def taken(client):
    """What has come since somebody looked, the pushed items apart: [(jid, subscription, ask)], the rest."""
    out = client.taken()
    items = re.findall(
        rb'<item jid="(\w+)@exchange.test" subscription="(\w+)"(?: name="\w+")?( ask="subscribe")?/>', out
    )
    return [(jid.decode(), subscription.decode(), bool(ask)) for jid, subscription, ask in items], out


def test_a_request_is_granted(exchange):
    anna, bert = logged_in(exchange, "anna"), logged_in(exchange, "bert")
    bert.says(b"<presence><status>here</status></presence>")
    presence(anna, b"subscribe", b"bert")
    assert taken(anna)[0] == [("bert", "none", True)]
    pushed, out = taken(bert)
    assert not pushed and b'type="subscribe" to="bert@exchange.test" from="anna@exchange.test"' in out
    presence(bert, b"subscribed", b"anna")
    assert taken(bert)[0] == [("anna", "from", False)]
    pushed, out = taken(anna)
    assert pushed == [("bert", "to", False)] and b'type="subscribed"' in out
    assert b"<status>here</status>" in out  # what was waited for
    bert.says(b"<presence><show>away</show></presence>")
    assert b"<show>away</show>" in taken(anna)[1]
    anna.says(b"<presence><show>dnd</show></presence>")
    assert b"<show>" not in taken(bert)[1]  # one way only
    presence(bert, b"subscribe", b"anna")
    presence(anna, b"subscribed", b"bert")
    assert taken(anna)[0] == [("bert", "both", False)]
    pushed, out = taken(bert)
    assert pushed[-1] == ("anna", "both", False) and b"<show>dnd</show>" in out


def test_who_asks_is_remembered_until_there_is_an_answer(exchange):
    anna = logged_in(exchange, "anna")
    presence(anna, b"subscribe", b"bert")
    presence(anna, b"subscribe", b"bert")
    for _ in range(2):
        bert = RawClient(exchange, "bert")
        assert b"<item " not in bert.says(ROSTER % (b"get", b""))  # who only asks is no contact
        assert bert.says(b"<presence/>").count(b'type="subscribe"') == 1
    presence(bert, b"unsubscribed", b"anna")
    pushed, out = taken(anna)
    assert pushed[-1] == ("bert", "none", False) and b'type="unsubscribed"' in out
    assert b"unavailable" not in out  # who is refused learns nothing more
    assert b"subscribe" not in RawClient(exchange, "bert").says(b"<presence/>")


def test_who_is_seen_already_need_not_be_asked(exchange):
    anna, bert = logged_in(exchange, "anna"), logged_in(exchange, "bert")
    presence(anna, b"subscribe", b"bert")
    presence(bert, b"subscribed", b"anna")
    presence(anna, b"unsubscribe", b"bert")
    pushed, out = taken(bert)
    assert pushed[-1] == ("anna", "none", False) and b'type="unsubscribe"' in out
    assert b'type="unavailable"' in taken(anna)[1]
    presence(bert, b"subscribed", b"anna")  # nobody has asked
    assert taken(bert) == ([], b"") and taken(anna) == ([], b"")


def test_what_was_granted_is_taken_back(exchange):
    anna, bert = logged_in(exchange, "anna"), logged_in(exchange, "bert")
    presence(anna, b"subscribe", b"bert")
    presence(bert, b"subscribed", b"anna")
    taken(anna)
    presence(bert, b"unsubscribed", b"anna")
    pushed, out = taken(anna)
    assert pushed == [("bert", "none", False)]
    assert out.index(b'type="unavailable"') < out.index(b'type="unsubscribed"')
    bert.says(b"<presence><show>away</show></presence>")
    assert taken(anna) == ([], b"")


def test_nobody_says_no(exchange):
    anna = logged_in(exchange, "anna")
    presence(anna, b"subscribe", b"nobody")
    pushed, out = taken(anna)
    assert pushed == [("nobody", "none", True), ("nobody", "none", False)] and b'type="unsubscribed"' in out
    for kind in (b"subscribe", b"subscribed", b"unsubscribe", b"unsubscribed"):
        assert presence(anna, kind, b"anna") == b""  # to oneself


def test_a_contact_is_named_and_removed(exchange):
    anna, bert = logged_in(exchange, "anna"), logged_in(exchange, "bert")
    for client, word in ((anna, b"subscribe"), (bert, b"subscribed"), (bert, b"subscribe"), (anna, b"subscribed")):
        presence(client, word, b"bert" if client is anna else b"anna")
    other = RawClient(exchange, "anna", resource="other")
    other.says(ROSTER % (b"get", b""))
    out = other.says(ROSTER % (b"set", b"<item jid='bert@exchange.test' name='Bertie'/>"))
    assert b'type="result"' in out and b'subscription="both" name="Bertie"' in out
    taken(bert)
    out = other.says(ROSTER % (b"set", b"<item jid='bert@exchange.test' subscription='remove'/>"))
    assert out.rindex(b'subscription="remove"') < out.index(b'type="result"')
    pushed, out = taken(bert)
    assert pushed[-1] == ("anna", "none", False) and b'type="unsubscribe"' in out and b'type="unsubscribed"' in out
    assert b"bert" not in RawClient(exchange, "anna", resource="third").says(ROSTER % (b"get", b""))


def test_changes_that_are_none(exchange):
    anna = logged_in(exchange, "anna")
    one = b"<item jid='bert@exchange.test'/>"
    for items, condition in (
        (b"", b"<bad-request "),
        (one + one, b"<bad-request "),
        (b"<item name='x'/>", b"<bad-request "),
        (b"<item jid='bert@exchange.test' subscription='remove'/>", b"<item-not-found "),
    ):
        assert condition in anna.says(ROSTER % (b"set", items)), items
    assert b"<item " not in anna.says(ROSTER % (b"get", b""))


def test_who_has_not_asked_for_the_roster_gets_no_pushes(exchange):
    anna = RawClient(exchange, "anna")
    anna.says(b"<presence/>")
    assert presence(anna, b"subscribe", b"bert") == b""


def test_a_foreign_client_adds_ours():
    """slixmpp asks, and answers by itself; our handheld grants, and asks in turn."""

    async def main():
        clock = ScaledClock()
        world = World(clock, 1)
        anna = world.add("anna")
        world.exchange.add("bert", "secret")
        anna.power_on()

        async def serve(reader, writer):
            receive, closed = world.exchange.connect(writer.write, writer.close)
            while data := await reader.read(512):
                receive(data)
            closed()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        clock.set_speed(16)
        asked, seen, granted = asyncio.Event(), asyncio.Event(), asyncio.Event()

        def on_event(kind, value):
            if kind == events.SUBSCRIPTION:
                asked.set()
            if kind == events.PRESENCE and value.jid == "bert@exchange.test" and value.show == "online":
                granted.set()

        anna.on_event = on_event
        bert = slixmpp.ClientXMPP(
            "bert@exchange.test/s", "secret", plugin_config={"feature_mechanisms": {"unencrypted_scram": True}}
        )
        bert.enable_direct_tls = bert.enable_starttls = False
        bert.enable_plaintext = True
        started = asyncio.Event()
        bert.add_event_handler("session_start", lambda event: started.set())
        bert.add_event_handler("changed_status", lambda p: seen.set() if p["from"].bare == anna.account.jid else None)
        bert.connect("127.0.0.1", server.sockets[0].getsockname()[1])
        await asyncio.wait_for(started.wait(), 20)
        bert.send_presence()
        await bert.get_roster()
        bert.send_presence_subscription(anna.account.jid)
        await asyncio.wait_for(asked.wait(), 20)
        anna.client.accept("bert@exchange.test")
        anna.client.subscribe("bert@exchange.test")
        anna.wake()
        await asyncio.wait_for(seen.wait(), 20)
        await asyncio.wait_for(granted.wait(), 20)
        for _ in range(200):
            if [contact.subscription for contact in anna.client.roster.contacts()] == ["both"]:
                break
            await asyncio.sleep(0.05)
        assert [(c.jid, c.subscription) for c in anna.client.roster.contacts()] == [("bert@exchange.test", "both")]
        assert bert.client_roster[anna.account.jid]["subscription"] == "both"
        await bert.disconnect()
        anna.power_off()
        server.close()

    asyncio.run(main())


def test_two_of_ours_become_acquainted():
    """And what was granted stands after the line has been down."""
    clock = VirtualClock()
    world = World(clock, 1)
    anna, bert = world.add("anna"), world.add("bert")
    asked = []
    bert.on_event = lambda kind, value: asked.append(value) if kind == events.SUBSCRIPTION else None
    anna.power_on()
    clock.run(60_000)
    anna.client.subscribe(bert.account.jid)
    anna.wake()
    clock.run(60_000)
    bert.power_on()
    clock.run(60_000)
    assert asked == [anna.account.jid]
    bert.client.accept(anna.account.jid)
    bert.wake()
    clock.run(60_000)
    (contact,) = anna.client.roster.contacts()
    assert (contact.jid, contact.subscription, contact.show) == (bert.account.jid, "to", "online")
    bert.power_off()
    clock.run(world.exchange.resume_ms + 60_000)
    assert contact.show == "offline"
