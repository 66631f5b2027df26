"""Who plays at the desk besides the people who look at it: a gremlin, or a scenario."""

import asyncio
from collections.abc import Coroutine

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.gremlins.gremlin import events
from nocarrier_emulator.script.live import LiveScriptPlay
from nocarrier_emulator.script.play import PASSED

GREMLIN_EVENTS = 2_000


class Player:
    """One thing at a time. playing: what it is; "" if nothing. said: what the last one has come to."""

    def __init__(self, clock: ScaledClock) -> None:
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self.playing = self.said = ""

    def gremlin(self, number: int, commands: Commands) -> None:
        """Lets that one loose, for so many events."""
        self._start("gremlin %d" % number, self._gremlin(number, commands))

    def scenario(self, play: LiveScriptPlay) -> None:
        """From its beginning to its end, or to the first of its expectations that does not come."""
        self._start(play.outcome.script.name, self._scenario(play))

    def stop(self) -> None:
        """What plays, if anything does."""
        if self._task is not None:
            self._task.cancel()
            self._task, self.said = None, self.playing + " was stopped"
        self.playing = ""

    def raised(self, error: BaseException) -> None:
        """Something in the world has broken: who plays is stopped, for it has found what it was looking for."""
        who = self.playing
        self.stop()
        self.said = "%s%s: %s" % (who + " has found " if who else "", type(error).__name__, error)

    def _start(self, what: str, playing: Coroutine[None, None, str]) -> None:
        self.stop()
        self.playing, self.said = what, ""
        self._task = asyncio.get_running_loop().create_task(self._played(what, playing))

    async def _played(self, what: str, playing: Coroutine[None, None, str]) -> None:
        try:
            said = await playing
        except Exception as error:
            self._task = None
            self.raised(error)
            return
        self._task, self.playing, self.said = None, "", "%s %s" % (what, said)

    async def _gremlin(self, number: int, commands: Commands) -> str:
        for event in events(number, GREMLIN_EVENTS):
            await self._clock.sleep(event.pause_ms)
            commands.run(event.command)
        return "has done all its %d deeds" % GREMLIN_EVENTS

    @staticmethod
    async def _scenario(play: LiveScriptPlay) -> str:
        await play.played()
        if play.outcome.outcome == PASSED:
            return "passed"
        last = play.outcome.results[-1]
        return "%s: %s: %s" % (last.outcome, last.step.text(), last.why)
