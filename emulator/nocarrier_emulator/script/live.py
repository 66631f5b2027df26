"""A scenario played in scaled real time: where people watch, and where handhelds are processes."""

from collections.abc import Callable, Mapping

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.outside import Outside
from nocarrier_emulator.remotehandheld import Program
from nocarrier_emulator.script.play import Outcome, ScriptPlay
from nocarrier_emulator.script.script import Script

_LOOK_MS = 50


class LiveScriptPlay(ScriptPlay):
    """played() takes as long as it takes. Nothing is traced; who wants that watches `world` and `commands`.

    outside: a real server in the exchange's place. programs: of handhelds that are processes, by name.
    """

    def __init__(
        self,
        script: Script,
        seed: int,
        clock: ScaledClock,
        outside: Outside | None = None,
        programs: Mapping[str, Program] | None = None,
        profile: str = "",
        until_s: float | None = None,
    ) -> None:
        self._scaled = clock
        self._prepare(clock, script, seed, profile, until_s, outside, programs)

    async def _wait(self, for_s: float, until: Callable[[], bool]) -> bool:
        end_ms = min(self._scaled.now_ms() + for_s * 1000, self._until_ms)
        while not until() and not self._broken():
            left_ms = end_ms - self._scaled.now_ms()
            if left_ms <= 0:
                return False
            await self._scaled.sleep(min(left_ms, _LOOK_MS))
        return not self._broken()

    def _broken(self) -> str:
        return "".join(str(handheld.fault) for handheld in self.world.handhelds.values() if handheld.fault)


async def play(
    script: Script, seed: int, speed: int, programs: Mapping[str, Program], profile: str, until_s: float | None
) -> Outcome:
    """One with handhelds that are processes, traced. Raises ScriptError. speed: of their time."""
    live = LiveScriptPlay(script, seed, ScaledClock(speed), None, programs, profile, until_s)
    live.trace()
    try:
        await live.played()
    finally:
        await live.world.close()
    return live.outcome
