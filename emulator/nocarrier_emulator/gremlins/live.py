"""Gremlins in scaled real time: over a real server, and at handhelds that are processes.

What they do is kept, and can be played again in virtual time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.gremlins.gremlin import NAMES, Event
from nocarrier_emulator.gremlins.hearing import Hearing
from nocarrier_emulator.gremlins.play import Failure, Play
from nocarrier_emulator.outside import started
from nocarrier_emulator.remotehandheld import Program, RemoteHandheld
from nocarrier_emulator.servers.server import Server

USERS = {name: name + "-pw" for name in NAMES}
SPEED = 25
_LATEST = 200  # messages among which one that comes again is looked for


class TooLittleHeap(Exception):
    """A handheld had less left than it should always have."""


class LivePlay(Play):
    """server: runs already, and has USERS; None: the exchange. speed: of the handhelds' clock.

    programs: of handhelds that are processes, by name. heap_floor_bytes: less free memory there is a failure.
    """

    def __init__(
        self,
        number: int,
        server: Server | None = None,
        speed: int = SPEED,
        programs: Mapping[str, Program] | None = None,
        heap_floor_bytes: int = 0,
    ) -> None:
        self._number, self._server, self._speed = number, server, speed
        self._programs, self._heap_floor_bytes = programs, heap_floor_bytes
        self._error: BaseException | None = None

    def run(self, played: Sequence[Event]) -> Failure | None:
        return asyncio.run(self._live(played))

    async def _live(self, played: Sequence[Event]) -> Failure | None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._raised)
        clock = self._scaled = ScaledClock(self._speed)
        outside = started(self._server, clock) if self._server else None
        self._prepare(clock, self._number, False, outside, self._programs)
        for name, other in (NAMES, NAMES[::-1]) if outside else ():
            self._comings[name] = Hearing(self.world.handhelds[name].modem, partial(self._kept, name, other)).comings
        try:
            return await self._played(played)
        finally:
            await self.world.close()
            for call in list(outside.subscriber.calls) if outside else ():
                call.cancel()

    def _kept(self, name: str, other: str, key: str) -> bool:
        return key in self._messages(name, other, True, _LATEST)

    def _processes(self) -> list[RemoteHandheld]:
        return [handheld for handheld in self.world.handhelds.values() if isinstance(handheld, RemoteHandheld)]

    async def _known(self) -> None:
        for handheld in self._processes():
            await handheld.known()

    def _raised(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._error = self._error or context.get("exception")

    async def _wait(self, for_ms: float) -> None:
        await self._scaled.sleep(for_ms)
        if self._error is not None:
            raise self._error
        for handheld in self._processes():
            free = handheld.least_heap_free_bytes
            if free is not None and free < self._heap_floor_bytes:
                raise TooLittleHeap("%d bytes were free" % free)
            if handheld.out_of_memory():
                raise TooLittleHeap("it refused for want of memory: %s" % list(handheld.refusals))
