"""Two devices write to each other, and one of them to a raw observer, while all fails: lines, power, the server.

In real time, at a real server. Every message must be with the other device's application once and in order, and with
the observer, which would not know it again, once and in order too.
"""

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from nocarrier import events
from nocarrier.queue import states
from nocarrier.queue.limits import QueueLimits
from nocarrier.session.line import LineProfile
from nocarrier_emulator.campaign import judge
from nocarrier_emulator.faultylink import DROP, FAULTS, FaultyLink
from nocarrier_emulator.flash import MemoryFlash, PowerCut
from nocarrier_emulator.netdevice import NetDevice
from nocarrier_emulator.rawobserver import RawObserver
from nocarrier_emulator.servers.server import Server
from nocarrier_ports import runner
from nocarrier_ports.links.tcp import TcpLink

ANNA, BERT, OBSERVER = "anna", "bert", "carl"
_AHEAD = 6  # messages that wait at a time
_PATIENCE_S = 120.0
_LONGEST_BYTES = 8_000
_SPEED = 8  # of the devices' clock: half a minute of patience with a server that goes down is four seconds
_QUIET_S = 15.0  # so long after nothing is under way any more nothing comes; a server's plea for patience is shorter
_HOLE_S = 3.0  # a black hole in which nobody has anything to say is one for ever: then the carrier falls
_LIMITS = QueueLimits(65536, 128)  # all is kept
_LATEST = 40  # lines of a history that are looked at after a restart of the device


@dataclass
class Outcome:
    """What happened; both ways, and at the observer.

    lost_by_server: it had acknowledged them, and did not deliver them when it was stopped.
    """

    seed: int
    sent: int = 0
    observed: int = 0
    lost: int = 0
    lost_by_server: int = 0
    duplicated: int = 0
    reordered: int = 0
    cuts: int = 0
    restarts: int = 0
    kills: int = 0
    seconds: float = 0.0

    def ok(self) -> bool:
        return not (self.lost or self.duplicated or self.reordered)


class Party:
    """Somebody with a device that is killed and switched on again. typed: what the device has taken, by number."""

    def __init__(self, server: Server, name: str, peer: str, rng: random.Random) -> None:
        self.typed: dict[str, list[str]] = {}
        self.got: dict[int, str] = {}  # by the device's own numbers
        self._server = server
        self._name = name
        self._peer_jid = "%s@%s" % (peer, server.domain)
        self._rng = rng
        self._flash = MemoryFlash(1 << 24)
        self._in_hole_since = 0.0
        self.link: FaultyLink
        self.device: NetDevice
        self._boot()

    def _boot(self) -> None:
        self.link = FaultyLink(TcpLink("127.0.0.1", self._server.port))
        line = LineProfile(1_000_000, 40, 1, True)
        self.device = NetDevice(
            self._server, self._name, flash=self._flash, trusted=True, line=line, inner=self.link, queue=_LIMITS,
            speed=_SPEED,
        )  # fmt: skip
        for item in self.device.client.store.history(self._peer_jid, _LATEST):
            if item.incoming:
                self.got.setdefault(item.seq, item.body)

    def kill(self) -> None:
        """The power goes: between two writes, or in the middle of one that is to come."""
        if self._rng.random() < 0.5:
            self._flash.cut_after_bytes = self._flash.written_bytes + self._rng.randrange(400)
        else:
            self._power_cut()

    def type(self, to: str, body: str) -> None:
        """Types a message, and again if the power went meanwhile and the history does not have it."""
        jid = "%s@%s" % (to, self._server.domain)
        self.typed.setdefault(to, []).append(body)
        while body not in [item.body for item in self.device.client.store.history(jid, 3) if not item.incoming]:
            self._with_power(lambda: self.device.client.send_message(jid, body))

    def step(self) -> None:
        self._with_power(self.device.step)
        if not self.link.failed:
            self._in_hole_since = time.monotonic()
        elif time.monotonic() - self._in_hole_since > _HOLE_S:
            self.link.fail(DROP)
        for kind, value in self.device.events:
            if kind == events.MESSAGE:
                self.got.setdefault(value.seq, value.body)
        del self.device.events[:]
        del self.device.flights[:-1]

    def acknowledged(self, to: str, body: str) -> bool:
        """True if the device has the server's word for this message."""
        for item in self.device.client.store.history("%s@%s" % (to, self._server.domain), 1 << 20, 0, 1 << 30):
            if item.body == body and not item.incoming:
                return item.state in (states.ON_SERVER, states.DELIVERED, states.READ)
        return False

    def idle(self) -> bool:
        """Nothing waits and nothing is under way."""
        client = self.device.client
        return client.online() and client.session.settled() and client.store.outbox.next_queued() is None

    def received(self) -> list[str]:
        return [body for _, body in sorted(self.got.items())]

    def _with_power(self, act: Callable[[], object]) -> None:
        try:
            act()
        except PowerCut:
            self._power_cut()

    def _power_cut(self) -> None:
        self._flash.cut_after_bytes = None
        self.link.close()
        self._flash.power_off()
        self._boot()


