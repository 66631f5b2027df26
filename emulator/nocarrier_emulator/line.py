"""A telephone line between two ends: so many bits per second, so much later, until the carrier drops."""

from collections.abc import Callable

from nocarrier_emulator.clock import Clock

_BITS_PER_BYTE = 10
_QUANTUM_MS = 40  # bytes are delivered in portions of about this much line time


class LineEnd:
    """One end. write() queues for the other end; on_receive and on_drop are called by the line."""

    def __init__(self, line: "Line") -> None:
        self.line = line
        self.other: LineEnd
        self.on_receive: Callable[[bytes], None] = _ignore
        self.on_drop: Callable[[], None] = _nothing
        self.on_room: Callable[[], None] = _nothing
        self._queue = bytearray()
        self._sending = False

    def write(self, data: bytes) -> int:
        """Takes what fits into the modem's buffer; returns how many bytes."""
        taken = data[: self.line.buffer_bytes - len(self._queue)] if self.line.up else b""
        self._queue += taken
        self._pump()
        return len(taken)

    def backlog(self) -> int:
        """Bytes that wait to be transmitted."""
        return len(self._queue)

    def _pump(self) -> None:
        if self._sending or not self._queue:
            return
        rate = self.line.rate_bps
        size = max(1, int(rate * _QUANTUM_MS / 1000 / _BITS_PER_BYTE))
        portion = bytes(self._queue[:size])
        self._sending = True
        self.line.clock.call_later(len(portion) * _BITS_PER_BYTE * 1000 / rate, lambda: self._transmitted(portion))

    def _transmitted(self, portion: bytes) -> None:
        self._sending = False
        if not self.line.up:
            return
        del self._queue[: len(portion)]
        self.line.clock.call_later(self.line.latency_ms, lambda: self._arrived(portion))
        self._pump()
        self.on_room()

    def _arrived(self, portion: bytes) -> None:
        if self.line.up:
            self.other.on_receive(portion)


class Line:
    """The line. rate_bps may be changed while it is up. buffer_bytes: what each modem holds back at most."""

    def __init__(self, clock: Clock, rate_bps: int = 2400, latency_ms: float = 300, buffer_bytes: int = 1024) -> None:
        self.clock = clock
        self.rate_bps = rate_bps
        self.latency_ms = latency_ms
        self.buffer_bytes = buffer_bytes
        self.up = True
        self.a, self.b = LineEnd(self), LineEnd(self)
        self.a.other, self.b.other = self.b, self.a

    def drop(self) -> None:
        """The carrier is lost, with everything that was on its way."""
        if self.up:
            self.up = False
            self.a.on_drop()
            self.b.on_drop()


def _ignore(data: bytes) -> None:
    pass


def _nothing() -> None:
    pass
