"""A device on a line that fails again and again, judged: always online again, by resumption where there is one."""

import random
import time
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from nocarrier import events
from nocarrier.session.errors import StreamError
from nocarrier.session.line import LineProfile
from nocarrier_emulator.faultylink import FAULTS, HOLE, FaultyLink
from nocarrier_emulator.judging import judge
from nocarrier_emulator.netdevice import PLAIN, NetDevice
from nocarrier_emulator.servers.certificate import Authority
from nocarrier_emulator.servers.server import Server
from nocarrier_ports import runner
from nocarrier_ports.links.tcp import TcpLink

SENDER, RECEIVER = "anna", "bert"
_ONLINE_S = 60.0  # a black hole in each of several logins, one after the other
_HANDSHAKE_MS = 1_000
_BUSY_MS = 500  # what a busy machine may take for a look at the clock
_WITHIN_LOGIN_BYTES = 1_500
_LONGEST_BYTES = 6_000
_BODY = "number %d"


@dataclass
class Outcome:
    """What happened.

    spoilt: how many of the fresh sessions took the place of one that was of no use any more.
    rode: how often a message went with a request to resume.
    """

    seed: int
    cuts: int = 0
    resumed: int = 0
    fresh: int = 0
    spoilt: int = 0
    rode: int = 0
    sent: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    slowest_hole_ms: int = 0
    faults: list[str] = field(default_factory=list)

    def ok(self) -> bool:
        """Nothing lost, doubled or out of order, and nothing that the server blames us for."""
        return not (self.lost or self.duplicated or self.reordered or self.faults)


