"""The escape from data state to command state (V.250 §5.2): silence, three characters, silence."""

from collections.abc import Callable

from nocarrier_emulator.clock import Alarm, Clock

_COUNT = 3


class Escape:
    """on_escape(): called when the second silence is over."""

    def __init__(self, clock: Clock, on_escape: Callable[[], None]) -> None:
        self._clock = clock
        self._on_escape = on_escape
        self._alarm: Alarm | None = None
        self._seen = 0
        self._heard_ms = -1e9

    def begin(self) -> None:
        """Data state begins."""
        self._heard_ms = self._clock.now_ms()

    def data(self, data: bytes, character: int, guard_ms: float) -> None:
        """The terminal has sent this. character: above 127 there is no escape."""
        now_ms = self._clock.now_ms()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        fresh = now_ms - self._heard_ms >= guard_ms
        self._heard_ms = now_ms
        if data.strip(bytes([character])) or character > 127:
            self._seen = 0
            return
        self._seen = (0 if fresh else self._seen) + len(data) if fresh or self._seen else 0
        if self._seen == _COUNT:
            self._alarm = self._clock.call_later(guard_ms, self._escaped)

    def _escaped(self) -> None:
        self._alarm = None
        self._seen = 0
        self._on_escape()
