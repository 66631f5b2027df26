"""Gremlins over a real server, in scaled real time. What they do is kept, and can be played again over the exchange."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.gremlins.gremlin import NAMES, Event
from nocarrier_emulator.gremlins.hearing import Hearing
from nocarrier_emulator.gremlins.play import Failure, Play
from nocarrier_emulator.outside import started
from nocarrier_emulator.servers.server import Server

USERS = {name: name + "-pw" for name in NAMES}
SPEED = 25.0
_LATEST = 200  # messages among which one that comes again is looked for


class LivePlay(Play):
    """server: runs already, and has USERS. speed: of the handhelds' clock."""

    def __init__(self, number: int, server: Server, speed: float = SPEED) -> None:
        self._number, self._server, self._speed = number, server, speed
        self._error: BaseException | None = None

    def run(self, played: Sequence[Event]) -> Failure | None:
        return asyncio.run(self._live(played))

    async def _live(self, played: Sequence[Event]) -> Failure | None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._raised)
        clock = self._scaled = ScaledClock(self._speed)
        outside = started(self._server, clock)
        self._prepare(clock, self._number, False, outside)
        for name, other in (NAMES, NAMES[::-1]):
            self._comings[name] = Hearing(self.world.handhelds[name].modem, partial(self._kept, name, other)).comings
        try:
            return await self._played(played)
        finally:
            for handheld in self.world.handhelds.values():
                handheld.power_off()
            for call in list(outside.subscriber.calls):
                call.cancel()

    def _kept(self, name: str, other: str, key: str) -> bool:
        return key in self._messages(name, other, True, _LATEST)

    def _raised(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._error = self._error or context.get("exception")

    async def _wait(self, for_ms: float) -> None:
        await self._scaled.sleep(for_ms)
        if self._error is not None:
            raise self._error
