"""Real servers of four kinds: each way in that they have, with the least round trips that they allow.

Counted are the flights of the client: what it says after it has heard something is another one.
"""

import time
from pathlib import Path

import pytest

from nocarrier import events
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.netdevice import DIRECT, PLAIN, STARTTLS, NetDevice
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.jabberd2 import Jabberd2
from nocarrier_emulator.servers.prosody import Prosody

USERS = {"anna": "änna & 'secret'", "bert": "bert-pw"}
MORE = {**USERS, "carl": "carl-pw"}
ROSTER, RESUME = b"jabber:iq:roster", b"<resume "


@pytest.fixture(scope="module")
def servers(tool, authority, started):
    """servers(NAME): the server, started when it is first asked for."""

    def make(name):
        if name == EJABBERD:
            return Ejabberd(tool("EJABBERD"), MORE, authority.server)
        if name == PROSODY012:
            return Prosody(tool("PROSODY012"), MORE, authority.server)
        return Prosody(tool("PROSODY13"), MORE, authority.server, sasl2=True)

    return lambda name: started(name, lambda: make(name))


PROSODY13, PROSODY012, EJABBERD = "Prosody 13", "Prosody 0.12", "ejabberd"

# (server, way, trusted, quick): flights of the first login, of the next one, and of a resumption up to the request for
# the roster or for the session; the mechanism of the first login and of the others.
LOGINS = (
    (PROSODY13, PLAIN, True, False, 2, 1, 1, b"PLAIN", b"PLAIN"),
    (PROSODY13, PLAIN, False, False, 3, 2, 1, b"SCRAM-SHA-256", b"SCRAM-SHA-256"),
    (PROSODY13, DIRECT, False, False, 3, 1, 1, b"SCRAM-SHA-256", b"HT-SHA-256-NONE"),
    (PROSODY13, DIRECT, False, True, 2, 1, 1, b"PLAIN", b"HT-SHA-256-NONE"),
    (PROSODY13, STARTTLS, False, False, 4, 2, 2, b"SCRAM-SHA-256", b"HT-SHA-256-NONE"),
    (PROSODY012, PLAIN, True, False, 3, 2, 2, b"PLAIN", b"PLAIN"),
    (PROSODY012, PLAIN, False, False, 4, 3, 3, b"SCRAM-SHA-256", b"SCRAM-SHA-256"),
    (PROSODY012, DIRECT, False, True, 3, 2, 2, b"PLAIN", b"PLAIN"),
    (EJABBERD, PLAIN, True, False, 3, 2, 2, b"PLAIN", b"PLAIN"),
    (EJABBERD, PLAIN, False, False, 4, 3, 3, b"SCRAM-SHA-256", b"SCRAM-SHA-256"),
    (EJABBERD, DIRECT, False, False, 3, 1, 1, b"SCRAM-SHA-256-PLUS", b"HT-SHA-256-ENDP"),
    (EJABBERD, DIRECT, False, True, 2, 1, 1, b"PLAIN", b"HT-SHA-256-ENDP"),
    (EJABBERD, STARTTLS, False, False, 4, 2, 2, b"SCRAM-SHA-256-PLUS", b"HT-SHA-256-ENDP"),
)


@pytest.mark.parametrize(
    "name, way, trusted, quick, first, next_, resumed, mechanism, again",
    LOGINS,
    ids=lambda value: value.decode() if isinstance(value, bytes) else str(value),
)
def test_a_login_takes_as_few_flights_as_the_server_allows(
    servers, authority, name, way, trusted, quick, first, next_, resumed, mechanism, again
):
    server = servers(name)
    device = NetDevice(server, "anna", way=way, ca=authority.root, trusted=trusted, quick=quick)
    device.run(device.ready)
    assert (device.flight(ROSTER), b"mechanism='%s'" % mechanism in device.said) == (first, True)
    device.log_out()
    device = NetDevice(server, "anna", way=way, ca=authority.root, trusted=trusted, quick=quick, flash=device.flash)
    device.run(device.ready)
    assert (device.flight(ROSTER), b"mechanism='%s'" % again in device.said) == (next_, True)
    assert not device.values(events.FAULT)
    session = device.client.store.sm_id
    device.cut()
    device.run(lambda: device.values(events.ONLINE) == [False, True])
    assert device.flight(RESUME) == resumed and device.client.store.sm_id == session
    assert not device.values(events.FAULT)
    device.log_out()


