"""Lets a gremlin at two handhelds, then mends everything, and looks whether all is as it should be.

Every message that a handheld has taken must be with the other, once and in order; nothing may raise, nor run for ever;
and from wherever the gremlin has left it, Escape leads back to the contacts.
"""

import random
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nocarrier.queue import states
from nocarrier.queue.limits import QueueLimits
from nocarrier_emulator.clock import Clock, VirtualClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.gremlins.gremlin import NAMES, Event, events
from nocarrier_emulator.hardware import Hardware
from nocarrier_emulator.judging import Comings, judge
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.outside import Outside
from nocarrier_emulator.remotehandheld import Program
from nocarrier_emulator.trace.trace import Trace
from nocarrier_emulator.world import World
from nocarrier_ports.handset import keys

_ALARMS = 100_000  # between two events: more is a stall
_PATIENCE_MS = 7_200_000
_LOOK_MS = 10_000
_QUIET_MS = 120_000  # in which what would come twice comes
_ESCAPES = 12
_HISTORY = 100_000
_FAILED = states.NAMES[states.FAILED]


@dataclass(frozen=True)
class Failure:
    """kind: what went wrong, by which one failure is known to be the same as another; text: more of it."""

    kind: str
    text: str = ""


class Stalled(Exception):
    """Something is done again and again, and time does not go on."""


class Play:
    """One play of a list of events in the world of that number, in virtual time. trace: of it all, if it is wanted."""

    def __init__(self, number: int, trace: bool = False) -> None:
        self._clock = VirtualClock()
        self._prepare(self._clock, number, trace)

    def _prepare(
        self,
        clock: Clock,
        number: int,
        trace: bool,
        outside: Outside | None = None,
        programs: Mapping[str, Program] | None = None,
    ) -> None:
        self.clock = clock
        rng = random.Random(number)
        rate_bps, latency_ms = rng.choice(((2400, 300), (9600, 100), (1200, 600)))
        self.world = World(clock, number, plain(rate_bps, latency_ms), outside)
        exchange = self.world.exchange
        exchange.tells_h = rng.random() < 0.5
        exchange.archiving = rng.random() < 0.8
        exchange.resume_ms = rng.choice((0.0, 5_000.0, 600_000.0))
        for name in NAMES:
            limits = QueueLimits(*rng.choice(((8192, 32), (16384, 16))))
            if programs and name in programs:
                self.world.add_process(name, programs[name], limits)
            else:
                self.world.add(name, limits)
        self.world.befriend(*NAMES)
        exchange.sasl2 = rng.random() < 0.5
        self.commands = Commands(self.world)
        self.trace = Trace(self.clock) if trace else None
        if self.trace is not None:
            self.trace.watch(self.world, self.commands)
        self._comings: dict[str, Comings] = {}  # by who is given an older message behind a younger one, and shows it so
        self._alarms = 0

    def run(self, played: Sequence[Event]) -> Failure | None:
        """What went wrong first; None: nothing."""
        playing = self._played(played)
        try:
            playing.send(None)
        except StopIteration as done:
            failure: Failure | None = done.value
            return failure
        raise AssertionError("virtual time waits for nobody")

    async def _played(self, played: Sequence[Event]) -> Failure | None:
        try:
            for handheld in self.world.handhelds.values():
                handheld.power_on()
            for event in played:
                await self._wait(event.pause_ms)
                self.commands.run(event.command)
            self._mend()
            return await self._settle() or await self._left()
        except Stalled:
            return Failure("stall", "time stands still at %.3f" % self.clock.now_ms())
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            return Failure("%s in %s" % (type(error).__name__, frame.name), traceback.format_exc())

    async def _wait(self, for_ms: float) -> None:
        self._alarms = 0
        if self._clock.run(for_ms, self._too_many):
            raise Stalled

    def _too_many(self) -> bool:
        self._alarms += 1
        return self._alarms > _ALARMS

    def _mend(self) -> None:
        for handheld in self.world.handhelds.values():
            handheld.modem.set_plugged(True)
            handheld.set_rate(self.world.profile.up_bps)  # at 300 bit/s what is left would take hours
            handheld.power_off()
            handheld.power_on()

    async def _settle(self) -> Failure | None:
        """Until nothing is missing or more to be expected; and a little longer, for what would come twice."""
        end_ms = self.clock.now_ms() + _PATIENCE_MS
        busy_ms = self.clock.now_ms()
        while self.clock.now_ms() < end_ms and self.clock.now_ms() - busy_ms < _QUIET_MS:
            if not all([self._idle(name) for name in NAMES]):
                busy_ms = self.clock.now_ms()
            elif not await self._wrong():
                break
            await self._wait(_LOOK_MS)
        await self._wait(_QUIET_MS)
        return await self._wrong()

    def _idle(self, name: str) -> bool:
        """Online, and nothing is under way or waits; who has hung up is made to call."""
        handheld = self.world.handhelds[name]
        if handheld.fault is not None:
            raise handheld.fault
        handheld.redial()
        return handheld.settled()

    async def _known(self) -> None:
        """When of each handheld all is known that it shows and keeps: in this process that is always so."""

    async def _wrong(self) -> Failure | None:
        await self._known()
        for name, other in (NAMES, NAMES[::-1]):
            sent = self._messages(name, other, False)
            got = self._messages(other, name, True)
            for what, count in judge(sent, got, self._comings.get(other)).items():
                if count and what != "late":
                    return Failure(what, "%d from %s to %s:\n%r\n%r" % (count, name, other, sent, got))
        return None

    def _messages(self, name: str, other: str, incoming: bool, most: int = _HISTORY) -> list[str]:
        """Ids and texts of what has gone one way, as this one has them."""
        kept = self.world.handhelds[name].messages(self.world.handhelds[other].account.jid, most)
        return [
            "%s %s" % (message.message_id, message.body)
            for message in kept
            if message.incoming == incoming and message.state != _FAILED
        ]

    async def _left(self) -> Failure | None:
        for handheld in self.world.handhelds.values():
            for _ in range(_ESCAPES):
                handheld.key(keys.ESCAPE)
        await self._known()
        for handheld in self.world.handhelds.values():
            if not _shows_contacts(handheld):
                return Failure("screen that cannot be left", handheld.surface.plain())
        return None


def _shows_contacts(handheld: Hardware) -> bool:
    return handheld.surface.plain().split("\n")[1] == "contacts"


def play(number: int, count: int) -> Failure | None:
    """That gremlin's first so many events."""
    return Play(number).run(events(number, count))
