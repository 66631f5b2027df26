"""The ways in which lines fail, one small class each. Times between them are random, about the mean that is given.

A profile holds a fault as it was made; every line works with a copy of its own, which begun() returns.
"""

import copy
import random
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from nocarrier_emulator.line.line import Line, LineEnd

_HOUR_MS = 3_600_000


class Fault:
    """What a line asks its faults about each portion of bytes that an end sends; the answers here change nothing."""

    line: "Line"
    rng: random.Random

    def begun(self, line: "Line", rng: random.Random) -> Self:
        """One like this, for a line that has just come up."""
        own = copy.copy(self)
        own.line, own.rng = line, rng
        own.begin()
        return own

    def begin(self) -> None:
        """The line has come up."""

    def hold_ms(self, end: "LineEnd") -> float:
        """How long the portion waits before it is transmitted, and all that follow it."""
        return 0.0

    def delay_ms(self, end: "LineEnd") -> float:
        """How much later it arrives; what follows does not overtake it."""
        return 0.0

    def late_ms(self, end: "LineEnd") -> float:
        """How much later it arrives, while what follows does not wait."""
        return 0.0

    def altered(self, end: "LineEnd", portion: bytes) -> list[bytes]:
        """What arrives in its place, piece by piece."""
        return [portion]

    def _in_ms(self, per_hour: float) -> float:
        return self.rng.expovariate(per_hour / _HOUR_MS)


@dataclass
class Jitter(Fault):
    """Latency that differs from portion to portion, by up to most_ms."""

    most_ms: float

    def delay_ms(self, end: "LineEnd") -> float:
        return self.rng.uniform(0, self.most_ms)


@dataclass
class Drop(Fault):
    """The carrier is lost."""

    per_hour: float

    def begin(self) -> None:
        self.line.clock.call_later(self._in_ms(self.per_hour), self.line.drop)


@dataclass
class Retrain(Fault):
    """The modems train anew and nothing passes meanwhile, as V.34 modems do when the line gets worse."""

    per_hour: float
    least_ms: float = 2_000
    most_ms: float = 10_000
    _until_ms: float = field(default=0.0, init=False)

    def begin(self) -> None:
        self.line.clock.call_later(self._in_ms(self.per_hour), self._retrain)

    def hold_ms(self, end: "LineEnd") -> float:
        return max(0.0, self._until_ms - self.line.clock.now_ms())

    def _retrain(self) -> None:
        if self.line.up:
            self._until_ms = self.line.clock.now_ms() + self.rng.uniform(self.least_ms, self.most_ms)
            self.begin()


@dataclass
class Bursts(Fault):
    """Noise in bursts: Gilbert and Elliott's two states, good and bad, each for a while.

    bad_per_hour, bad_ms: how often and how long it is bad. lost: the share of portions that vanish meanwhile;
    corrupted: of bytes that arrive as others.
    """

    bad_per_hour: float
    bad_ms: float
    lost: float = 0.0
    corrupted: float = 0.0
    _bad_until_ms: float = field(default=-1.0, init=False)

    def begin(self) -> None:
        self.line.clock.call_later(self._in_ms(self.bad_per_hour), self._turns_bad)

    def altered(self, end: "LineEnd", portion: bytes) -> list[bytes]:
        if self.line.clock.now_ms() >= self._bad_until_ms:
            return [portion]
        if self.rng.random() < self.lost:
            return []
        return [bytes(byte ^ self._noise() for byte in portion)]

    def _noise(self) -> int:
        return self.rng.randrange(1, 256) if self.rng.random() < self.corrupted else 0

    def _turns_bad(self) -> None:
        if self.line.up:
            for_ms = self.rng.expovariate(1 / self.bad_ms)
            self._bad_until_ms = self.line.clock.now_ms() + for_ms
            self.line.clock.call_later(for_ms + self._in_ms(self.bad_per_hour), self._turns_bad)


@dataclass
class Slicing(Fault):
    """Bytes arrive in pieces of random size, of at most most_bytes."""

    most_bytes: int

    def altered(self, end: "LineEnd", portion: bytes) -> list[bytes]:
        pieces = []
        while portion:
            size = self.rng.randint(1, self.most_bytes)
            pieces.append(portion[:size])
            portion = portion[size:]
        return pieces


