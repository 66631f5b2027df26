"""A scenario played where people watch: in scaled real time."""

from collections.abc import Callable

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.outside import Outside
from nocarrier_emulator.script.play import ScriptPlay
from nocarrier_emulator.script.script import Script

_LOOK_MS = 50


class LiveScriptPlay(ScriptPlay):
    """played() takes as long as it takes. Nothing is traced; who wants that watches `world` and `commands`.

    outside: a real server in the exchange's place.
    """

    def __init__(self, script: Script, seed: int, clock: ScaledClock, outside: Outside | None = None) -> None:
        self._scaled = clock
        self._prepare(clock, script, seed, outside=outside)

    async def _wait(self, for_s: float, until: Callable[[], bool]) -> bool:
        end_ms = min(self._scaled.now_ms() + for_s * 1000, self._until_ms)
        while not until():
            left_ms = end_ms - self._scaled.now_ms()
            if left_ms <= 0:
                return False
            await self._scaled.sleep(min(left_ms, _LOOK_MS))
        return True
