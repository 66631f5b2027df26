"""The built-in exchange: as a server that a foreign client can log in to, and its stores in virtual time."""

import asyncio

import pytest
import slixmpp

from nocarrier_emulator.clock import ScaledClock, VirtualClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.exchange.rawclient import HEADER, RawClient, plain
from nocarrier_emulator.world import World

PLAIN = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>"


@pytest.fixture
def exchange():
    exchange = Exchange(VirtualClock())
    anna, bert = exchange.add("anna", "pw"), exchange.add("bert", "pw")
    exchange.befriend(anna, bert, "Anna", "Bert")
    return exchange


def test_stream_errors(exchange):
    for words, condition in (
        (HEADER.replace(b"exchange.test", b"other.test"), b"<host-unknown "),
        (b"<html>", b"<invalid-namespace "),
        (HEADER + b"<message/>", b"<not-authorized "),
        (HEADER + b"<a></b>", b"<not-well-formed "),
        (HEADER + b"<a>\xff</a>", b"<not-well-formed "),
        (HEADER + b"<!-- -->", b"<restricted-xml "),
        (b"<?xml version='1.0' encoding='x'?>" + HEADER, b"<unsupported-encoding "),
        (HEADER + b"<?p i?>", b"<restricted-xml "),
        (HEADER + b" text", b"<bad-format "),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + HEADER, b"<restricted-xml "),
    ):
        client = RawClient(exchange)
        out = client.says(words)
        assert condition in out and out.endswith(b"</stream:stream>"), words
        client.says(ms=5_000)
        assert not client.up


def test_every_byte_counts_when_it_comes(exchange):
    """Whatever expat does with tags in pieces: it is given none (Debian 12's puts them off and has no switch)."""
    client = RawClient(exchange)
    answer = b""
    words = HEADER.replace(b"to=", b"x='a > b' y=\"it's <\" to=".replace(b"<", b"&lt;"))
    for i in range(len(words)):
        answer = client.says(words[i : i + 1])
        assert bool(answer) == (i == len(words) - 1), i
    assert b"<mechanisms " in answer
    auth = PLAIN % plain("anna", "pw")
    for i in range(len(auth)):
        assert client.says(auth[i : i + 1]).startswith(b"<success ") == (i == len(auth) - 1), i
    client.says(HEADER)
    assert b"<policy-violation " in client.says(b"<iq a='" + b"x" * 70_000)


def test_quotes_in_cdata_hold_nothing_up(exchange):
    anna = RawClient(exchange, "anna")
    anna.says(b"<message to='bert@exchange.test' type='chat'><body><![CDATA[a > b <' c]]></body></message>")
    assert b"a &gt; b &lt;' c" in RawClient(exchange, "bert").says(b"<presence/>")


def test_wrong_passwords_are_refused(exchange):
    for wrong in (b"AGFubmEAeA==", b"AG5vYm9keQBwdw==", b"!!!!", b"", b"AAAA"):
        assert b"<failure " in RawClient(exchange).says(HEADER + PLAIN % wrong), wrong


def test_a_message_waits_for_somebody_who_is_away_and_is_archived(exchange):
    anna = RawClient(exchange, "anna")
    anna.says(b"<message to='bert@exchange.test' type='chat' id='m1'><body>hi</body></message>")
    bert = RawClient(exchange, "bert")
    out = bert.says(b"<presence/>")
    assert b"<body>hi</body>" in out and b"<stanza-id " in out and b"<delay " in out
    query = b"<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2' queryid='x'>%s</query></iq>"
    for client in (anna, bert):
        out = client.says(query % b"")
        assert out.count(b"<result ") == 1 and b"complete=" in out
    assert b"<presence/>" not in RawClient(exchange, "bert", resource="other").says(b"<presence/>")


