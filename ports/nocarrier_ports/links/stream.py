"""A link over any byte stream: machine.UART, a pty, USB serial, a socket file.

On a bare wire this is the whole link; the dialler (dialler.py) uses it to talk to a modem.
"""

from nocarrier_ports.links.link import Link, NoCarrier

try:
    from typing import Any, Callable, Optional

    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass


class StreamLink(Link):
    """stream: an object with readinto(buf) and write(buf) that never block: both return a count, or None for "not now".

    dtr(on), carrier_pin(): the modem lines, where the board has them wired; else None.
    """

    def __init__(
        self,
        stream: "Any",
        dtr: "Optional[Callable[[bool], None]]" = None,
        carrier_pin: "Optional[Callable[[], bool]]" = None,
    ) -> None:
        self._stream = stream
        self._dtr = dtr
        self._carrier_pin = carrier_pin

    def open(self, now_ms: int) -> None:
        self.set_dtr(True)

    def ready(self, now_ms: int) -> bool:
        return True

    def read_into(self, buf: "Buffer") -> int:
        try:
            return self._stream.readinto(buf) or 0
        except OSError as error:
            raise NoCarrier(str(error)) from None

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        try:
            return self._stream.write(data) or 0
        except OSError as error:
            raise NoCarrier(str(error)) from None

    def carrier(self) -> "Optional[bool]":
        return self._carrier_pin() if self._carrier_pin is not None else None

    def set_dtr(self, on: bool) -> bool:
        """Raises or drops DTR; False if there is no such line."""
        if self._dtr is None:
            return False
        self._dtr(on)
        return True

    def close(self) -> None:
        self.set_dtr(False)

    def status(self) -> str:
        return "wire"
