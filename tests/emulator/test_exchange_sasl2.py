"""SASL2 at the built-in exchange: its words to a client that says what the test wants, and handhelds that use it."""

import re

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.exchange.rawclient import HEADER, RawClient, plain
from nocarrier_emulator.trace.trace import Trace
from nocarrier_emulator.world import World

ANNA, BERT, NOBODY = plain("anna", "pw"), plain("bert", "pw"), plain("anna", "xx")
AGENT = b"<user-agent id='%s'/>"
BIND = b"<bind xmlns='urn:xmpp:bind:0'><tag>nc</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>"
RESUME = b"<resume xmlns='urn:xmpp:sm:3' previd='%s' h='%d'/>"


def authenticate(proof, *more):
    data = b"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>%s</initial-response>%s"
    return data % (proof, b"".join(more)) + b"</authenticate>"


class Client(RawClient):
    def says(self, *pieces, ms=0):
        return super().says(*pieces, ms=ms).decode()


@pytest.fixture
def exchange():
    exchange = Exchange(VirtualClock())
    exchange.sasl2 = True
    anna, bert = exchange.add("anna", "pw"), exchange.add("bert", "pw")
    exchange.befriend(anna, bert)
    return exchange


def test_it_is_offered_beside_the_classic_way_if_it_is_wanted(exchange):
    said = Client(exchange).says(HEADER)
    offered = re.search("<authentication xmlns=.urn:xmpp:sasl:2.>.*</authentication>", said).group(0)
    assert re.findall("<mechanism>([^<]+)", offered) == ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]
    assert '<inline><sm xmlns="urn:xmpp:sm:3"/><bind xmlns="urn:xmpp:bind:0"><inline>' in offered
    assert "<mechanisms xmlns=" in said
    exchange.sasl2 = False
    client = Client(exchange)
    assert "urn:xmpp:sasl:2" not in client.says(HEADER)
    assert "<not-authorized " in client.says(authenticate(ANNA))


def test_one_exchange_of_words_binds_and_enables(exchange):
    client = Client(exchange)
    said = client.says(HEADER, authenticate(ANNA, AGENT % b"device-1", BIND), b"<presence/>")
    jid = re.search("<authorization-identifier>(anna@exchange.test/nc~[0-9a-f]{8})</", said).group(1)
    assert re.search('<bound xmlns="urn:xmpp:bind:0"><enabled xmlns="urn:xmpp:sm:3" id="[^"]+" resume="true"/>', said)
    assert said.count("<stream:stream") == 1 and said.count("<stream:features>") == 2
    assert '<a xmlns="urn:xmpp:sm:3" h="1"/>' in client.says(b"<r xmlns='urn:xmpp:sm:3'/>")
    other = Client(exchange)
    again = other.says(HEADER, authenticate(ANNA, AGENT % b"device-1", BIND))
    assert jid in again
    assert "<conflict " in client.says(b"", ms=5_000) or not client.up  # the device has only one session
    assert jid not in Client(exchange).says(HEADER, authenticate(ANNA, AGENT % b"device-2", BIND))


def test_who_proves_nothing_may_try_again(exchange):
    client = Client(exchange)
    for wrong in (authenticate(NOBODY), authenticate(b"!"), b"<response xmlns='urn:xmpp:sasl:2'>AA==</response>"):
        said = client.says(HEADER if wrong == authenticate(NOBODY) else b"", wrong)
        assert '<failure xmlns="urn:xmpp:sasl:2"><not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>' in said
    assert "<authorization-identifier>anna@exchange.test</" in client.says(authenticate(ANNA))
    bound = client.says(b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
    assert "<jid>anna@exchange.test/" in bound


def test_a_session_is_resumed_along_with_the_login_and_what_it_had_not_got_follows(exchange):
    client = Client(exchange)
    said = client.says(HEADER, authenticate(ANNA, BIND), b"<presence/>")
    sm_id = re.search('<enabled [^>]*id="([^"]+)"', said).group(1).encode()
    client.closed()
    bert = Client(exchange)
    bert.says(HEADER, authenticate(BERT, BIND))
    bert.says(b"<message to='anna@exchange.test' type='chat' id='m1'><body>hello</body></message>")
    client = Client(exchange)
    said = client.says(HEADER, authenticate(ANNA, RESUME % (sm_id, 0), BIND))
    order = [said.rindex(words) for words in ("<resumed ", "</success>", "</stream:features>", "hello")]
    assert order == sorted(order) and "<bound " not in said and 'h="1"' in said
    # Another one's session is nobody's.
    for h in (b"<failed ", b"<bound "):
        assert h.decode() in Client(exchange).says(HEADER, authenticate(BERT, RESUME % (sm_id, 0), BIND))
    client.closed()
    wrong = Client(exchange)
    assert "<undefined-condition " in wrong.says(HEADER, authenticate(ANNA, RESUME % (sm_id, 77), BIND), ms=10_000)
    assert not wrong.up and not exchange.account("anna@exchange.test").sessions.keys() - {"nc"} - {
        session.resource for session in exchange.sessions.values()
    }


def world_with(sasl2):
    """Two handhelds and what is said on their lines."""
    clock = VirtualClock()
    world = World(clock, 3)
    for name in ("anna", "bert"):
        world.add(name)
    world.befriend_all()
    commands = Commands(world)
    trace = Trace(clock)
    trace.watch(world, commands)
    if sasl2:
        commands.run({"exchange": "sasl2", "on": True})
    for handheld in world.handhelds.values():
        handheld.power_on()
    return clock, world, trace


def online_after_s(clock, handheld):
    begin_ms = clock.now_ms()
    assert clock.run(300_000, lambda: handheld.client.online())
    return (clock.now_ms() - begin_ms) / 1000


def test_handhelds_are_online_sooner_with_it_and_lose_nothing():
    took_s = {}
    for sasl2 in (False, True):
        clock, world, trace = world_with(sasl2)
        anna, bert = world.handhelds.values()
        took_s[sasl2] = [online_after_s(clock, anna)]
        clock.run(60_000)
        for number in range(3):
            anna.modem.drop_carrier()
            anna.send(bert.account.jid, "message %d" % number)
            clock.run(1)
            took_s[sasl2].append(online_after_s(clock, anna))
            clock.run(60_000)
        got = [item.body for item in bert.client.store.history(anna.account.jid, 99)]
        assert got == ["message 0", "message 1", "message 2"]
        words = "\n".join(trace.lines)
        assert ("<authenticate xmlns='urn:xmpp:sasl:2'" in words) == sasl2
        assert ("<resumed " in words) and ("urn:xmpp:bind:0" in words) == sasl2
    # What is offered is longer, and pays off when it is known.
    assert took_s[True][0] < took_s[False][0] + 0.1, took_s
    assert all(with_it < without - 0.5 for with_it, without in zip(took_s[True][1:], took_s[False][1:], strict=True)), (
        took_s
    )
