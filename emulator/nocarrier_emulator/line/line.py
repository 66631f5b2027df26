"""A telephone line between two ends: so many bits per second, so much later, until the carrier drops."""

import random
from collections.abc import Callable

from nocarrier_emulator.clock import Clock
from nocarrier_emulator.line.profile import Profile

BITS_PER_BYTE = 10
_QUANTUM_MS = 40  # bytes of a stream are delivered in portions of about this much line time


class LineEnd:
    """One end. write() queues for the other end; on_receive and on_drop are called by the line."""

    def __init__(self, line: "Line", rate_bps: int) -> None:
        self.line = line
        self.rate_bps = rate_bps  # of what this end sends
        self.other: LineEnd
        self.on_receive: Callable[[bytes], None] = _ignore
        self.on_drop: Callable[[], None] = _nothing
        self.on_room: Callable[[], None] = _nothing
        self._queue = bytearray()
        self._sending = False
        self._arrived_ms = 0.0  # when the last portion gets there: none overtakes another

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
        line = self.line
        size = line.packet_bytes or max(1, int(self.rate_bps * _QUANTUM_MS / 1000 / BITS_PER_BYTE))
        portion = bytes(self._queue[:size])
        self._sending = True
        held_ms = max((fault.hold_ms(self) for fault in line.faults), default=0.0)
        needed_ms = len(portion) * BITS_PER_BYTE * 1000 / self.rate_bps
        line.clock.call_later(held_ms + needed_ms, lambda: self._transmitted(portion))

    def _transmitted(self, portion: bytes) -> None:
        self._sending = False
        line = self.line
        if not line.up:
            return
        del self._queue[: len(portion)]
        pieces, delay_ms, late_ms = [portion], line.latency_ms, 0.0
        for fault in line.faults:
            pieces = [altered for piece in pieces for altered in fault.altered(self, piece)]
            delay_ms += fault.delay_ms(self)
            late_ms += fault.late_ms(self)
        self._arrived_ms = max(self._arrived_ms, line.clock.now_ms() + delay_ms)
        line.clock.call_at(self._arrived_ms + late_ms, lambda: self._arrived(pieces))
        self._pump()
        self.on_room()

    def _arrived(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            if self.line.up:
                self.other.on_receive(piece)


class Line:
    """The line. rng: of its faults. The ends' rate_bps may be changed while it is up; a is the caller's end."""

    def __init__(self, clock: Clock, profile: Profile, rng: random.Random | None = None) -> None:
        self.clock = clock
        self.latency_ms = profile.latency_ms
        self.buffer_bytes = profile.buffer_bytes
        self.packet_bytes = profile.packet_bytes
        self.up = True
        self.a, self.b = LineEnd(self, profile.up_bps), LineEnd(self, profile.down_bps)
        self.a.other, self.b.other = self.b, self.a
        self.faults = [fault.begun(self, rng or random.Random(0)) for fault in profile.faults]

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
