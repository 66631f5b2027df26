"""A link over TCP, on MicroPython and CPython alike."""

import errno
import select
import socket

from nocarrier.decimal import decimal
from nocarrier_ports.links.link import Link, NetError, NoCarrier

try:
    from typing import Optional

    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass

_PORT_DIGITS = 5
# As everywhere; not every board's socket module names them.
_IPPROTO_TCP = 6
_TCP_NODELAY = 1
_LATER = (errno.EAGAIN, errno.EINPROGRESS)


class TcpLink(Link):
    """To an explicit host and port. Resolving the name is the one step that may wait: it is the system's."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._elsewhere: "Optional[tuple[str, int]]" = None
        self._socket: "Optional[socket.socket]" = None

    def open(self, now_ms: int) -> None:
        self.close()
        (host, port), self._elsewhere = self._elsewhere or (self._host, self._port), None
        try:
            found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
            self._socket = socket.socket(found[0], found[1], found[2])
            self._socket.setblocking(False)
            self._at_once(self._socket)
            self._socket.connect(found[-1])
        except UnicodeError:  # CPython's word for a name that is none
            raise NetError("no such host") from None
        except OSError as error:
            if error.errno not in _LATER:
                self.close()
                raise NetError(str(error)) from None

    def ready(self, now_ms: int) -> bool:
        """A socket that can be written to is connected, unless it reports an error with it."""
        poller = select.poll()
        poller.register(self._open_socket(), select.POLLOUT)
        for _, flags in poller.poll(0):
            if flags & (select.POLLERR | select.POLLHUP):
                self.close()
                raise NetError("refused")
            return True
        return False

    def redirect(self, address: str) -> bool:
        """As every link; False too if that is no address."""
        host, port = address, ""
        if address.startswith("["):
            host, _, port = address[1:].partition("]")
            port = port[1:]
        elif address.count(":") == 1:
            host, _, port = address.partition(":")
        number = decimal(port, _PORT_DIGITS) if port else self._port
        if not host or not 0 < number < 65536:
            return False
        self._elsewhere = host, number
        return True

    def read_into(self, buf: "Buffer") -> int:
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

    @staticmethod
    def _at_once(sock: socket.socket) -> None:
        """What is written leaves though what was before it has not arrived (TCP_NODELAY), where there is a choice."""
        try:
            sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
        except (OSError, AttributeError):
            pass

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
