"""Which link the settings ask for. What is not asked for is not loaded."""

from nocarrier.errors import UsageError
from nocarrier_ports.links.address import halves, port_of

try:
    from typing import Callable, Optional

    from nocarrier_ports.links.at import SerialPort
    from nocarrier_ports.links.device_tls import TlsLink
    from nocarrier_ports.links.link import Link
    from nocarrier_ports.settings import Settings
except ImportError:
    pass

NET = "net"  # as the port: the board's own network, WiFi or Ethernet
_DNS_PORT = "53"
_NTP_PORT = "123"
_DIRECT_PORT = 5223  # where TLS begins at once by custom (XEP-0368)


def link_of(settings: "Settings", wire: "Callable[[str], SerialPort]", entropy: "Callable[[int], bytes]") -> "Link":
    """wire(port): the stream to the modem. Raises UsageError if the number is none for this port, or TLS cannot be."""
    if settings.port == NET:
        return _net_link(settings, entropy)
    link = _modem_link(settings, wire)
    if settings.tls not in ("direct", "starttls"):
        return link
    return _tls(settings, None).around(link, settings.tls == "direct")


def _modem_link(settings: "Settings", wire: "Callable[[str], SerialPort]") -> "Link":
    if settings.socket_profile is not None:
        from nocarrier_ports.links.atmodem import AtModem
        from nocarrier_ports.links.atsocket import AtSocket

        return AtSocket(AtModem(wire(settings.port), settings.socket_profile, settings.access, 1), settings.number)
    from nocarrier_ports.links.dialler import Dialler

    return Dialler(wire(settings.port), settings.number, settings.dial_profile, settings.access, settings.script)


def _net_link(settings: "Settings", entropy: "Callable[[int], bytes]") -> "Link":
    """number: host:port; or a domain, whose servers a name server tells."""
    from nocarrier_ports.links.tcp import TcpLink

    clear = settings.tls == "none" or settings.tls == "" and settings.line.trusted
    tls = None if clear else _tls(settings, entropy)

    def connection(host: str, port: int, direct: bool) -> "Link":
        link = TcpLink(host, port)
        return link if tls is None else tls.around(link, direct)

    host, port = halves(settings.number)
    if port:
        number = _port(port)
        return connection(host, number, settings.tls == "direct" or settings.tls == "" and number == _DIRECT_PORT)
    from nocarrier_ports.links.domain import DomainLink
    from nocarrier_ports.links.resolver import Resolver

    server, port = halves(settings.dns, _DNS_PORT)
    if not server:
        raise UsageError("settings: a domain as number needs dns, a name server")
    resolver = Resolver((server, _port(port)), entropy, direct=not clear and settings.tls != "starttls")
    return DomainLink(host, resolver, lambda target: connection(target.host, target.port, target.direct))


def _tls(settings: "Settings", entropy: "Optional[Callable[[int], bytes]]") -> "TlsLink":
    """What puts TLS around connections. entropy: where they can ask for the time."""
    from nocarrier_ports.links.device_tls import TlsLink

    clock = None
    host, port = halves(settings.ntp, _NTP_PORT)
    if entropy is not None and host:
        from nocarrier_ports.clock import set_utc, utc_s
        from nocarrier_ports.netclock import NetClock

        clock = NetClock((host, _port(port)), entropy, utc_s, set_utc)
    return TlsLink(settings.account.domain, settings.roots, clock)


def _port(text: str) -> int:
    number = port_of(text)
    if not number:
        raise UsageError("settings: no port: " + text)
    return number
