"""A link that fails at a chosen byte, in one of the ways in which lines do."""

import contextlib
import socket
import struct

from nocarrier_ports.links.link import Buffer, Link, NoCarrier
from nocarrier_ports.links.tcp import TcpLink

RESET, DROP, HOLE = "reset", "drop", "hole"
FAULTS = (RESET, DROP, HOLE)


class FaultyLink(Link):
    """TCP that fails when so many bytes have passed, both ways counted together.

    RESET: both ends are told at once. DROP: the server sees an orderly end. HOLE: nobody is told, nothing passes.
    said: what has reached the line since it was opened. faults: how many planned ones have happened.
    before: the same line, of a device that was switched off.
    """

    def __init__(self, inner: TcpLink, before: "FaultyLink | None" = None) -> None:
        self._inner = inner
        self._left: int | None = before._left if before else None
        self._kind: str = before._kind if before else RESET
        self.failed = False
        self.faults: int = before.faults if before else 0
        self.said = bytearray()

    def planned(self) -> bool:
        """True while a fault is still to come."""
        return self._left is not None

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
            self.faults += 1
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


class LateLink(TcpLink):
    """TCP on whose way bytes are held up: the connection counts as dead here, and they arrive nevertheless.

    held: the bytes, None before hold().
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._late: socket.socket | None = None
        self.held: bytearray | None = None

    def hold(self) -> None:
        """What is written from now on gets no further; the connection stays when it is closed here."""
        self.held = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> int:
        if self.held is None or self._late is not None:
            return super().write(data)
        self.held += data
        return len(data)

    def close(self) -> None:
        if self.held is not None and self._late is None:
            self._late, self._socket = self._socket, None
        super().close()

    def release(self) -> None:
        """What was held up arrives, if there is anybody left to take it."""
        assert self._late is not None and self.held is not None
        with contextlib.suppress(OSError):
            self._late.sendall(self.held)

    def end(self) -> None:
        """The held-up connection goes."""
        if self._late is not None:
            self._late.close()


class PiecesLink(TcpLink):
    """TCP that takes piece_bytes at a time, each in a segment of its own, as a modem hands them on; 0: all."""

    piece_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> int:
        return super().write(memoryview(data)[: self.piece_bytes or len(data)])
