"""A battery: it drains while the handheld is on, faster during calls, and when it is empty the power goes."""

from collections.abc import Callable
from dataclasses import dataclass

from nocarrier_emulator.clock import Clock

_TICK_MS = 10_000.0
_HOUR_MS = 3_600_000.0


@dataclass(frozen=True)
class Cell:
    """2,000 mAh at 3.7 V. What a handheld draws when it is on, and besides in a call: guesses, not measurements."""

    capacity_mwh: float = 7_400.0
    awake_mw: float = 300.0
    call_mw: float = 400.0


class Battery:
    """charge: from 1, full, to 0. load_mw(): what is drawn now. on_empty(): called once each time it runs empty."""

    def __init__(self, clock: Clock, cell: Cell, load_mw: Callable[[], float], on_empty: Callable[[], None]) -> None:
        self.cell = cell
        self.charge = 1.0
        self._clock = clock
        self._load_mw, self._on_empty = load_mw, on_empty
        clock.call_later(_TICK_MS, self._tick)

    def set_charge(self, charge: float) -> None:
        """It is another one, or was charged."""
        before, self.charge = self.charge, charge
        if before > 0 >= charge:
            self._on_empty()

    def _tick(self) -> None:
        used = self._load_mw() * _TICK_MS / _HOUR_MS / self.cell.capacity_mwh
        if used:
            self.set_charge(max(0.0, self.charge - used))
        self._clock.call_later(_TICK_MS, self._tick)
