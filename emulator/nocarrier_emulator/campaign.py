"""Bad days in virtual time: two handhelds write to each other while everything that can fail fails, by seed.

Lines drop, power goes (between writes and in the middle of one), the exchange restarts, forgets sessions, tells its h
or does not, archives or does not. In the end each side must have what the other's user has typed: once, in order.
"""

import random
from dataclasses import dataclass
from functools import partial

from nocarrier import events
from nocarrier.queue.history import HistoryItem
from nocarrier.queue.limits import QueueLimits
from nocarrier_emulator.clock import Action, VirtualClock
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.judging import judge
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.world import World

_NAMES = ("anna", "bert")
_SPAN_MS = 240_000
_PATIENCE_MS = 7_200_000  # of virtual time, for all to arrive
_TEXTS = ("hello", "Grüße", "привет", "你好 😀", "<&> ]]>", "+++\r\nNO CARRIER\r\n")


@dataclass
class Outcome:
    """What became of one campaign."""

    sent: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    drops: int = 0
    power_cuts: int = 0
    restarts: int = 0
    seconds: float = 0.0

    def ok(self) -> bool:
        return not (self.lost or self.duplicated or self.reordered)


class User:
    """Somebody with a handheld, who types what is on the list and types again what the handheld did not take."""

    def __init__(self, handheld: Handheld, peer_jid: str) -> None:
        self.handheld = handheld
        self.peer_jid = peer_jid
        self.typed: list[str] = []
        self.to_type: list[str] = []
        self._seen: dict[int, str] = {}  # number to text of what came, in the order in which it was seen

    def type(self) -> None:
        """Types what is to be typed, while the handheld is on."""
        while self.to_type and self.handheld.app is not None:
            body = self.to_type[0]
            taken = [item.body for item in self.history() if not item.incoming]
            if body in taken or self.handheld.send(self.peer_jid, body):
                self.typed.append(self.to_type.pop(0))

    def history(self) -> list[HistoryItem]:
        return self.handheld.client.store.history(self.peer_jid, 500)

    def on_event(self, kind: int, value: object) -> None:
        """Something happened on the handheld."""
        if kind == events.MESSAGE:
            self.look()

    def look(self) -> None:
        """Reads the newest lines: a small flash does not keep them for ever."""
        if self.handheld.app is not None:
            for item in self.history():
                if item.incoming:
                    self._seen.setdefault(item.seq, item.body)

    def received(self) -> list[str]:
        """What has come, in the order of the conversation, as often as it came."""
        self.look()
        return [body for _, body in sorted(self._seen.items())]


class Campaign:
    """One seed's worth. messages: each way."""

    def __init__(self, seed: int, messages: int = 12, drops: int = 8, power_cuts: int = 6, restarts: int = 2) -> None:
        pick = self._random = random.Random(seed)
        self.outcome = Outcome()
        self.clock = VirtualClock()
        rate_bps, latency_ms = pick.choice(((2400, 300), (9600, 100), (1200, 600)))
        world = World(self.clock, seed, plain(rate_bps, latency_ms))
        self.exchange = world.exchange
        self.exchange.tells_h = pick.random() < 0.5
        self.exchange.archiving = pick.random() < 0.7
        self.exchange.resume_ms = pick.choice((0.0, 5_000.0, 600_000.0))
        limits = QueueLimits(*pick.choice(((4096, 16), (1024, 4), (1024, 2))))
        anna, bert = (world.add(name, limits) for name in _NAMES)
        world.befriend(*_NAMES)
        self.users = [User(anna, bert.account.jid), User(bert, anna.account.jid)]
        for user in self.users:
            user.handheld.on_event = user.on_event
            user.handheld.power_on()
        for user in self.users:
            for i in range(messages):
                text = "%d %s" % (i + 1, pick.choice(_TEXTS))
                self._at(pick.uniform(0, _SPAN_MS), partial(self._write, user, text))
        for count, act in ((drops, self._drop), (power_cuts, self._cut_power), (restarts, self._restart)):
            for _ in range(count):
                self._at(pick.uniform(2_000, _SPAN_MS), act)

    def run(self) -> Outcome:
        """Plays it to its end, and longer: so that what would come twice may come."""
        self.clock.run(_SPAN_MS)
        while self.clock.now_ms() < _PATIENCE_MS and not self._all_there():
            self.clock.run(5_000)
        self.clock.run(120_000)
        outcome = self.outcome
        outcome.seconds = self.clock.now_ms() / 1000
        for user, other in (self.users, self.users[::-1]):
            sent, got = user.typed + user.to_type, other.received()
            outcome.sent += len(sent)
            for what, count in judge(sent, got).items():
                setattr(outcome, what, getattr(outcome, what) + count)
        return outcome

    def _all_there(self) -> bool:
        a, b = self.users
        return not (a.to_type or b.to_type) and (
            len(a.received()) >= len(b.typed) and len(b.received()) >= len(a.typed)
        )

    def _at(self, at_ms: float, act: Action) -> None:
        self.clock.call_later(at_ms, act)

    def _write(self, user: User, text: str) -> None:
        # In the order of the list, whatever the time: numbers are what order is judged by.
        user.to_type.append("%d %s" % (len(user.typed) + len(user.to_type) + 1, text.partition(" ")[2]))
        user.type()

    def _drop(self) -> None:
        modem = self._random.choice(self.users).handheld.modem
        if modem.connected:
            self.outcome.drops += 1
            modem.drop_carrier()

    def _cut_power(self) -> None:
        """Now, or in the middle of a write that is to come."""
        user = self._random.choice(self.users)
        flash = user.handheld.flash
        assert isinstance(flash, MemoryFlash)
        if user.handheld.app is None:
            return
        self.outcome.power_cuts += 1
        if self._random.random() < 0.4:
            user.handheld.power_off()
        else:
            flash.cut_after_bytes = flash.written_bytes + self._random.randrange(300)
        self._at(self._random.uniform(3_000, 20_000), lambda: self._switch_on(user))

    def _switch_on(self, user: User) -> None:
        if user.handheld.app is not None:
            user.handheld.power_off()
        user.handheld.power_on()
        user.look()
        user.type()

    def _restart(self) -> None:
        self.outcome.restarts += 1
        self.exchange.restart(keep_sessions=self._random.random() < 0.5)
