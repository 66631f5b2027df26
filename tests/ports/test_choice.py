"""The link that the settings ask for: a modem's, a module's, the board's own network with and without a name server."""

import socket

import pytest

from nocarrier.errors import UsageError
from nocarrier_emulator.nameserver import NameServer
from nocarrier_emulator.scriptedport import ScriptedPort
from nocarrier_ports.links.atsocket import AtSocket
from nocarrier_ports.links.choice import link_of
from nocarrier_ports.links.dialler import Dialler
from nocarrier_ports.links.tcp import TcpLink
from nocarrier_ports.settings import Settings

FIELDS = {"jid": "anna@exchange.test", "number": "555", "port": "uart"}


def link(**fields):
    """In clear, unless it is said how: TLS of a device is tested on MicroPython (tests/micropython/test_tls.py)."""
    fields = {"tls": "none", **fields} if fields.get("port") == "net" else fields
    return link_of(Settings({**FIELDS, **fields}), lambda port: ScriptedPort(), lambda size: bytes(size))


def test_modems_and_modules():
    assert type(link()) is Dialler and type(link(modem="quectel", number="x.test:5222")) is Dialler
    assert type(link(modem="quectel", portions=True, number="x.test:5222")) is AtSocket


def opened(chosen):
    """Opens the link and waits until it stands."""
    chosen.open(0)
    for now_ms in range(0, 20_000, 20):
        if chosen.ready(now_ms):
            return chosen
    raise AssertionError("it does not stand")


def test_the_boards_own_network_by_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        chosen = opened(link(port="net", number="127.0.0.1:%d" % server.getsockname()[1]))
        connection, _ = server.accept()
        assert chosen.write(b"<x/>") == 4 and connection.recv(9) == b"<x/>"
        connection.close()
        chosen.close()


def test_the_boards_own_network_by_domain():
    with socket.create_server(("127.0.0.1", 0)) as server:
        zone = "_xmpp-client._tcp.exchange.test. 60 IN SRV 1 0 %d localhost." % server.getsockname()[1]
        with NameServer(zone) as names:
            chosen = link(port="net", number="exchange.test", dns="127.0.0.1:%d" % names.port)
            chosen.open(0)
            while not chosen.ready(0):
                pass
            assert names.asked == ["_xmpp-client._tcp.exchange.test"] and chosen.status() == "net"
            chosen.close()


def test_nothing_goes_in_clear_unless_it_is_asked_for():
    for fields in ({"tls": ""}, {"tls": "direct"}, {"tls": "starttls", "trusted": True}):
        with pytest.raises(ModuleNotFoundError, match="tls"):  # which CPython has not
            link(port="net", number="127.0.0.1:5222", **fields)
    assert type(link(port="net", number="127.0.0.1:5222", tls="", trusted=True)) is TcpLink


def test_what_cannot_be_is_said():
    for fields, words in (
        ({"number": "exchange.test"}, "dns"),
        ({"number": "exchange.test:0"}, "no port"),
        ({"number": "exchange.test:http"}, "no port"),
        ({"number": "exchange.test", "dns": "9.9.9.9:99999"}, "no port"),
    ):
        with pytest.raises(UsageError, match=words):
            link(port="net", **fields)
