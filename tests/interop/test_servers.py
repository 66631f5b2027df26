"""Real servers of four kinds: each way in that they have, with the least round trips that they allow.

Counted are the flights of the client: what it says after it has heard something is another one.
"""

import pytest

from nocarrier import events
from nocarrier_emulator.netdevice import DIRECT, PLAIN, STARTTLS, NetDevice
from nocarrier_emulator.servers.certificate import Authority
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody

USERS = {"anna": "änna & 'secret'", "bert": "bert-pw"}
ROSTER, RESUME = b"jabber:iq:roster", b"<resume "


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def servers(tool, authority):
    """servers(NAME): the server, started when it is first asked for."""
    started = {}

    def get(name):
        if name not in started:
            if name == "ejabberd":
                started[name] = Ejabberd(tool("EJABBERD"), USERS, authority.server)
            elif name == "Prosody 0.12":
                started[name] = Prosody(tool("PROSODY012"), USERS, authority.server)
            else:
                started[name] = Prosody(tool("PROSODY13"), USERS, authority.server, sasl2=True)
            started[name].start()
        return started[name]

    yield get
    for server in started.values():
        server.remove()


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
