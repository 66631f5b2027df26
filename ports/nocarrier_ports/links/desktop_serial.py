"""A serial port of the desktop, with every URL that pyserial knows (device, socket://, rfc2217://, spy://, loop://).

CPython only.
"""

import select

import serial

from nocarrier.errors import UsageError
from nocarrier_ports.links.link import Link, NetError, NoCarrier

try:
    from typing import Optional

    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass


RTS_CTS, XON_XOFF = "rtscts", "xonxoff"


class DesktopSerialLink(Link):
    """url: what pyserial's serial_for_url takes. rate_bps: of the port, not of the line.

    flow: "", RTS_CTS, or XON_XOFF, which bytes no stanza can have in it, but TLS does. Raises UsageError.
    """

    def __init__(self, url: str, rate_bps: int = 9600, flow: str = "") -> None:
        if flow not in ("", RTS_CTS, XON_XOFF):
            raise UsageError("flow control is none of rtscts, xonxoff")
        self._url = url
        self._rate_bps = rate_bps
        self._flow = {flow: True} if flow else {}
        self._room: "Optional[select.poll]" = None  # on POSIX: tells whether the device takes a byte
        self._port: "Optional[serial.SerialBase]" = None

    def open(self, now_ms: int) -> None:
        if self._port is None:
            try:
                self._port = serial.serial_for_url(self._url, self._rate_bps, timeout=0, **self._flow)
                if isinstance(self._port, serial.Serial):
                    self._port.write_timeout = 0  # a device may refuse bytes; what stands behind a URL takes them
                    self._watch(getattr(self._port, "fd", None))
            except (OSError, ValueError) as error:
                raise NetError(str(error)) from None
        self.set_dtr(True)

    def _watch(self, fd: "Optional[int]") -> None:
        if fd is not None:
            self._room = select.poll()
            self._room.register(fd, select.POLLOUT)

    def ready(self, now_ms: int) -> bool:
        return True

    def read_into(self, buf: "Buffer") -> int:
        try:
            data = self._open_port().read(len(buf))
        except OSError as error:
            raise NoCarrier(str(error)) from None
        buf[: len(data)] = data
        return len(data)

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        port = self._open_port()
        # Asked first: pyserial tries again and again, and for ever, to write to a POSIX device that takes nothing.
        if self._room is not None and not self._room.poll(0):
            return 0
        try:
            return port.write(bytes(data)) or 0
        except serial.SerialTimeoutException:
            return 0
        except OSError as error:
            raise NoCarrier(str(error)) from None

    def carrier(self) -> "Optional[bool]":
        if not self._has_lines():
            return None
        try:
            return bool(self._open_port().cd)
        except OSError:
            return None  # a pty

    def set_dtr(self, on: bool) -> bool:
        """Raises or drops DTR; False if the port has no such line."""
        if not self._has_lines():
            return False
        try:
            self._open_port().dtr = on
        except OSError:
            return False
        return True

    def close(self) -> None:
        if self._port is not None:
            self._port.close()
            self._port = self._room = None

    def status(self) -> str:
        return "serial"

    def _has_lines(self) -> bool:
        """socket:// and its like answer True to whatever they are asked."""
        return isinstance(self._open_port(), serial.Serial) or self._url.startswith("rfc2217://")

    def _open_port(self) -> "serial.SerialBase":
        if self._port is None:
            raise NoCarrier("not open")
        return self._port