@dataclass
class Duplicating(Fault):
    """A packet arrives twice, with this chance: the radio did not hear that the first had been received."""

    chance: float

    def altered(self, end: "LineEnd", portion: bytes) -> list[bytes]:
        return [portion] * (2 if self.rng.random() < self.chance else 1)


@dataclass
class Reordering(Fault):
    """A packet is overtaken by those behind it, with this chance: it arrives up to most_ms later."""

    chance: float
    most_ms: float = 2_000

    def late_ms(self, end: "LineEnd") -> float:
        return self.rng.uniform(0, self.most_ms) if self.rng.random() < self.chance else 0.0


@dataclass
class BlackHole(Fault):
    """A translator of addresses forgets a connection on which nothing has passed for idle_ms; nobody is told."""

    idle_ms: float
    _passed_ms: float = field(default=0.0, init=False)

    def begin(self) -> None:
        self._passed_ms = self.line.clock.now_ms()

    def altered(self, end: "LineEnd", portion: bytes) -> list[bytes]:
        now_ms = self.line.clock.now_ms()
        if now_ms - self._passed_ms > self.idle_ms:
            return []
        self._passed_ms = now_ms
        return [portion]


@dataclass
class HalfOpen(Fault):
    """The other side is gone and nobody is told: the carrier stands, and nothing passes any more."""

    per_hour: float
    _gone: bool = field(default=False, init=False)

    def begin(self) -> None:
        self.line.clock.call_later(self._in_ms(self.per_hour), self._go)

    def altered(self, end: "LineEnd", portion: bytes) -> list[bytes]:
        return [] if self._gone else [portion]

    def _go(self) -> None:
        self._gone = True


@dataclass
class Promotion(Fault):
    """A radio that has slept for idle_ms needs some time before it sends again (GPRS: from standby to ready)."""

    idle_ms: float
    least_ms: float = 500
    most_ms: float = 2_000
    _passed_ms: float = field(default=0.0, init=False)

    def begin(self) -> None:
        self._passed_ms = self.line.clock.now_ms()

    def hold_ms(self, end: "LineEnd") -> float:
        now_ms = self.line.clock.now_ms()
        idle_ms, self._passed_ms = now_ms - self._passed_ms, now_ms
        return self.rng.uniform(self.least_ms, self.most_ms) if idle_ms > self.idle_ms else 0.0


# By the names that profiles, scripts and the page's knobs use.
FAULTS: dict[str, type[Fault]] = {
    "jitter": Jitter,
    "drop": Drop,
    "retrain": Retrain,
    "bursts": Bursts,
    "slicing": Slicing,
    "duplicating": Duplicating,
    "reordering": Reordering,
    "black_hole": BlackHole,
    "half_open": HalfOpen,
    "promotion": Promotion,
}


def made(name: str, values: dict[str, Any]) -> Fault:
    """The fault of that name. Raises ValueError for a name or value that there is not."""
    kind: Any = FAULTS.get(name)
    if kind is None:
        raise ValueError("no fault %r; there are: %s" % (name, ", ".join(FAULTS)))
    known = {each.name for each in fields(kind) if each.init}
    for key, value in values.items():
        if key not in known:
            raise ValueError("%s has no %r; it has: %s" % (name, key, ", ".join(sorted(known))))
        _check(name, key, value)
    try:
        fault = kind(**values)
    except TypeError:
        raise ValueError("%s needs all of: %s" % (name, ", ".join(sorted(known)))) from None
    assert isinstance(fault, Fault)
    return fault


def _check(name: str, key: str, value: Any) -> None:
    if type(value) not in (int, float) or not 0 <= value < 1e12:
        raise ValueError("%s: %s must be a number, and not negative" % (name, key))
    if key.endswith("_bytes") and (type(value) is not int or value < 1):
        raise ValueError("%s: %s must be a whole number, at least 1" % (name, key))
    if key in ("per_hour", "bad_per_hour", "bad_ms") and value == 0:
        raise ValueError("%s: %s must be more than 0" % (name, key))
    if key in ("chance", "lost", "corrupted") and value > 1:
        raise ValueError("%s: %s is a share, from 0 to 1" % (name, key))
