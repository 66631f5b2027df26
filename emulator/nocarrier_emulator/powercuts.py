"""A scripted conversation in which the power of one handheld goes, at every byte that it writes to its flash.

Anna's device writes to a flash that is cut; it is switched on again at once, and she goes on where she was: what she
does not find in the history she types again. Bert's device and the exchange always live. In the end both must have all
of it once, in order, and no text may have left Anna's device under two ids.

cut_everywhere() plays the conversation once, and at every byte forks a process in which the power goes there.
"""

import json
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nocarrier import events
from nocarrier.client import Client
from nocarrier.modular import ticks_diff
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.dialogue import CountingEntropy
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flash import MemoryFlash, PowerCut
from nocarrier_emulator.judging import judge

_SOON_MS = 7_000  # whatever is to happen that soon is waited for
_ROUNDS = 400  # in which two devices and an exchange come to rest
_STEP_MS = 50


class Device:
    """A client on a wire to the exchange."""

    def __init__(
        self, clock: VirtualClock, exchange: Exchange, jid: str, limits: QueueLimits, flash: MemoryFlash
    ) -> None:
        self.flash = flash
        self.shown: list[str] = []
        self._clock = clock
        self._exchange = exchange
        self._account = Account(jid, "pw", "nc")
        self._limits = limits
        self._entropy = CountingEntropy()
        self._from_server = bytearray()
        self._to_server: Callable[[bytes], None] | None = None
        self._closed: Callable[[], None] = lambda: None
        self._hung_up = False
        self.swallows = False  # the line is dead, and nobody knows yet
        self.client: Client
        self.boot()

    def boot(self) -> None:
        """Only what is on flash is left."""
        store = Store(self.flash, self._limits)
        line = LineProfile(1_000_000, 10, 5_000, True)
        self.client = Client(self._account, store, line, self._entropy)
        self.client.open()

    def power_off(self) -> None:
        self._cut_line()
        self.flash.power_off()

    def drop(self) -> None:
        """The line is gone, and the device knows."""
        self._cut_line()
        self.client.link_down()

    def step(self) -> bool:
        """Connects if need be, and moves bytes both ways. Returns whether anything has moved."""
        client, now_ms = self.client, self._clock.ticks_ms()
        if client.fault is not None or self._hung_up:
            self.drop()
        if self._to_server is None:
            self._hung_up = False
            self._to_server, self._closed = self._exchange.connect(self._from_server.extend, self._hang_up)
            client.link_up(now_ms)
        client.tick(now_ms, self._clock.utc_s())
        out = client.take(4096, now_ms)
        if out and not self.swallows:
            self._to_server(out)
        data = bytes(self._from_server)
        self._from_server.clear()
        if data and not self.swallows:
            client.receive(data, now_ms)
        while event := client.next_event():
            if event[0] == events.MESSAGE:
                self.shown.append(event[1].body)  # type: ignore[attr-defined]
        return bool(out or data)

    def texts(self, peer_jid: str, incoming: bool) -> list[str]:
        """What the history holds of one direction."""
        return [item.body for item in self.client.store.history(peer_jid, 999) if item.incoming == incoming]

    def _cut_line(self) -> None:
        if self._to_server is not None:
            self._to_server = None
            self._closed()
        self._from_server.clear()
        self.swallows = False

    def _hang_up(self) -> None:
        self._hung_up = True


@dataclass
class Verdict:
    """What went wrong, if anything."""

    wrong: list[str] = field(default_factory=list)


