"""Two devices write to each other, and one of them to a raw observer, while all fails: lines, power, the server.

In real time, at a real server. Every message must be with the other device's application once and in order, and with
the observer, which would not know it again, once and in order too.
"""

import itertools
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from nocarrier_emulator.faultylink import FAULTS
from nocarrier_emulator.foreignparty import ForeignParty
from nocarrier_emulator.judging import judge, turned
from nocarrier_emulator.parties import DeviceParty, Party
from nocarrier_emulator.rawobserver import RawObserver
from nocarrier_emulator.servers.server import Server

ANNA, BERT, OBSERVER = "anna", "bert", "carl"
USERS = {ANNA: "anna-pw", BERT: "bert-pw", OBSERVER: "carl-pw"}
_AHEAD = 6  # messages that wait at a time
_PATIENCE_S = 120.0
_LONGEST_BYTES = 4_000
_QUIET_S = 15.0  # so long after nothing is under way any more nothing comes; a server's plea for patience is shorter
_QUIET_FOREIGN_S = 3.0
_NO_SUM = ("seed", "ended")


@dataclass
class Plan:
    """What is to happen. messages: each way; as many more go to the observer. cuts, kills: of both devices together.

    restarts: of the server, in order. crashes: of the server, by SIGKILL. client: the command of another library's
    driver, which both use instead of a device.
    """

    messages: int
    cuts: int = 0
    restarts: int = 0
    kills: int = 0
    crashes: int = 0
    client: list[str] | None = None


@dataclass
class Outcome:
    """What happened; both ways, and at the observer.

    lost_by_server: it had acknowledged them, and did not deliver them when it was stopped: of those to the observer.
    late: it gave them to a device behind younger ones: on a resumed stream, or when they were sent once more since it
    had forgotten them, or its archive had the younger ones first. reordered: what was turned round on the way from the
    line to the application. ended: it came to its end; else nothing was judged.
    """

    seed: int
    sent: int = 0
    observed: int = 0
    lost: int = 0
    lost_by_server: int = 0
    duplicated: int = 0
    reordered: int = 0
    late: int = 0
    cuts: int = 0
    restarts: int = 0
    kills: int = 0
    crashes: int = 0
    seconds: float = 0.0
    ended: bool = False

    def and_then(self, other: "Outcome") -> "Outcome":
        """What happened in both; under the seed of the first."""
        counts = {name: value + getattr(other, name) for name, value in asdict(self).items() if name not in _NO_SUM}
        return Outcome(self.seed, **counts, ended=self.ended and other.ended)

    def ok(self) -> bool:
        return self.ended and not (self.lost or self.duplicated or self.reordered)


