"""One account's session with its server: from a fresh transport to an online, acknowledged, resumable stream.

Bytes go in by feed() and come out by take(); what happens comes out of next_event(). The session knows the server's
protocol up to the point where stanzas begin to mean something; those are handed up as they are.
Every state change goes through _go(), which holds it against the table in steps.py.
"""

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.errors import AuthError, PeerError, StreamError, UsageError
from nocarrier.modular import ticks_diff
from nocarrier.session import steps
from nocarrier.session.acks import Acks
from nocarrier.session.features import Features
from nocarrier.session.line import LineProfile, Liveness
from nocarrier.session.login import Login
from nocarrier.wire import parser as wire
from nocarrier.wire.element import Element
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.parser import StreamParser, TooLarge
from nocarrier.wire.writer import encode

try:
    from typing import Optional
except ImportError:
    pass

# Events: (kind, value).
BOUND = const(1)  # value: full JID; a new session, nothing of an old one is left
RESUMED = const(2)  # value: None; acknowledgements were reported before
STANZA = const(3)  # value: Element; call handled() when it has been dealt with
TOO_LARGE = const(4)  # value: TooLarge; call handled() too
ACKNOWLEDGED = const(5)  # value: h
ACK_WANTED = const(6)  # value: None; call acknowledge() when h is on flash
RESUME_FAILED = const(7)  # value: h or None
ENABLED = const(8)  # value: id to resume with, or ""
SESSION_LOST = const(9)  # value: None; the known session must not be resumed any more

_STANZAS = ("message", "presence", "iq")


class Account:
    """Who logs in, where. jid: bare JID; resource: the device's own, the same at every login (RFC 6120 §7.7)."""

    def __init__(self, jid: str, password: str, resource: str) -> None:
        at = jid.find("@")
        if at < 1 or "/" in jid or at == len(jid) - 1 or not resource:
            raise UsageError("an account is user@domain, with a resource")
        self.jid = jid
        self.username = jid[:at]
        self.domain = jid[at + 1 :]
        self.password = password
        self.resource = resource


