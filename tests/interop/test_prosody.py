"""A real Prosody 13: ways in, faults in words, resumption, settlement by archive, stanzas over the limit.

The client sits on a TCP link in real time; what it loses is the socket.
"""

import asyncio
import re

import pytest
import slixmpp

from nocarrier import events
from nocarrier.queue import records, states
from nocarrier.session import ways
from nocarrier.session.errors import AuthError, StreamError
from nocarrier.session.line import LineProfile
from nocarrier_emulator.faultylink import PiecesLink
from nocarrier_emulator.netdevice import NetDevice
from nocarrier_emulator.servers.prosody import Prosody

PASSWORDS = {"anna": "änna & 'secret'", "bert": "bert-pw"}


@pytest.fixture(scope="module", params=["RFC 6120", "SASL2"])
def server(tool, request):
    """All of it both ways: by the ladder of RFC 6120, and with SASL2, Bind2 and what rides along."""
    prosody = Prosody(tool("PROSODY13"), PASSWORDS, sasl2=request.param == "SASL2")
    prosody.start()
    yield prosody
    prosody.remove()


def test_login_with_scram_roster_and_presence(server):
    device = NetDevice(server, "anna")
    device.run(device.ready)
    assert [c.jid for c in device.client.roster.contacts()] == ["bert@" + server.domain]
    assert device.client.store.sm_id
    full, begin = "anna@%s/nocarrier-anna" % server.domain, device.said.find(b"<auth")
    assert device.client.session.jid == full  # a device without a past binds as of old
    assert device.said.find(b"<authenticate " if server.sasl2 else b"<auth ") == begin
    device.log_out()
    device = NetDevice(server, "anna", flash=device.flash)
    device.run(device.ready)
    if server.sasl2:  # the tag that we have given, and what Prosody has made of the device's id
        assert device.client.session.jid.startswith(full + "~")
    device.quit()


def test_a_login_in_pieces_is_only_a_little_later(server):
    """Prosody 13 holds back what comes in pieces: a late answer is got by white space, long before the verdict."""
    link = PiecesLink("127.0.0.1", server.port)
    link.piece_bytes = 16
    line = LineProfile(1_000_000, 50, 60_000)
    device = NetDevice(server, "anna", line=line, inner=link)
    device.run(device.ready, 20)
    assert device.said.count(b" " * 64) <= 10 and not device.values(events.FAULT)
    device.log_out()


def test_a_kept_key_that_does_not_fit_is_replaced(server):
    """Where passwords are stored in clear Prosody's salt is new at every login: the key of before is not even tried."""
    first = NetDevice(server, "anna")
    first.run(first.ready)
    kept = first.client.store.notes.get("key", "")
    assert kept.startswith("SHA-256 10000 ")
    first.quit()
    device = NetDevice(server, "anna", flash=first.flash)
    device.run(device.ready)
    assert device.client.store.notes.get("key", "") != kept and device.said.count(b"<response") == 1
    device.quit()


@pytest.mark.parametrize("trusted", [False, True])
def test_the_second_login_asks_nothing_that_is_known(server, trusted):
    """With SASL2 the first write holds the whole login: with PLAIN, on a trusted line, one round trip is all."""
    first = NetDevice(server, "anna", trusted=trusted)
    first.run(first.ready)
    first.quit()
    device = NetDevice(server, "anna", flash=first.flash, trusted=trusted)
    device.run(lambda: device.said)
    assert (b"<authenticate " in device.said) == server.sasl2
    device.run(device.ready)
    tried = re.findall(rb"mechanism='([^']+)'", device.said)
    assert tried == [b"PLAIN" if trusted else b"SCRAM-SHA-256"] and not device.values(events.FAULT)
    device.quit()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "PLAIN"])
def test_login_with_other_mechanisms(server, mechanism, monkeypatch):
    monkeypatch.setattr(ways, "WAYS", tuple(row for row in ways.WAYS if row[1] == mechanism))
    device = NetDevice(server, "anna", trusted=True)
    device.run(device.ready)
    assert [c.jid for c in device.client.roster.contacts()] == ["bert@" + server.domain]
    assert re.findall(rb"mechanism='([^']+)'", device.said) == [mechanism.encode()]
    device.quit()


def test_faults_are_typed(server):
    for device, error, condition in (
        (NetDevice(server, "anna", password="wrong"), AuthError, "not-authorized"),
        (NetDevice(server, "nobody", password="x"), AuthError, "not-authorized"),
        (NetDevice(server, "anna", domain="elsewhere.test"), StreamError, "host-unknown"),
    ):
        device.run(lambda device=device: device.values(events.FAULT))
        fault = device.values(events.FAULT)[0]
        assert isinstance(fault, error) and fault.condition == condition
        device.run(lambda device=device: device.runner.state == 0)
        assert device.runner.meter.calls == 1


