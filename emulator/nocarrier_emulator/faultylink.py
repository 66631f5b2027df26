"""A link that fails at a chosen byte, in one of the ways in which lines do."""

import socket
import struct

from nocarrier_ports.links.link import Buffer, Link, NoCarrier
from nocarrier_ports.links.tcp import TcpLink

RESET, DROP, HOLE = "reset", "drop", "hole"
FAULTS = (RESET, DROP, HOLE)


class FaultyLink(Link):
    """TCP that fails when so many bytes have passed, both ways counted together.

    RESET: both ends are told at once. DROP: the server sees an orderly end. HOLE: nobody is told, nothing passes.
    said: what has reached the line since it was opened.
    """

    def __init__(self, inner: TcpLink) -> None:
        self._inner = inner
        self._left: int | None = None
        self._kind = RESET
        self.failed = False
        self.said = bytearray()

    def plan(self, after_bytes: int, kind: str) -> None:
        """The next fault, once."""
        self._left, self._kind = after_bytes, kind
        self.failed = False

    def fail(self, kind: str) -> None:
        """Now."""
        self._left, self._kind, self.failed = None, kind, True
        if kind != HOLE:
            self._end()

    def open(self, now_ms: int) -> None:
        self.said.clear()
        self.failed = False
        self._inner.open(now_ms)

    def ready(self, now_ms: int) -> bool:
        return self._inner.ready(now_ms)

    def read_into(self, buf: Buffer) -> int:
        room = len(buf) if self._left is None else min(len(buf), self._left)
        if self.failed:
            return self._nothing()
        size = self._inner.read_into(memoryview(buf)[:room]) if room else 0
        self._passed(size)
        return size

    def write(self, data: bytes | bytearray | memoryview) -> int:
        if self.failed:
            self._nothing()
            return len(data)  # into a modem's buffer, for ever
        room = len(data) if self._left is None else min(len(data), self._left)
        size = self._inner.write(memoryview(data)[:room])
        self.said += memoryview(data)[:size]
        self._passed(size)
        return size

    def close(self) -> None:
        self._inner.close()

    def status(self) -> str:
        return "net"

    def _passed(self, size: int) -> None:
        if self._left is None:
            return
        self._left -= size
        if self._left <= 0:
            self.fail(self._kind)

    def _end(self) -> None:
        sock = self._inner._socket
        if self._kind == RESET and sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._inner.close()

    def _nothing(self) -> int:
        if self._kind != HOLE:
            raise NoCarrier(self._kind)
        return 0


class PiecesLink(TcpLink):
    """TCP that takes piece_bytes at a time, each in a segment of its own, as a modem hands them on; 0: all."""

    piece_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        return super().write(memoryview(data)[: self.piece_bytes or len(data)])
