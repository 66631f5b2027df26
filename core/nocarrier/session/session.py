"""One account's session with its server: from a fresh transport to an online, acknowledged, resumable stream.

Bytes go in by feed() and come out by take(); what happens comes out of next_event(). Stanzas are handed up as they are.
How the session gets online is the business of ladder.py; acknowledgements, liveness and the line's budget are here.
"""

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.errors import PeerError, UsageError
from nocarrier.modular import count_diff, ticks_diff
from nocarrier.session import steps
from nocarrier.session.acks import Acks, number
from nocarrier.session.binding import LEFT
from nocarrier.session.errors import StreamError, stream_error
from nocarrier.session.ladder import Ladder
from nocarrier.session.line import Liveness
from nocarrier.session.outflow import Outflow
from nocarrier.wire import parser as wire
from nocarrier.wire.element import Element
from nocarrier.wire.parser import StreamParser

try:
    from typing import Optional

    from nocarrier.session.account import Account
    from nocarrier.session.line import LineProfile
    from nocarrier.session.ways import Bindings
    from nocarrier.session.writes import Known
    from nocarrier.wire.limits import WireLimits
    from nocarrier.wire.node import Node
    from nocarrier.wire.walker import TooLarge
except ImportError:
    pass

# Events, as (kind, value), beside those of binding.py.
RESUMED = const(11)  # value: None; acknowledgements were reported before; what comes next may be written already
STANZA = const(12)  # value: Node, good until the next call; call handled() when it has been dealt with
TOO_LARGE = const(13)  # value: TooLarge; call handled() too
ACKNOWLEDGED = const(14)  # value: h
ACK_WANTED = const(15)  # value: None; call acknowledge() when h is on flash
SESSION_LOST = const(16)  # value: None; the known session must not be resumed any more
PROVED = const(17)  # value: None; the resumed stream is alive

_STANZAS = ("message", "presence", "iq")
_PROBE = b" " * 64  # Prosody may hold back a token that came in pieces until this much more has come
# Attributes whose values seldom change in what a server says to one client.
_STEADY = ("to", "type", "by", "xml:lang", "queryid")