def test_the_archive_in_pages(exchange):
    anna = RawClient(exchange, "anna")
    for i in range(7):
        anna.says(b"<message to='bert@exchange.test' type='chat'><body>m%d</body></message>" % i)
    rsm = b"<set xmlns='http://jabber.org/protocol/rsm'><max>3</max>%s</set>"
    query = b"<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'>" + rsm + b"</query></iq>"
    after, bodies = b"", []
    for _ in range(3):
        out = anna.says(query % after)
        bodies += [part.split(b"<")[0] for part in out.split(b"<body>")[1:]]
        after = b"<after>%s</after>" % out.split(b"<last>")[1].split(b"<")[0]
    assert bodies == [b"m%d" % i for i in range(7)] and b"complete=" in out
    last = anna.says(query % b"<before/>")
    assert b"<body>m6</body>" in last
    first = last.split(b"<first>")[1].split(b"<")[0]
    before = anna.says(query % b"<before>%s</before>" % first)
    assert b"<body>m3</body>" in before and b"<body>m4</body>" not in before
    assert b"<item-not-found " in anna.says(query % b"<after>nonsense</after>")


def test_messages_to_nobody_bounce(exchange):
    anna = RawClient(exchange, "anna")
    out = anna.says(b"<message to='nobody@exchange.test' id='m'><body>x</body></message>")
    assert b'type="error"' in out and b"<service-unavailable " in out and b'id="m"' in out


def enable(client):
    out = client.says(b"<enable xmlns='urn:xmpp:sm:3' resume='true'/>")
    return out.split(b'id="')[1].split(b'"')[0]


def test_a_session_is_resumed_with_its_counts_and_what_was_not_acknowledged(exchange):
    anna, bert = RawClient(exchange, "anna"), RawClient(exchange, "bert")
    sm_id = enable(bert)
    bert.says(b"<presence/>")
    anna.says(b"<message to='bert@exchange.test' type='chat'><body>one</body></message>")
    bert.closed()
    anna.says(b"<message to='bert@exchange.test' type='chat'><body>two</body></message>")
    again = RawClient(exchange)
    again.authenticate("bert")
    out = again.says(HEADER + b"<resume xmlns='urn:xmpp:sm:3' previd='%s' h='1'/>" % sm_id)
    assert b'<resumed xmlns="urn:xmpp:sm:3"' in out and b'h="1"' in out
    assert out.count(b"<body>") == 1 and b"two" in out  # h='1' was the presence's answer or the first message
    assert b'<a xmlns="urn:xmpp:sm:3" h="1"/>' in again.says(b"<r xmlns='urn:xmpp:sm:3'/>")


def test_a_session_that_was_not_resumed_in_time_tells_its_h_or_does_not(exchange):
    for tells in (True, False):
        exchange.tells_h = tells
        bert = RawClient(exchange, "bert")
        sm_id = enable(bert)
        bert.says(b"<presence/><presence/>")
        bert.closed()
        exchange.clock.run(exchange.resume_ms + 1)
        again = RawClient(exchange)
        again.authenticate("bert")
        out = again.says(HEADER + b"<resume xmlns='urn:xmpp:sm:3' previd='%s' h='0'/>" % sm_id)
        assert b"<failed " in out and (b'h="2"' in out) == tells


def test_too_high_an_h_ends_the_stream(exchange):
    for h in (b"99", b"-1", b"x", b"99999999999", b""):
        bert = RawClient(exchange, "bert")
        sm_id = enable(bert)
        assert b"<undefined-condition " in bert.says(b"<a xmlns='urn:xmpp:sm:3' h='%s'/>" % h), h
        again = RawClient(exchange)
        again.authenticate("bert")
        resume = b"<resume xmlns='urn:xmpp:sm:3' previd='%s' h='%s'/>" % (sm_id, h)
        assert b"<undefined-condition " in again.says(HEADER + resume), h


def test_one_resource_one_session(exchange):
    first = RawClient(exchange, "bert")
    RawClient(exchange, "bert")
    assert b"<conflict " in bytes(first.out)


