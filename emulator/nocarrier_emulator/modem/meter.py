"""What a modem's calls have carried, how long they have lasted, and what they cost."""

from nocarrier_emulator.clock import Clock
from nocarrier_emulator.line.tariff import Tariff

_LAMP_MS = 150  # how long SD and RD stay lit after a byte


class Meter:
    """bytes_up, bytes_down: that went over lines, from and to the terminal."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.bytes_up = self.bytes_down = 0
        self._up_ms = self._down_ms = -1e9  # when the last of them passed
        self._calls_ms = self._paid = 0.0  # of calls that are over
        self._since_ms: float | None = None  # the one that stands
        self._bytes_before = 0
        self._tariff = Tariff()

    def begin(self, tariff: Tariff) -> None:
        """A call stands."""
        self._since_ms = self._clock.now_ms()
        self._bytes_before = self.bytes_up + self.bytes_down
        self._tariff = tariff

    def end(self) -> None:
        """It is over, if one stood."""
        self._calls_ms, self._paid = self.connected_ms(), self.cost()
        self._since_ms = None

    def up(self, size_bytes: int) -> None:
        self.bytes_up += size_bytes
        self._up_ms = self._clock.now_ms()

    def down(self, size_bytes: int) -> None:
        self.bytes_down += size_bytes
        self._down_ms = self._clock.now_ms()

    def connected_ms(self) -> float:
        """How long calls have stood, all together."""
        return self._calls_ms + (0 if self._since_ms is None else self._clock.now_ms() - self._since_ms)

    def cost(self) -> float:
        """What they have cost until now, each by its tariff."""
        if self._since_ms is None:
            return self._paid
        seconds = (self._clock.now_ms() - self._since_ms) / 1000
        return self._paid + self._tariff.cost(seconds, self.bytes_up + self.bytes_down - self._bytes_before)

    def lamps(self) -> dict[str, bool]:
        """SD and RD: bytes pass, or did a moment ago."""
        now_ms = self._clock.now_ms()
        return {"SD": now_ms - self._up_ms < _LAMP_MS, "RD": now_ms - self._down_ms < _LAMP_MS}