class Deliveries:
    """One play of a plan at a server that runs and has USERS."""

    def __init__(self, server: Server, seed: int, plan: Plan) -> None:
        self._rng = random.Random(seed)
        self._server = server
        self._messages = plan.messages
        self.outcome = Outcome(seed)
        self._parties: tuple[Party, Party]
        if plan.client is None:
            self._parties = (DeviceParty(server, ANNA, BERT, self._rng), DeviceParty(server, BERT, ANNA, self._rng))
        else:
            self._parties = (ForeignParty(server, ANNA, plan.client), ForeignParty(server, BERT, plan.client))
        self._keeps = plan.client is None
        self._observer = RawObserver(server, OBSERVER)
        self._written_off = [0, 0, 0]  # of those for Anna, Bert and the observer
        # After how many messages of Anna's what happens; spread evenly, in any order.
        acts = [self._cut] * plan.cuts + [self._restart] * plan.restarts
        acts += [self._kill] * plan.kills + [self._crash] * plan.crashes
        self._rng.shuffle(acts)
        self._acts = [(plan.messages * (number + 1) / (len(acts) + 1), act) for number, act in enumerate(acts)]

    def run(self) -> Outcome:
        """Plays it. Raises AssertionError if it does not come to an end."""
        began = time.monotonic()
        anna, bert = self._parties
        try:
            self._until(lambda: self._observer.online and anna.ready() and bert.ready())
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
            for party in self._parties:
                if party.link.planned():
                    party.link.plan(1, self._rng.choice(FAULTS))  # by now
            self._until(lambda: self._behind(self._messages) <= 0 and anna.idle() and bert.idle())
            for _ in range(300):  # what comes twice has time to come
                self._step()
            self._judge()
        finally:
            for party in self._parties:
                party.close()
            self._observer.close()
        self.outcome.seconds, self.outcome.ended = round(time.monotonic() - began, 1), True
        return self.outcome

    def _behind(self, number: int) -> int:
        """How many messages the slowest has not got yet."""
        anna, bert = self._parties
        got = (anna.arrived(), bert.arrived(), len(self._observer.got))
        return number - min(map(sum, zip(got, self._written_off, strict=True)))

    def _cut(self) -> None:
        """A line fails at one of the bytes to come: one without a fault to come; if both have one, that is put off."""
        party = self._rng.choice([party for party in self._parties if not party.link.planned()] or self._parties)
        self._until(lambda: not party.link.failed and party.connected())
        party.link.plan(self._rng.randrange(1, _LONGEST_BYTES), self._rng.choice(FAULTS))

    def _kill(self) -> None:
        self._rng.choice(self._parties).kill()
        self.outcome.kills += 1

    def _restart(self) -> None:
        self._server.stop()
        self._server.start()
        self.outcome.restarts += 1

    def _crash(self) -> None:
        self._server.kill()
        self._server.start()
        self.outcome.crashes += 1

    def _step(self) -> None:
        for party in self._parties:
            party.step()
        self._observer.step()
        time.sleep(0.0005)

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        quiet_since = time.monotonic()
        quiet_s = _QUIET_S if self._keeps else _QUIET_FOREIGN_S
        while not condition():
            if not all(party.idle() for party in self._parties):
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > quiet_s:
                self._write_off()
                quiet_since = time.monotonic()
            assert time.monotonic() < deadline, "it does not go on: %r %r %r" % (
                self.outcome, [(party.trouble(), party.idle(), party.arrived()) for party in self._parties],
                len(self._observer.got),
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
            self._written_off[way] = sum(text not in there and party.acknowledged(to, text) for text in typed)

    def _judge(self) -> None:
        anna, bert = self._parties
        self._write_off()
        for body in {body for body in self._observer.got if self._observer.got.count(body) > 1}:
            copies = enumerate(zip(self._observer.got, self._observer.filed, strict=True))
            filed = [(place, archive_id) for place, (text, archive_id) in copies if text == body]
            print("doubled for %s: %r %r" % (OBSERVER, body, filed))
        for way, (to_whom, (_, to, typed, got)) in enumerate(zip((anna, bert, None), self._ways(), strict=True)):
            known = set(typed)
            strange = [body for body in got if body not in known]
            if strange:  # their own messages, as if another device had written them
                print("shown to %s, and not written to them: %r" % (to, strange))
                self.outcome.duplicated += len(strange)
                got = [body for body in got if body not in strange]
            wrong = judge(typed, got, to_whom.comings if to_whom else None)
            if wrong["reordered"]:
                print("turned round for %s: %r" % (to, turned(typed, got)))
            for what, count in wrong.items():
                setattr(self.outcome, what, getattr(self.outcome, what) + count)
            if self._keeps and to == OBSERVER:  # it would show it twice: nothing more could be done
                self.outcome.lost -= self._written_off[way]
                self.outcome.lost_by_server += self._written_off[way]
        self.outcome.sent = len(anna.typed[BERT]) + len(bert.typed[ANNA])
        self.outcome.observed = len(self._observer.got)
        self.outcome.cuts = sum(party.cuts() for party in self._parties)