def test_a_restart_ends_all_streams(exchange):
    bert = RawClient(exchange, "bert")
    exchange.restart()
    assert b"<system-shutdown " in bytes(bert.out)


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1"])
def test_a_foreign_client_logs_in_and_talks(mechanism):
    """slixmpp shares no line with us: its SCRAM, its parser, its idea of a roster."""

    async def main():
        exchange = Exchange(ScaledClock())
        exchange.mechanisms = (mechanism,)
        anna, bert = exchange.add("anna", "secret"), exchange.add("bert", "secret")
        exchange.befriend(anna, bert, "Anna", "Bert")

        async def serve(reader, writer):
            receive, closed = exchange.connect(writer.write, writer.close)
            while data := await reader.read(512):
                receive(data)
            closed()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        clients, got = [], asyncio.Queue()
        for name in ("anna", "bert"):
            client = slixmpp.ClientXMPP(
                name + "@exchange.test/s",
                "secret",
                plugin_config={"feature_mechanisms": {"unencrypted_scram": True}},
            )
            client.enable_direct_tls = client.enable_starttls = False
            client.enable_plaintext = True
            client.register_plugin("xep_0198")
            started = asyncio.Event()
            client.add_event_handler("session_start", lambda event, started=started: started.set())
            client.add_event_handler("message", lambda message: got.put_nowait(message["body"]))
            client.connect("127.0.0.1", port)
            await asyncio.wait_for(started.wait(), 20)
            client.send_presence()
            roster = await client.get_roster()
            assert [item["name"] for item in roster["roster"]["items"].values()] == [
                "Bert" if name == "anna" else "Anna"
            ]
            clients.append(client)
        clients[0].send_message("bert@exchange.test", "Grüße <&>", mtype="chat")
        assert await asyncio.wait_for(got.get(), 20) == "Grüße <&>"
        for client in clients:
            await client.disconnect()
        server.close()

    asyncio.run(main())


class TestFaults:
    """Each is a switch; whatever it does, a message is neither lost nor doubled."""

    def played(self, faults):
        """Anna writes four messages while the exchange has faults: (at seconds, command)."""
        clock = VirtualClock()
        world = World(clock, 1)
        anna, bert = world.add("anna"), world.add("bert")
        world.befriend("anna", "bert")
        commands = Commands(world)
        for handheld in (anna, bert):
            handheld.power_on()
        for number in range(4):
            clock.call_later(30_000 + 20_000 * number, lambda n=number: anna.send(bert.account.jid, "m%d" % n))
        for at_s, command in faults:
            clock.call_later(at_s * 1000, lambda command=command: commands.run({"exchange": command[0], **command[1]}))
        shown = []
        for _ in range(60):
            clock.run(10_000)
            shown.append(anna.surface.plain() + "\n" + bert.surface.plain())
        bodies = [item.body for item in bert.client.store.history(anna.account.jid, 99) if item.incoming]
        assert bodies == ["m0", "m1", "m2", "m3"]
        return anna, shown

    def test_it_refuses_and_takes_calls_again(self):
        anna, shown = self.played([(1, ("refuse", {"on": True})), (100, ("refuse", {"on": False}))])
        assert anna.runner.meter.calls >= 2 and any("no carrier" in screen for screen in shown)

    def test_it_stalls_and_goes_on(self):
        anna, _ = self.played([(25, ("stall", {"on": True})), (35, ("stall", {"on": False}))])
        assert anna.runner.meter.calls == 1

    def test_it_stalls_for_so_long_that_the_line_counts_as_dead(self):
        anna, _ = self.played([(25, ("stall", {"on": True})), (400, ("stall", {"on": False}))])
        assert anna.runner.meter.calls >= 2

    def test_it_stalls_and_is_restarted(self):
        anna, _ = self.played([(25, ("stall", {"on": True})), (60, ("restart", {"keep_sessions": False}))])
        assert anna.runner.meter.calls >= 2

    def test_it_says_that_it_has_more_than_it_was_sent(self):
        anna, shown = self.played([(25, ("lie", {"h": 100})), (200, ("lie", {"h": 0}))])
        assert anna.runner.meter.calls >= 2

    def test_it_says_that_it_has_less_than_it_has(self):
        faults = [(25, ("lie", {"h": -1})), (40, ("restart", {"keep_sessions": True})), (300, ("lie", {"h": 0}))]
        anna, _ = self.played(faults)
        assert anna.runner.meter.calls >= 2

    def test_what_is_no_fault_is_refused(self):
        world = World(VirtualClock(), 1)
        for command in (
            {"exchange": "explode", "on": True},
            {"exchange": "stall", "on": 1},
            {"exchange": "stall", "h": 1},
            {"exchange": "lie", "h": 1.5},
            {"exchange": ["stall"], "on": True},
        ):
            with pytest.raises(ValueError):
                Commands(world).run(command)
