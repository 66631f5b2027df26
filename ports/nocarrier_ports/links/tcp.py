"""A link over TCP, on MicroPython and CPython alike."""

import errno
import socket

from nocarrier_ports.links.link import Link, NetError, NoCarrier

try:
    from typing import Optional
except ImportError:
    pass

# "Not yet", in the words of the two interpreters.
_LATER = (errno.EAGAIN, errno.EINPROGRESS, getattr(errno, "EALREADY", errno.EINPROGRESS), 118, 119)


class TcpLink(Link):
    """To an explicit host and port. Resolving the name is the one step that may wait: it is the system's."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._address: "Optional[tuple[str, int]]" = None
        self._socket: "Optional[socket.socket]" = None

    def open(self, now_ms: int) -> None:
        self.close()
        try:
            found = socket.getaddrinfo(self._host, self._port, 0, socket.SOCK_STREAM)[0]
            self._address = found[-1]  # type: ignore[assignment]
            self._socket = socket.socket(found[0], found[1], found[2])
            self._socket.setblocking(False)
        except OSError as error:
            raise NetError(str(error)) from None

    def ready(self, now_ms: int) -> bool:
        """Connecting again and again is the portable question: "is connected" is its answer, as an error."""
        if self._socket is None or self._address is None:
            raise NetError("not open")
        try:
            self._socket.connect(self._address)
        except OSError as error:
            code = error.errno
            if code == errno.EISCONN:
                return True
            if code in _LATER:
                return False
            self.close()
            raise NetError(str(error)) from None
        return True

    def read_into(self, buf: bytearray) -> int:
        try:
            data = self._open_socket().recv(len(buf))
        except OSError as error:
            if error.errno in _LATER:
                return 0
            raise NoCarrier(str(error)) from None
        if not data:
            raise NoCarrier("closed by the server")
        buf[: len(data)] = data
        return len(data)

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        try:
            return self._open_socket().send(data)
        except OSError as error:
            if error.errno in _LATER:
                return 0
            raise NoCarrier(str(error)) from None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def status(self) -> str:
        return "net"

    def _open_socket(self) -> "socket.socket":
        if self._socket is None:
            raise NoCarrier("not open")
        return self._socket