def test_two_devices_talk_with_states_and_receipts(server):
    anna, bert = NetDevice(server, "anna"), NetDevice(server, "bert")
    anna.run(lambda: anna.ready() and bert.ready(), others=[bert])
    anna.client.send_message("bert@" + server.domain, "Grüße <&> 你好")
    anna.run(lambda: anna.state("bert@" + server.domain) == "delivered", others=[bert])
    assert [m.body for m in bert.values(events.MESSAGE)] == ["Grüße <&> 你好"]
    assert [state for _, state in anna.values(events.STATE)][:2] == [states.QUEUED, states.SENT]
    anna.quit()
    bert.quit()


def test_a_session_is_resumed_after_a_cut_and_after_a_power_cut(server):
    anna = NetDevice(server, "anna")
    anna.run(anna.ready)
    session = anna.client.store.sm_id
    anna.cut()
    anna.run(lambda: anna.values(events.ONLINE) == [False, True])
    assert anna.client.store.sm_id == session
    anna.cut()
    again = NetDevice(server, "anna", flash=anna.flash)
    again.run(again.online)
    assert again.values(events.ONLINE) == [True] and again.client.store.sm_id == session
    again.quit()


def test_what_arrives_while_away_arrives_once(server):
    anna, bert = NetDevice(server, "anna"), NetDevice(server, "bert")
    anna.run(lambda: anna.ready() and bert.ready(), others=[bert])
    bert.client.log_out()
    bert.step()
    bert.quit()
    to = "bert@" + server.domain
    for i in range(12):
        anna.client.send_message(to, "waits %d" % i)
    anna.run(lambda: anna.state(to) == "on server")
    bert = NetDevice(server, "bert", flash=bert.flash)
    bert.run(lambda: bert.ready() and len(bert.values(events.MESSAGE)) >= 12, others=[anna])
    anna.run(lambda: anna.state(to) == "delivered", others=[bert])
    assert [m.body for m in bert.values(events.MESSAGE)] == ["waits %d" % i for i in range(12)]
    anna.quit()
    bert.quit()


def test_a_doubt_is_settled_by_the_archive(server):
    """The server has the message, we have no acknowledgement, and the session is gone: it must not be sent again.

    To somebody whose program might show it twice, that is.
    """
    anna, bert = NetDevice(server, "anna"), NetDevice(server, "bert", resource="phone")
    to = "bert@" + server.domain
    anna.run(lambda: anna.ready() and bert.ready(), others=[bert])
    anna.client.send_message(to, "in doubt")
    anna.run(lambda: not anna.client.session.out.waiting())
    bert.run(lambda: bert.values(events.MESSAGE))
    anna.cut()  # before the acknowledgement was read
    anna.client.store.end_session()  # as if the server had forgotten it
    again = NetDevice(server, "anna", flash=anna.flash)
    again.run(lambda: again.ready() and again.state(to) in ("on server", "delivered"), others=[bert])
    again.run(lambda: again.state(to) == "delivered", others=[bert])
    assert [m.body for m in bert.values(events.MESSAGE)] == ["in doubt"]
    assert states.SENT not in [state for _, state in again.values(events.STATE)]
    again.quit()
    bert.quit()


def test_a_message_over_the_limit_from_a_foreign_client(server):
    """200 KB in one stanza: skipped in constant memory, counted, reported; what follows arrives."""
    anna = NetDevice(server, "anna")
    anna.run(anna.ready)

    async def send():
        client = slixmpp.ClientXMPP(
            "bert@" + server.domain,
            PASSWORDS["bert"],
            plugin_config={"feature_mechanisms": {"unencrypted_scram": True}},
        )
        client.enable_direct_tls = client.enable_starttls = False
        client.enable_plaintext = True
        started = asyncio.Event()
        client.add_event_handler("session_start", lambda event: started.set())
        client.connect("127.0.0.1", server.port)
        await asyncio.wait_for(started.wait(), 20)
        client.send_message("anna@" + server.domain, "x" * 200_000, mtype="chat")
        client.send_message("anna@" + server.domain, "still there?", mtype="chat")
        await asyncio.sleep(1)
        await client.disconnect()

    asyncio.run(send())
    anna.run(lambda: len(anna.values(events.MESSAGE)) == 2)
    big, small = anna.values(events.MESSAGE)
    assert big.flags & records.NOTICE and big.body.startswith("too large (200") and small.body == "still there?"
    anna.cut()
    anna.run(lambda: anna.values(events.ONLINE)[-1] is True and anna.online())
    assert len(anna.values(events.MESSAGE)) == 2
    anna.quit()


def test_the_server_restarts_in_order(server):
    anna, bert = NetDevice(server, "anna"), NetDevice(server, "bert")
    to = "bert@" + server.domain
    anna.run(lambda: anna.ready() and bert.ready(), others=[bert])
    server.stop()
    anna.run(lambda: not anna.online())
    anna.client.send_message(to, "while it was away")
    server.start()
    anna.run(lambda: anna.state(to) == "delivered", 30, others=[bert])
    assert [m.body for m in bert.values(events.MESSAGE)] == ["while it was away"]
    anna.quit()
    bert.quit()