class Session:
    """The session. out_bytes: how much may wait to be taken before send() refuses."""

    def __init__(self, account: Account, line: LineProfile, limits: WireLimits, out_bytes: int = 4096) -> None:
        self.account = account
        self.state = steps.CLOSED
        self.acks = Acks()
        self.jid = ""
        self._line = line
        self._limits = limits
        self._out_bytes = out_bytes
        self._out = bytearray()
        self._alive = Liveness(line)
        self._parser = StreamParser(limits)
        self._events: "list[tuple[int, object]]" = []
        self._login: "Optional[Login]" = None
        self._features: "Optional[Features]" = None
        self._known: "Optional[tuple[str, int, str]]" = None
        self._again: "list[bytes]" = []
        self._asked = 0
        self._now_ms = 0

    def connect(self, nonce: str, known: "Optional[tuple[str, int, str]]", now_ms: int) -> None:
        """The transport is up.

        nonce: fresh randomness for this login, printable. known: (id, h, full JID) of a session to resume, or None.
        """
        self._now_ms = now_ms
        self._parser.reset()
        self._out = bytearray()
        self._events = []
        self._alive.reset(now_ms)
        self._login = Login(self.account, nonce, self._line.trusted)
        self._known = known
        self._go(steps.OPENING)
        self._header()

    def disconnect(self, fault: bool) -> None:
        """The transport is gone. The SM session, if there is one, may be resumed.

        fault: the stream went wrong, rather than the line. A resumed stream that never answered is then given up:
        Prosody leaves it deaf when its predecessor died inside a stanza.
        """
        self._events = [(SESSION_LOST, None)] if fault and self.state == steps.PROVING else []
        self._out = bytearray()
        self._alive.answered()
        self.state = steps.CLOSED

    def feed(self, data: "bytes | bytearray | memoryview", now_ms: int) -> None:
        """Bytes from the server, at most limits.chunk_bytes; take all events before the next."""
        self._now_ms = now_ms
        if len(data):
            self._alive.received(now_ms)
        self._parser.feed(data)

    def next_event(self) -> "Optional[tuple[int, object]]":
        """The next event or None. Raises PeerError when the stream is over; the transport is to be closed then."""
        while not self._events:
            if self.state == steps.CLOSED:
                return None
            event = self._parser.next_event()
            if event is None:
                return None
            kind, value = event
            if kind == wire.HEADER:
                self._on_header(value)  # type: ignore[arg-type]
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
        self._now_ms = now_ms
        limit = min(limit, self._alive.budget_bytes(now_ms))
        if len(self._out) <= limit and self._asked != self.acks.sent and not self.acks.requested and self.online():
            self._request_ack()
        data = bytes(self._out[:limit])
        self._out[:limit] = b""
        self._alive.sent(len(data), now_ms)
        return data

    def room(self) -> int:
        """How many bytes send() would still accept."""
        return self._out_bytes - len(self._out)

    def hungry(self) -> bool:
        """True if less waits than the line carries in a second, so that more should be sent."""
        return len(self._out) * 10_000 < self._line.rate_bps * 1000

    def online(self) -> bool:
        """True when stanzas may be sent."""
        return self.state == steps.ONLINE

    def encode(self, stanza: Element) -> bytes:
        """The stanza's bytes. Raises UsageError if it cannot be written."""
        return bytes(encode(stanza, ns.CLIENT, self._limits.stanza_bytes))

    def send(self, data: bytes, keep: bool) -> int:
        """Queues one encoded stanza and returns its number. keep: the session is to write it again after a resume."""
        if not self.online():
            raise UsageError("not online")
        if len(data) > self.room():
            raise UsageError("more than %d bytes wait" % self._out_bytes)
        count = self.acks.count_out(data if keep else None)
        self._out.extend(data)
        return count

    def handled(self) -> None:
        """The last stanza handed up has been dealt with."""
        self.acks.count_in()

    def acknowledge(self) -> None:
        """Answers an ack request; h must be on flash."""
        self._put(Element("a", ns.SM, ("h", str(self.acks.handled))))

    def close(self) -> None:
        """Ends the stream for good (RFC 6120 §4.4): the session will not be resumed."""
        if self.online():
            if self.acks.active:
                self.acknowledge()
            self._out.extend(b"</stream:stream>")

    def deadline_ms(self) -> "Optional[int]":
        """When tick() is wanted, or None."""
        if self.state == steps.DERIVING:
            return self._now_ms
        verdict_ms = self._alive.deadline_ms()
        if not self._out:
            return verdict_ms
        budget_ms = self._alive.budget_ms()
        if verdict_ms is None or ticks_diff(budget_ms, verdict_ms) < 0:
            return budget_ms
        return verdict_ms

    def tick(self, now_ms: int) -> None:
        """Time has passed. Raises PeerError("connection-timeout") when the line must be given up."""
        self._now_ms = now_ms
        if self.state == steps.DERIVING:
            assert self._login is not None
            response = self._login.work()
            if response is not None:
                self._go(steps.PROVED)
                self._put(response)
        if self._alive.wants_probe(now_ms):
            # Prosody 13 may hold a token that came in pieces until enough more has come: peers.md §10.
            self._out.extend(b" " * 64)
        if self._alive.dead(now_ms):
            raise PeerError("connection-timeout", "nothing was heard for %d s" % (self._alive.allowance_ms() // 1000))

    # -- the ladder -------------------------------------------------------------------------------------------------

    def _go(self, state: int) -> None:
        if not steps.may_follow(self.state, state):
            raise PeerError("unexpected-request", "not in state " + steps.NAMES[self.state])
        self.state = state
        if state in (steps.ONLINE, steps.DERIVING):
            self._alive.answered()
        else:
            self._alive.answered()
            self._alive.expect(self._now_ms)

    def _header(self) -> None:
        # No XML declaration and no `from`: bytes, and the name belongs only into an encrypted stream (XEP-0388 §2).
        self._out.extend(b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='")
        self._out.extend(self.account.domain.encode())
        self._out.extend(b"' version='1.0'>")

    def _on_header(self, header: Element) -> None:
        if not header.is_a("stream", ns.STREAM):
            raise StreamError("invalid-namespace", "not an XMPP stream")
        if (header.get("version") or "0").split(".")[0] != "1":
            raise StreamError("unsupported-version", "the server does not speak XMPP 1.0")
        self._go(steps.OFFERED if self.state == steps.OPENING else steps.OFFERED_AGAIN)

    def _on_element(self, element: Element) -> None:
        if element.is_a("error", ns.STREAM):
            raise _stream_error(element)
        if self.state == steps.ONLINE or self.state == steps.PROVING:
            self._on_stanza(element)
        elif element.is_a("features", ns.STREAM):
            self._on_features(Features(element))
        elif element.xmlns == ns.SASL:
            self._on_sasl(element)
        elif element.xmlns == ns.SM:
            self._on_sm(element)
        elif self.state == steps.BINDING and element.is_a("iq", ns.CLIENT):
            self._on_bound(element)
        elif self.state == steps.ENABLING and element.xmlns == ns.CLIENT:
            self._on_stanza(element)  # the resource is bound: others may already write to it
        else:
            raise StreamError("unsupported-stanza-type", element.name[:32])

    def _on_features(self, features: Features) -> None:
        assert self._login is not None
        self._features = features
        if self.state == steps.OFFERED:
            auth, final = self._login.start(features)
            self._go(steps.PROVED if final else steps.CHALLENGED)
            self._put(auth)
        elif self._known is not None and features.sm:
            self._go(steps.RESUMING)
            self._put(Element("resume", ns.SM, ("h", str(self._known[1]), "previd", self._known[0])))
        else:
            if self._known is not None:
                self._events.append((RESUME_FAILED, None))
            self._bind()

    def _on_sasl(self, element: Element) -> None:
        assert self._login is not None
        if element.name == "challenge":
            self._go(steps.DERIVING)
            self._login.challenge(element.text())
        elif element.name == "success":
            if self.state != steps.PROVED:
                raise AuthError("not-authorized", "success before the proof")
            self._login.success(element.text())
            self._go(steps.REOPENING)
            self._parser.restart()
            self._header()
        else:
            reason = element.first()
            text = element.child_text("text", ns.SASL) or ""
            raise AuthError(reason.name if reason is not None else "not-authorized", text[:80])

    def _bind(self) -> None:
        self._go(steps.BINDING)
        resource = Element("resource", ns.BIND, (), [self.account.resource])
        self._put(Element("iq", ns.CLIENT, ("type", "set", "id", "bind"), [Element("bind", ns.BIND, (), [resource])]))
        if self._features is not None and self._features.sm:
            # In one flight with the bind: a round trip less, and no moment in which what arrives is not counted.
            self._put(Element("enable", ns.SM, ("resume", "true")))

    def _on_bound(self, iq: Element) -> None:
        bind = iq.child("bind", ns.BIND)
        jid = bind.child_text("jid", ns.BIND) if bind is not None else None
        if iq.get("type") != "result" or not jid:
            raise AuthError("conflict", "the server refuses the resource")
        self.jid = jid
        self.acks.reset(False)
        if self._features is not None and self._features.sm:
            self._go(steps.ENABLING)
        else:
            self._bound("")

    def _on_sm(self, element: Element) -> None:
        if self.state == steps.RESUMING and self._known is not None:
            if element.name == "resumed":
                self._on_resumed(_number(element), self._known)
            elif element.name == "failed":
                h = _number(element) if element.get("h") else None
                self._events.append((RESUME_FAILED, h))
                self._bind()
        elif self.state == steps.ENABLING and element.name in ("enabled", "failed"):
            resumable = element.name == "enabled" and element.get("resume") in ("true", "1")
            self.acks.reset(element.name == "enabled")
            self._bound((element.get("id") or "") if resumable else "")
        else:
            raise StreamError("unsupported-stanza-type", element.name[:32])

    def _bound(self, sm_id: str) -> None:
        self._go(steps.ONLINE)
        self._asked = self.acks.sent
        self._events.append((ENABLED, sm_id))
        self._events.append((BOUND, self.jid))

    def _on_resumed(self, h: int, known: "tuple[str, int, str]") -> None:
        self._go(steps.PROVING)
        self.jid = known[2]
        self._again = self.acks.resume(h, known[1])
        self._events.append((ACKNOWLEDGED, h))
        self._request_ack()

    # -- online -----------------------------------------------------------------------------------------------------

    def _on_stanza(self, element: Element) -> None:
        if element.xmlns == ns.CLIENT and element.name in _STANZAS:
            self._events.append((STANZA, element))
        elif element.is_a("r", ns.SM):
            self._events.append((ACK_WANTED, None))
        elif element.is_a("a", ns.SM):
            self._on_ack(_number(element))
        elif element.is_a("features", ns.STREAM):
            pass  # offered again after a resumption by some servers; nothing in it is wanted
        else:
            raise StreamError("unsupported-stanza-type", element.name[:32])

    def _on_ack(self, h: int) -> None:
        self.acks.acknowledge(h)
        if self.state == steps.PROVING and h != self.acks.sent:
            return  # the old stream's last words are no proof that the new one is heard
        self.acks.requested = False
        self._alive.answered()
        self._events.append((ACKNOWLEDGED, h))
        if self.state == steps.PROVING:
            self._go(steps.ONLINE)
            for data in self._again:
                self.send(data, True)
            self._again = []
            self._events.append((RESUMED, None))

    def _on_too_large(self, skipped: TooLarge) -> None:
        if self.state not in (steps.ONLINE, steps.PROVING) or skipped.head is None:
            raise StreamError("policy-violation", "%d bytes" % skipped.size_bytes)
        self._events.append((TOO_LARGE, skipped))

    def _request_ack(self) -> None:
        self.acks.requested = True
        self._asked = self.acks.sent
        self._alive.expect(self._now_ms)
        self._put(Element("r", ns.SM))

    def _put(self, element: Element) -> None:
        self._out.extend(encode(element, ns.CLIENT, self._limits.stanza_bytes))


def _number(element: Element) -> int:
    """The h attribute: an unsigned 32-bit number."""
    text = element.get("h") or ""
    if not text.isdigit() or len(text) > 10:
        raise StreamError("invalid-xml", "h is not a number")
    return int(text) & 0xFFFFFFFF


def _stream_error(element: Element) -> StreamError:
    condition = "undefined-condition"
    for child in element.elements():
        if child.xmlns == ns.STREAM_ERRORS and child.name != "text":
            condition = child.name
    return StreamError(condition, (element.child_text("text", ns.STREAM_ERRORS) or "")[:80])
