"""Which link the settings ask for. What is not asked for is not loaded."""

from nocarrier.errors import UsageError
from nocarrier_ports.links.address import halves, port_of

try:
    from typing import Callable

    from nocarrier_ports.links.at import SerialPort
    from nocarrier_ports.links.link import Link
    from nocarrier_ports.settings import Settings
except ImportError:
    pass

NET = "net"  # as the port: the board's own network, WiFi or Ethernet, in clear
_DNS_PORT = "53"


def link_of(settings: "Settings", wire: "Callable[[str], SerialPort]", entropy: "Callable[[int], bytes]") -> "Link":
    """wire(port): the stream to the modem. Raises UsageError if the number is none for this port."""
    if settings.port == NET:
        return _net_link(settings, entropy)
    if settings.socket_profile is not None:
        from nocarrier_ports.links.atmodem import AtModem
        from nocarrier_ports.links.atsocket import AtSocket

        return AtSocket(AtModem(wire(settings.port), settings.socket_profile, settings.access, 1), settings.number)
    from nocarrier_ports.links.dialler import Dialler

    return Dialler(wire(settings.port), settings.number, settings.dial_profile, settings.access, settings.script)


def _net_link(settings: "Settings", entropy: "Callable[[int], bytes]") -> "Link":
    """number: host:port; or a domain, whose servers a name server tells."""
    from nocarrier_ports.links.tcp import TcpLink

    host, port = halves(settings.number)
    if port:
        return TcpLink(host, _port(port))
    from nocarrier_ports.links.domain import DomainLink
    from nocarrier_ports.links.resolver import Resolver

    server, port = halves(settings.dns, _DNS_PORT)
    if not server:
        raise UsageError("settings: a domain as number needs dns, a name server")
    resolver = Resolver((server, _port(port)), entropy, direct=False)
    return DomainLink(host, resolver, lambda target: TcpLink(target.host, target.port))


def _port(text: str) -> int:
    number = port_of(text)
    if not number:
        raise UsageError("settings: no port: " + text)
    return number
