"""Which link the settings ask for. What is not asked for is not loaded."""

try:
    from nocarrier_ports.links.at import SerialPort
    from nocarrier_ports.links.link import Link
    from nocarrier_ports.settings import Settings
except ImportError:
    pass


def link_of(settings: "Settings", port: "SerialPort") -> "Link":
    """What the settings say of the modem on this port."""
    if settings.socket_profile is not None:
        from nocarrier_ports.links.atmodem import AtModem
        from nocarrier_ports.links.atsocket import AtSocket

        return AtSocket(AtModem(port, settings.socket_profile, settings.access, 1), settings.number)
    from nocarrier_ports.links.dialler import Dialler

    return Dialler(port, settings.number, settings.dial_profile, settings.access, settings.script)