class Deliveries:
    """messages: each way; as many more go to the observer. cuts, kills: of both devices together."""

    def __init__(self, server: Server, seed: int, messages: int, cuts: int, restarts: int, kills: int) -> None:
        self._rng = random.Random(seed)
        self._server = server
        self._messages = messages
        self.outcome = Outcome(seed)
        self._parties = (Party(server, ANNA, BERT, self._rng), Party(server, BERT, ANNA, self._rng))
        self._observer = RawObserver(server, OBSERVER)
        self._written_off = [0, 0, 0]  # of those for Anna, Bert and the observer
        # After how many messages of Anna's what happens; spread evenly, in any order.
        acts = [self._cut] * cuts + [self._restart] * restarts + [self._kill] * kills
        self._rng.shuffle(acts)
        self._acts = [(messages * (number + 1) / (len(acts) + 1), act) for number, act in enumerate(acts)]

    def run(self) -> Outcome:
        """Plays it. Raises AssertionError if it does not come to an end."""
        began = time.monotonic()
        anna, bert = self._parties
        self._until(lambda: self._observer.online and anna.device.ready() and bert.device.ready())
        for number in itertools.count():
            if number < self._messages:
                anna.type(BERT, "anna %d" % number)
                anna.type(OBSERVER, "for carl %d" % number)
                bert.type(ANNA, "bert %d" % number)
            while self._acts and self._acts[0][0] <= number:
                self._acts.pop(0)[1]()
            if number >= self._messages and not self._acts:
                break
            self._until(lambda n=number: self._behind(n) < _AHEAD)  # type: ignore[misc]
        self._until(lambda: self._behind(self._messages) <= 0 and anna.idle() and bert.idle())
        for _ in range(300):  # what comes twice has time to come
            self._step()
        self._judge()
        self.outcome.seconds = round(time.monotonic() - began, 1)
        for party in self._parties:
            party.device.log_out()
        self._observer.close()
        return self.outcome

    def _behind(self, number: int) -> int:
        """How many messages the slowest has not got yet."""
        anna, bert = self._parties
        got = (len(anna.got), len(bert.got), len(self._observer.got))
        return number - min(map(sum, zip(got, self._written_off, strict=True)))

    def _cut(self) -> None:
        """A line fails at one of the bytes to come; the fault before must have happened."""
        party = self._rng.choice(self._parties)
        self._until(lambda: not party.link.failed and party.device.runner.state == runner.CONNECTED)
        party.link.plan(self._rng.randrange(1, _LONGEST_BYTES), self._rng.choice(FAULTS))
        self.outcome.cuts += 1

    def _kill(self) -> None:
        self._rng.choice(self._parties).kill()
        self.outcome.kills += 1

    def _restart(self) -> None:
        self._server.stop()
        self._server.start()
        self.outcome.restarts += 1

    def _step(self) -> None:
        for party in self._parties:
            party.step()
        self._observer.step()
        time.sleep(0.0005)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        quiet_since = time.monotonic()
        while not condition():
            if not all(party.idle() for party in self._parties):
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > _QUIET_S:
                self._write_off()
                quiet_since = time.monotonic()
            assert time.monotonic() < deadline, "it does not go on: %r %r %r %r" % (
                self.outcome, [(p.device.client.online(), p.device.runner.state) for p in self._parties],
                [len(p.got) for p in self._parties], len(self._observer.got),
            )  # fmt: skip
            self._step()

    def _ways(self) -> "list[tuple[Party, str, list[str], list[str]]]":
        """(who wrote, to whom, what, what has come of it), to Anna, Bert and the observer."""
        anna, bert = self._parties
        return [
            (bert, ANNA, bert.typed[ANNA], anna.received()),
            (anna, BERT, anna.typed[BERT], bert.received()),
            (anna, OBSERVER, anna.typed[OBSERVER], self._observer.got),
        ]

    def _write_off(self) -> None:
        """All is quiet: what has not come, though the server has acknowledged it, will not."""
        for way, (party, to, typed, got) in enumerate(self._ways()):
            there = set(got)
            missing = sum(text not in there and party.acknowledged(to, text) for text in typed)
            self.outcome.lost_by_server += missing - self._written_off[way]
            self._written_off[way] = missing

    def _judge(self) -> None:
        for way, (_, _, typed, got) in enumerate(self._ways()):
            self.outcome.lost -= self._written_off[way]
            for what, count in judge(typed, got).items():
                setattr(self.outcome, what, getattr(self.outcome, what) + count)
        anna, bert = self._parties
        self.outcome.sent = len(anna.typed[BERT]) + len(bert.typed[ANNA])
        self.outcome.observed = len(self._observer.got)