@pytest.mark.parametrize("name", [PROSODY13, EJABBERD])
def test_the_certificate_must_be_the_domains(servers, authority, name):
    server = servers(name)
    for ca, domain in ((None, server.tls_domain), (authority.root, server.domain)):
        for way in (DIRECT, STARTTLS):
            device = NetDevice(server, "anna", way=way, ca=ca, domain=domain)
            device.run(lambda device=device: device.runner.error is not None)
            assert "auth" not in device.said.decode() and not device.online()
            if name == EJABBERD or way == DIRECT or domain == server.tls_domain:
                assert device.runner.error.text == "wrong certificate"
            else:  # a domain of Prosody's that has no TLS
                assert device.fault() == "encryption-required"
            assert device.runner.state == 0  # not without the user


@pytest.fixture
def jabberd2(tool, authority):
    """One for each test: its c2s mistakes a caller that comes at once for the one that has left."""
    server = Jabberd2(Path(tool("JABBERD2")), USERS, authority.server)
    server.start()
    yield server
    server.remove()


@pytest.mark.parametrize("way, trusted, flights", [(PLAIN, True, 2), (PLAIN, False, 3), (DIRECT, False, 2)])
def test_a_server_of_2001_by_the_legacy_profile(jabberd2, authority, way, trusted, flights):
    """jabberd2 takes nothing behind the login; the digest needs its header first."""
    for flash in (None, MemoryFlash()):
        device = NetDevice(jabberd2, "bert", way=way, ca=authority.root, trusted=trusted, legacy=True, flash=flash)
        device.run(lambda device=device: device.ready())
        assert device.flight(ROSTER) == flights and (b"<digest>" in device.said) == (flights == 3)
        assert [contact.jid.split("@")[0] for contact in device.client.roster.contacts()] == ["anna"]
        assert not device.values(events.FAULT)
        device.quit()
        time.sleep(0.2)  # c2s mistakes a caller that comes at once for the one that has left


def test_jabberd2_by_rfc_6120_takes_one_step_at_a_time(jabberd2):
    """It ends the stream over what comes ahead of its time, once; from then on it is known."""
    device = NetDevice(jabberd2, "anna", trusted=True)
    device.run(device.ready)
    assert len(device.values(events.FAULT)) == 1
    device.quit()
    time.sleep(0.2)
    device = NetDevice(jabberd2, "anna", trusted=True, flash=device.flash)
    device.run(device.ready)
    assert device.flight(ROSTER) == 5 and not device.values(events.FAULT)
    device.quit()


def test_messages_pass_without_stream_management_and_archive(jabberd2):
    anna, bert = (NetDevice(jabberd2, user, trusted=True, legacy=True) for user in USERS)
    anna.run(lambda: anna.ready() and bert.ready(), others=[bert])
    anna.client.send_message("bert@" + jabberd2.domain, "hello")
    bert.run(lambda: bert.values(events.MESSAGE), others=[anna])
    anna.run(lambda: anna.state("bert@" + jabberd2.domain) == "delivered", others=[bert])
    assert [message.body for message in bert.values(events.MESSAGE)] == ["hello"]


@pytest.mark.parametrize("name", [PROSODY13, PROSODY012, EJABBERD])
def test_younger_servers_know_the_legacy_profile_too(servers, name):
    server = servers(name)
    device = NetDevice(server, "anna", trusted=True, legacy=True)
    device.run(device.ready)
    assert device.flight(ROSTER) == 2
    device.quit()


@pytest.mark.parametrize("name", [PROSODY13, PROSODY012, EJABBERD])
def test_what_waited_for_a_new_device_is_there_after_its_first_login(servers, authority, name):
    """ejabberd clears what has waited when a resource is bound by XEP-0386: it is in the archive only."""
    server = servers(name)
    to = "carl@" + server.tls_domain
    anna = NetDevice(server, "anna", way=DIRECT, ca=authority.root)
    anna.run(anna.ready)
    for i in range(3):
        anna.client.send_message(to, "waits %d" % i)
    anna.run(lambda: anna.state(to) == "on server" and not anna.client.session.acks.unacknowledged())
    carl = NetDevice(server, "carl", way=DIRECT, ca=authority.root)
    carl.run(lambda: carl.ready() and len(carl.values(events.MESSAGE)) >= 3, others=[anna])
    carl.log_out()
    carl = NetDevice(server, "carl", way=DIRECT, ca=authority.root, flash=carl.flash)
    anna.client.send_message(to, "waits 3")
    carl.run(lambda: carl.ready() and carl.values(events.MESSAGE), others=[anna])
    bodies = [item.body for item in carl.client.store.history("anna@" + server.tls_domain, 10)]
    assert bodies == ["waits %d" % i for i in range(4)]
    anna.log_out()
    carl.log_out()