class Reconnects:
    """count: how often the line fails. deaf: the server is one whose sessions a stanza left unfinished spoils."""

    def __init__(
        self, server: Server, seed: int, count: int, way: str = PLAIN, authority: Authority | None = None,
        trusted: bool = True, deaf: bool = False,
    ) -> None:  # fmt: skip
        self._rng = random.Random(seed)
        self._count = count
        self._deaf = deaf
        self._clear = way == PLAIN
        ca = authority.root if authority else None
        # A line without stalls: what is silent for three round trips is dead.
        line = LineProfile(1_000_000, 40, 1, trusted)
        port = server.port if way == PLAIN else server.tls_port
        self.link = FaultyLink(TcpLink("127.0.0.1", port))
        self.sender = NetDevice(
            server, SENDER, way=way, ca=ca, trusted=trusted, line=line, inner=self.link, handshake_ms=_HANDSHAKE_MS
        )
        self.receiver = NetDevice(server, RECEIVER, way=way, ca=ca, trusted=trusted)
        self.to = "%s@%s" % (RECEIVER, server.domain if way == PLAIN else server.tls_domain)
        self.outcome = Outcome(seed)
        self._seen = 0
        self._spoilt = False
        self._allowed_ms = 0  # silence
        self._talks = True
        self._rides = False  # a message has gone with a request to resume
        self._voided = False  # and the line failed before the answer: the session is given up
        self._silences = 0  # black holes since it was online

    def run(self) -> Outcome:
        """Plays it. Raises AssertionError if a device does not come online again."""
        out = self.outcome
        self.sender.run(self.sender.ready, _ONLINE_S, [self.receiver])
        self.receiver.run(self.receiver.ready, _ONLINE_S, [self.sender])
        # The sender's archive shows that it keeps something: without that nothing rides.
        self.receiver.client.send_message(self.sender.client.account.jid, "hello")
        self.sender.run(lambda: bool(self.sender.client.store.cursor), _ONLINE_S, [self.receiver])
        while out.cuts < self._count:
            self._cut()
        self._until(lambda: self.sender.client.online())
        self._until(lambda: len(self.receiver.values(events.MESSAGE)) >= out.sent)
        self._judge_messages()
        for device in (self.sender, self.receiver):
            device.log_out()
        return out

    def _cut(self) -> None:
        """Talks until the line fails, and until the device has noticed."""
        longest = _WITHIN_LOGIN_BYTES if self._rng.random() < 0.5 else _LONGEST_BYTES
        kind, after_bytes = self._rng.choice(FAULTS), self._rng.randrange(1, longest)
        if kind != HOLE and self._rng.random() < 0.3:  # while nothing is under way
            self._talks = False
            self._until(self._quiet)
            self.link.fail(kind)
            self._talks = True
        else:
            self.link.plan(after_bytes, kind)
        self._until(lambda: self.link.failed)
        self.outcome.cuts += 1
        self._spoilt = self._spoilt or not between_stanzas(bytes(self.link.said))
        began = time.monotonic()
        self._allowed_ms = _HANDSHAKE_MS
        self._until(lambda: self.sender.runner.state == runner.WAITING or not self.link.failed)
        if kind == HOLE:
            self._judge_hole(int((time.monotonic() - began) * 1000))
        if self._rng.random() < 0.5:  # what is written offline goes with the next login, as early as it may
            self._write()
        self._until(lambda: not self.link.failed)  # opened anew

    def _quiet(self) -> bool:
        client = self.sender.client
        return client.online() and client.session.settled() and client.store.outbox.next_queued() is None

    def _write(self) -> None:
        """One more message, if none waits."""
        client = self.sender.client
        if client.store.outbox.next_queued() is None:
            client.send_message(self.to, _BODY % self.outcome.sent)
            self.outcome.sent += 1

    def _judge_hole(self, took_ms: int) -> None:
        """A line that is silent is given up when the session says so."""
        out = self.outcome
        out.slowest_hole_ms = max(out.slowest_hole_ms, took_ms)
        if took_ms > self._allowed_ms + _BUSY_MS:
            out.faults.append("cut %d: silence was borne for %d ms, not %d" % (out.cuts, took_ms, self._allowed_ms))

    def _until(self, condition: Any) -> None:
        deadline = time.monotonic() + _ONLINE_S
        while not condition():
            assert time.monotonic() < deadline, "seed %d, cut %d: %r" % (
                self.outcome.seed, self.outcome.cuts, self.sender.events[-6:],
            )  # fmt: skip
            client = self.sender.client
            under_way = client.session.acks.unacknowledged() or self.outcome.cuts >= self._count
            if self._talks and client.online() and not under_way:
                self._write()
            for device in (self.sender, self.receiver):
                device.step()
            self._allowed_ms = max(self._allowed_ms, client.session.alive.allowance_ms())
            self.outcome.rode += client.session.ladder.riders > 0 and not self._rides
            self._rides = client.session.ladder.riders > 0
            self._voided = self._voided or client.session.ladder.unanswered()
            self._judge_events()
            time.sleep(0.001)

    def _judge_events(self) -> None:
        out = self.outcome
        for kind, value in self.sender.events[self._seen :]:
            if kind == events.ONLINE:
                self._judge_login(bool(value))
            elif kind == events.FAULT and isinstance(value, StreamError):
                self._spoilt = True
                if not self._excused(value):
                    out.faults.append("cut %d: %s" % (out.cuts, value))
            elif kind == events.FAULT and value.condition == "connection-timeout":
                self._silences += 1
        self._seen = len(self.sender.events)

    def _judge_login(self, resumed: bool) -> None:
        """A session is resumed whenever it can be; and twice silent is as good as deaf."""
        out = self.outcome
        out.resumed += resumed
        out.fresh += not resumed
        usable = self._silences < 2 and not self._voided and (not self._deaf or (self._clear and not self._spoilt))
        if not resumed and out.fresh > 1:
            out.spoilt += 1
            if usable:
                out.faults.append("cut %d: a usable session was not resumed" % out.cuts)
        self._spoilt, self._voided, self._silences = False, False, 0

    def _excused(self, error: StreamError) -> bool:
        """What a server says when it goes on with the parser of a connection that died inside a stanza; and its end."""
        return error.condition == "closed" or (self._deaf and error.condition in ("not-well-formed", "reset"))

    def _judge_messages(self) -> None:
        out = self.outcome
        sent = [_BODY % number for number in range(out.sent)]
        found = judge(sent, [message.body for message in self.receiver.values(events.MESSAGE)])
        out.lost, out.duplicated, out.reordered = found["lost"], found["duplicated"], found["reordered"]


def between_stanzas(said: bytes) -> bool:
    """Whether a stream of which this was said ends between two stanzas. Inside TLS nobody can tell."""
    said = said[max(0, said.rfind(b"<stream:stream")) :]
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(said)
    except expat.ExpatError:
        return False
    return depth <= 1 and said.rstrip().endswith(b">")