class Conversation:
    """flash: Anna's. archiving, tells_h: see Exchange."""

    def __init__(self, flash: MemoryFlash, archiving: bool = True, tells_h: bool = False) -> None:
        self._clock = VirtualClock()
        self._exchange = exchange = Exchange(self._clock)
        exchange.archiving, exchange.tells_h = archiving, tells_h
        exchange.mechanisms = ("PLAIN",)
        accounts = [exchange.add(name, "pw") for name in ("anna", "bert")]
        exchange.befriend(accounts[0], accounts[1])
        self._ids: dict[str, set[str]] = {}
        self._listen()
        self.bert = Device(self._clock, exchange, accounts[1].jid, QueueLimits(), MemoryFlash())
        self.anna = Device(self._clock, exchange, accounts[0].jid, QueueLimits(512, 2), flash)
        self._typed: dict[Device, list[str]] = {self.anna: [], self.bert: []}

    def play(self) -> Verdict:
        """All of the script."""
        anna, bert = self.anna, self.bert
        self._rest()
        for number in range(2):
            self._say(anna, number)
            self._say(bert, number)
            self._rest()
        anna.swallows = True  # what she sends now does not arrive, and she resumes
        self._say(anna, 2)
        self._say(bert, 2)
        self._clock.run(200)
        self._with_power(anna.step)
        self._with_power(anna.drop)
        self._rest()
        self._say(anna, 3)
        self._with_power(anna.step)  # it is with the exchange, but the answer does not come: the exchange restarts
        self._exchange.restart()
        self._say(bert, 3)
        self._rest()
        for number in range(4, 7):
            self._say(bert, number)
            self._say(anna, number)
            self._with_power(lambda: anna.client.store.mark_seen(bert.client.account.jid))
            self._rest()
        self._rest()
        return self._verdict()

    def _say(self, who: Device, number: int) -> None:
        """Types a text, once more if the power went and it is not in the history."""
        other = self.bert if who is self.anna else self.anna
        text = "%s %d" % (who.client.account.username, number)
        self._typed[who].append(text)
        peer_jid = other.client.account.jid
        while text not in who.texts(peer_jid, False):
            self._with_power(lambda: who.client.send_message(peer_jid, text))

    def _with_power(self, act: Callable[[], Any]) -> Any:
        """Acts; if the power goes meanwhile, it comes back at once."""
        try:
            return act()
        except PowerCut:
            self.anna.power_off()
            self.anna.boot()
            return True

    def _rest(self) -> None:
        """Goes on until nothing moves any more."""
        quiet = 0
        for _ in range(_ROUNDS):
            moved = self._with_power(self.anna.step)
            moved = self.bert.step() or moved
            self._clock.run(_STEP_MS)
            quiet = 0 if moved else quiet + 1
            if quiet > 4 and self.anna.client.online() and self.bert.client.online():
                wait_ms = min(self._due_ms(self.anna), self._due_ms(self.bert))
                if wait_ms > _SOON_MS:
                    return
                self._clock.run(max(1, wait_ms))
        raise AssertionError("they never come to rest")

    def _due_ms(self, who: Device) -> int:
        """In how many milliseconds it wants to be looked after."""
        due_ms = who.client.deadline_ms()
        return _SOON_MS + 1 if due_ms is None else ticks_diff(due_ms, self._clock.ticks_ms())

    def _listen(self) -> None:
        route = self._exchange.route

        def listening(stanza: Any, sender: str) -> None:
            body = stanza.find("{jabber:client}body")
            if body is not None:
                self._ids.setdefault(body.text, set()).add(stanza.get("id"))
            route(stanza, sender)

        self._exchange.route = listening  # type: ignore[method-assign]

    def _verdict(self) -> Verdict:
        verdict = Verdict()
        for who, other in ((self.anna, self.bert), (self.bert, self.anna)):
            got = other.texts(who.client.account.jid, True)
            if other is self.anna:  # her flash is small: she has seen what it keeps no more
                got = self._typed[who][: -len(got)] + got if got else got
            for what, count in judge(self._typed[who], got).items():
                if count:
                    verdict.wrong.append("%d of %s %s: %r" % (count, who.client.account.username, what, got))
            if len(set(other.shown)) < len(other.shown):
                verdict.wrong.append("shown twice: %r" % other.shown)
        for text, ids in self._ids.items():
            if len(ids) > 1:
                verdict.wrong.append("%s left under %r" % (text, ids))
        return verdict


class ForkingFlash(MemoryFlash):
    """Before each byte that is written, each flush and each removal the world is doubled: in the other one the power
    goes there.

    stride: of the bytes, only every so many-th. outcomes: of the other worlds, by where the power went.
    """

    def __init__(self, stride: int, jobs: int) -> None:
        super().__init__()
        self.outcomes: dict[str, list[str]] = {}
        self.pipe = -1  # to the world that this one was forked from
        self._stride = stride
        self._jobs = jobs
        self._others: list[tuple[int, str, int]] = []  # (process, where, pipe)

    def append(self, name: str, data: "bytes | bytearray") -> None:
        for offset in range(len(data)):
            at = self.written_bytes + offset
            if at % self._stride == 0 and self._forks("byte %d" % at):
                self.cut_after_bytes = at
                break
        try:
            super().append(name, data)
        finally:
            self.cut_after_bytes = None

    def flush(self, name: str) -> None:
        if self._forks("flush %d" % self.flushes):
            raise PowerCut
        super().flush(name)

    def remove(self, name: str) -> None:
        if self._forks("removal of " + name):
            raise PowerCut
        super().remove(name)

    def _forks(self, where: str) -> bool:
        """True in the other world."""
        if self.pipe >= 0:
            return False
        while len(self._others) >= self._jobs:
            self._wait()
        read_end, write_end = os.pipe()
        process = os.fork()
        if process:
            os.close(write_end)
            self._others.append((process, where, read_end))
            return False
        os.close(read_end)
        self.pipe = write_end
        return True

    def wait_for_all(self) -> None:
        while self._others:
            self._wait()

    def _wait(self) -> None:
        process, where, pipe = self._others.pop(0)
        with os.fdopen(pipe) as file:
            told = file.read()
        os.waitpid(process, 0)
        self.outcomes[where] = json.loads(told) if told else ["it has crashed"]


def cut_everywhere(archiving: bool, tells_h: bool, stride: int = 1, jobs: int = 2) -> dict[str, list[str]]:
    """What went wrong in each world, by where the power went; of the one without a cut under ""."""
    flash = ForkingFlash(stride, jobs)
    try:
        wrong = Conversation(flash, archiving, tells_h).play().wrong
    except BaseException:
        if flash.pipe < 0:
            raise
        wrong = [traceback.format_exc()]
    if flash.pipe >= 0:
        os.write(flash.pipe, json.dumps(wrong).encode()[:60_000])
        os._exit(0)
    flash.wait_for_all()
    return {"": wrong, **flash.outcomes}
