"""Many handhelds on one exchange, in pairs that write to each other: what the emulator's speed is measured by."""

from functools import partial

from nocarrier import events
from nocarrier.queue.limits import QueueLimits
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.world import World

_EVERY_MS = 60_000  # each sends a message so often
_DROP_MS = 600_000  # and loses its carrier so often
_BODY_CHARS = 100
_LIMITS = QueueLimits(4096, 4)


class Crowd:
    """count: of handhelds, an even number. sent, received: messages until now. screens: pictures that were shown."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self.clock = VirtualClock()
        self.world = World(self.clock, seed, plain(2400, 100))
        self.sent = self.received = self.screens = self.drops = 0
        names = ["h%d" % i for i in range(count)]
        for name in names:
            self.world.add(name, _LIMITS)
        for name, other in zip(names[::2], names[1::2], strict=True):
            self.world.befriend(name, other)
        for name, other in zip(names, [names[i ^ 1] for i in range(count)], strict=True):
            self._switch_on(name, self.world.handhelds[other].account.jid)

    def _switch_on(self, name: str, peer: str) -> None:
        """Somewhere within the first minute, so that not all do the same at the same time."""
        handheld, rng = self.world.handhelds[name], self.world.rng
        handheld.on_event = self._event
        handheld.surface.on_show = self._shown
        self.clock.call_later(rng.uniform(0, _EVERY_MS), handheld.power_on)
        self.clock.call_later(rng.uniform(_EVERY_MS, 2 * _EVERY_MS), partial(self._send, name, peer, 1))
        self.clock.call_later(rng.uniform(_EVERY_MS, _DROP_MS), partial(self._drop, name))

    def _send(self, name: str, peer: str, number: int) -> None:
        self.sent += self.world.handhelds[name].send(peer, ("%d from %s " % (number, name)).ljust(_BODY_CHARS, "."))
        self.clock.call_later(_EVERY_MS, partial(self._send, name, peer, number + 1))

    def _drop(self, name: str) -> None:
        modem = self.world.handhelds[name].modem
        self.drops += modem.connected
        modem.drop_carrier()
        self.clock.call_later(_DROP_MS, partial(self._drop, name))

    def _event(self, kind: int, value: object) -> None:
        self.received += kind == events.MESSAGE

    def _shown(self) -> None:
        self.screens += 1