class Session:
    """The session. out_bytes: how much may wait before send() refuses. out: what waits. ladder: how it gets online."""

    def __init__(self, account: Account, line: LineProfile, limits: WireLimits, out_bytes: int = 4096) -> None:
        self.acks = Acks()
        self._account = account
        self._line = line
        self.out = Outflow(line, out_bytes, limits.stanza_bytes)
        self.alive = Liveness(line)
        self._parser = StreamParser(limits, _STEADY)
        self._events: "list[tuple[int, object]]" = []
        self.ladder = Ladder(account, line.trusted, self._parser, self.acks, self.out, self.alive, self._events)
        self._again: "list[bytes]" = []
        self._ack_h: "Optional[int]" = None  # what the next <a/> says
        self._closing = False
        self._active = True  # somebody is looking
        self._untold = False  # a session that was inactive when its line died goes mute at Prosody unless told again
        self._deaf = self._asked = 0  # how often a resumed stream has not answered; at which count the last <r/> went

    @property
    def state(self) -> int:  # steps.py
        return self.ladder.state

    @property
    def jid(self) -> str:  # the full one, once there is one
        return self.ladder.jid

    def connect(
        self, nonce: str, kept: "dict[str, str]", known: "Optional[Known]", caution: int, spool: bool, rides: bool,
        tls: "Optional[Bindings]", starttls: bool, now_ms: int,
    ) -> None:  # fmt: skip
        """The transport is up; what the ladder begins with can be taken. The parameters are those of Ladder.begin()."""
        self.ladder.now_ms = now_ms
        self._parser.reset()
        self.out.clear()
        self._events.clear()
        self._asked = 0
        self._ack_h = None
        self._closing = self._untold = False
        self.alive.reset(now_ms)
        self.ladder.begin(nonce, kept, known, caution, spool, rides, tls, starttls)

    def disconnect(self, fault: "Optional[PeerError]") -> None:
        """The transport is gone. The SM session, if there is one, may be resumed, unless it was rejected.

        fault: what went wrong with the stream, None if it was the line. A resumed stream that has not answered twice
        is given up: Prosody leaves it deaf when its predecessor died inside a stanza.
        """
        self._events[:] = [event for event in self._events if event[0] == LEFT]
        lost = self.ladder.rejected(fault)
        if fault is not None and self.state == steps.PROVING:
            self._deaf += 1
            lost = self._deaf > 1 or fault.condition != "connection-timeout"  # else it may well be the line
        if lost:
            self._events.append((SESSION_LOST, None))
            self._deaf = 0
        self.out.clear()
        self.ladder.go(steps.CLOSED)

    def feed(self, data: "bytes | bytearray | memoryview", now_ms: int) -> None:
        """Bytes from the server, at most limits.chunk_bytes; take all events before the next."""
        self.ladder.now_ms = now_ms
        if len(data):
            self.alive.received(now_ms)
        self._parser.feed(data)

    def next_event(self) -> "Optional[tuple[int, object]]":
        """The next event or None. Raises PeerError when the stream is over; the transport is to be closed then."""
        while not self._events:
            if self.state in (steps.CLOSED, steps.SECURED):
                return None
            event = self._parser.next_event()
            if event is None:
                return None
            kind, value = event
            if kind == wire.HEADER:
                self.ladder.header(value)  # type: ignore[arg-type]
            elif kind == wire.END:
                raise StreamError("closed", "the server has closed the stream")
            elif kind == wire.TOO_LARGE:
                self._on_too_large(value)  # type: ignore[arg-type]
            else:
                self._on_element(value)  # type: ignore[arg-type]
        return self._events.pop(0)

    def take(self, limit: int, now_ms: int) -> bytes:
        """Up to `limit` bytes for the line, in order; b"" if there are none, or the line has a second's worth already.

        An ack request ends each burst.
        """
        self.ladder.now_ms = now_ms
        if self.out.held and self.alive.crossing(now_ms):  # what would be in one packet with it would delay it
            return b""
        limit = min(limit, self.alive.budget_bytes(now_ms))
        while self._again and self.passes() and len(self._again[0]) <= self.out.room():
            data = self._again.pop(0)
            self.out.add(data)
            self.acks.count_out(data)
        if self._untold:
            self._untold = False
            self._tell_active(self.out.waiting() > limit)
        if self._ack_h is not None:
            self.out.put(Element("a", ns.SM, ("h", str(self._ack_h))))
            self._ack_h = None
        if self.out.waiting() <= limit and self._wants_ack():
            self._ask([])
        data = self.out.take(limit)
        self.alive.sent(len(data), now_ms)
        return data

    def room(self) -> int:
        """How many bytes send() would still accept; none before what a resumption repeats."""
        return 0 if self._again else self.out.room()

    def online(self) -> bool:
        """True when the server is known to hear us."""
        return self.state == steps.ONLINE and not self._closing

    def passes(self) -> bool:
        """True when stanzas may be sent: as soon as a session is resumed, before it is known whether that is deaf."""
        return self.state in (steps.ONLINE, steps.PROVING) and not self._closing

    def settled(self) -> bool:
        """True if the server has acknowledged all that was ever written in this session."""
        return self.acks.active and not self.acks.unacknowledged() and not self._again

    def send(self, data: bytes, keep: bool) -> int:
        """Queues one encoded stanza and returns its number. keep: the session is to write it again after a resume."""
        if self.ladder.ahead is not None:
            self.out.add(data)
            self.ladder.ahead.append(data)
            return 0
        if self.ladder.riding:
            self.out.add(data)
            self.ladder.riders += 1
            return self.acks.count_out(None)
        if not self.passes():
            raise UsageError("not online")
        if self._again:
            raise UsageError("what a resumption repeats goes first")
        self.out.add(data)
        return self.acks.count_out(data if keep else None)

    def handled(self) -> None:
        """The last stanza handed up has been dealt with."""
        self.acks.count_in()

    def acknowledge(self) -> None:
        """Answers an ack request with the next bytes, once however often it was made; h must be on flash."""
        self._ack_h = self.acks.handled

    def set_active(self, active: bool) -> None:
        """Whether somebody is looking: if not, the server holds back what can wait (XEP-0352)."""
        changed, self._active = active != self._active, active
        if changed and self.online() and self.ladder.binding.csi:
            self._tell_active()

    def close(self) -> None:
        """Ends the stream for good (RFC 6120 §4.4): the session will not be resumed."""
        if self.online():
            if self.acks.active:
                self.out.put(Element("a", ns.SM, ("h", str(self.acks.handled))))
            self.out.put_bytes(b"</stream:stream>")
            self._closing = True

    def prove_alive(self, now_ms: int) -> bool:
        """Asks the server for a sign of life, unless one is due anyway. False if it cannot be asked."""
        self.ladder.now_ms = now_ms
        if not self.alive.waits() and self.online() and self.acks.active:
            self._ask([])
        return self.alive.waits()

    def deadline_ms(self) -> "Optional[int]":
        """When tick() is wanted, or None."""
        if self.state == steps.DERIVING:
            return self.ladder.now_ms
        deadline_ms = self.alive.deadline_ms()
        if deadline_ms is None and self.online() and self.acks.active:
            deadline_ms = self.alive.idle_at_ms()
        if not self.out.waiting():
            return deadline_ms
        budget_ms = self.alive.crossed_ms() if self.out.held else self.alive.budget_ms()
        if deadline_ms is None or ticks_diff(budget_ms, deadline_ms) < 0:
            return budget_ms
        return deadline_ms

    def tick(self, now_ms: int) -> None:
        """Time has passed. Raises PeerError("connection-timeout") when the line must be given up."""
        self.ladder.now_ms = now_ms
        self.alive.passed(now_ms)
        if self.state == steps.DERIVING:
            self.ladder.derive()
        if self.online() and self.acks.active and self.alive.idle(now_ms):
            self._ask([])
        if self.alive.wants_probe(now_ms) and not self.ladder.secures:  # there TLS's first bytes come next
            self.out.put_bytes(_PROBE)
        if self.alive.dead(now_ms):
            raise PeerError("connection-timeout", "nothing was heard for %d s" % (self.alive.give_up() // 1000))

    # -- what the server says ---------------------------------------------------------------------------------------

    def _on_element(self, element: Node) -> None:
        state = self.state
        if element.is_a("error", ns.STREAM):
            raise stream_error(element)
        # In ENABLING the resource is bound already: others may write to it.
        if state in (steps.ONLINE, steps.PROVING) or (state == steps.ENABLING and element.xmlns == ns.CLIENT):
            self._on_stanza(element)
            return
        self.ladder.element(element)
        if self.state == steps.PROVING:
            self._on_resumed(self.ladder.binding.resumed_h)
        elif self.state in (steps.BINDING, steps.ONLINE):  # a new session, which is active
            self._again = []
            if self.state == steps.ONLINE and not self._active and self.ladder.binding.csi:
                self._tell_active()

    def _on_resumed(self, h: int) -> None:
        known = self.ladder.known
        assert known is not None
        # Those that wait since an earlier resumption came after those that have been written since.
        self._again = self.acks.resume(h, known[1], self.ladder.riders) + self._again
        self._events.append((ACKNOWLEDGED, h))
        self._events.append((RESUMED, None))
        # What is new may go first, if what is old has left nothing to wait for.
        self._untold = not (self._again or self.out.waiting())
        if not self._untold:
            self._tell_active()

    def _on_stanza(self, element: Node) -> None:
        if element.xmlns == ns.CLIENT and element.name in _STANZAS:
            self._events.append((STANZA, element))
        elif element.is_a("r", ns.SM):
            self._events.append((ACK_WANTED, None))
        elif element.is_a("a", ns.SM):
            self._on_ack(number(element))
        elif element.is_a("features", ns.STREAM):  # after SASL2; by some servers after a resumption too
            self.ladder.late_features(element)
        else:
            raise StreamError("unsupported-stanza-type", element.name[:32])

    def _on_ack(self, h: int) -> None:
        self.acks.acknowledge(h)
        if self.state == steps.PROVING and count_diff(h, self._asked) < 0:
            return  # the old stream's last words are no proof that the new one is heard
        if count_diff(h, self._asked) >= 0:  # an older answer was on its way
            self.acks.requested = False
            self.alive.acknowledged(self.ladder.now_ms)
        self._events.append((ACKNOWLEDGED, h))
        if self.state == steps.PROVING:
            self.ladder.go(steps.ONLINE)
            self._events.append((PROVED, None))
            self._deaf = 0

    def _wants_ack(self) -> bool:
        """True if something is unacknowledged for which no acknowledgement has been asked."""
        acks = self.acks
        return self.online() and not acks.requested and acks.unacknowledged() > 0 and self._asked != acks.sent

    def _on_too_large(self, skipped: TooLarge) -> None:
        head, size_bytes = skipped
        if self.state not in (steps.ONLINE, steps.PROVING) or head is None:
            raise StreamError("policy-violation", "%d bytes" % size_bytes)
        if head.xmlns != ns.CLIENT or head.name not in _STANZAS:
            raise StreamError("unsupported-stanza-type", head.name[:32])
        self._events.append((TOO_LARGE, skipped))

    def _tell_active(self, first: bool = False) -> None:
        """With a request behind it: Prosody holds its answers back while <inactive/> is the last thing it has read."""
        if self.acks.active:
            csi = [Element("active" if self._active else "inactive", ns.CSI)] if self.ladder.binding.csi else []
            self._ask(csi, first)

    def _ask(self, before: "list[Element]", first: bool = False) -> None:
        """Asks for an acknowledgement. before: what goes ahead of it. first: all of it before the stanzas that wait,
        of which nothing was taken since the session was resumed."""
        words = b"".join([self.out.encode(element) for element in before + [Element("r", ns.SM)]])
        self.out.put_first(words) if first else self.out.put_bytes(words)
        self._asked = self.ladder.binding.resumed_h if first else self.acks.sent
        self.acks.requested = True
        self.alive.expect(self.ladder.now_ms)
