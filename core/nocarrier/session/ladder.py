"""The ladder from a fresh transport to a bound or resumed session: RFC 6120 §4, §6, §7 and XEP-0198 §3, §5.

One element of the server's at a time comes in by element(); what is to be sent goes into the outflow, what the client
must know into the events. Every move goes through go(), which holds it against the table in steps.py.
"""

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.errors import PeerError
from nocarrier.session import steps
from nocarrier.session.account import Account
from nocarrier.session.acks import Acks, number_or_none
from nocarrier.session.errors import AuthError, StreamError
from nocarrier.session.features import Features
from nocarrier.session.line import Liveness
from nocarrier.session.login import Login
from nocarrier.session.outflow import Outflow
from nocarrier.wire.element import Element
from nocarrier.wire.parser import StreamParser

try:
    from typing import Optional

    from nocarrier.wire.node import Node
except ImportError:
    pass

_SM_ID_BYTES = const(255)  # that fit on flash; a session with a longer id is not resumed

# Events, as (kind, value); session.py has the others.
BOUND = const(1)  # value: full JID; a new session, nothing of an old one is left
RESUME_FAILED = const(2)  # value: h or None
ENABLED = const(3)  # value: id to resume with, or ""
BINDING = const(4)  # value: None; a new session is asked for, the old one is over


class Ladder:
    """One account's way up. The parser is restarted and the counters are reset from here."""

    def __init__(
        self,
        account: Account,
        parser: StreamParser,
        acks: Acks,
        out: Outflow,
        alive: Liveness,
        events: "list[tuple[int, object]]",
    ) -> None:
        self.state = steps.CLOSED
        self.jid = ""
        self.known: "Optional[tuple[str, int, str]]" = None
        self._events = events
        self._account = account
        self._parser = parser
        self._acks = acks
        self._out = out
        self._alive = alive
        self._login: "Optional[Login]" = None
        self._features: "Optional[Features]" = None
        self._now_ms = 0

    def begin(self, login: Login, known: "Optional[tuple[str, int, str]]", now_ms: int) -> None:
        """A transport is up. known: (id, h, full JID) of a session to resume, or None."""
        self._login = login
        self._features = None
        self.known = known
        self.go(steps.OPENING, now_ms)
        self._header()

    def go(self, state: int, now_ms: int) -> None:
        """Moves on; raises PeerError if the table has no such step."""
        if not steps.may_follow(self.state, state):
            raise PeerError("unexpected-request", "not in state " + steps.NAMES[self.state])
        self.state = state
        self._now_ms = now_ms
        self._alive.answered()
        if state not in (steps.CLOSED, steps.ONLINE, steps.DERIVING):
            self._alive.expect(now_ms)

    def header(self, header: Node, now_ms: int) -> None:
        """The server's stream header (RFC 6120 §4.7)."""
        if not header.is_a("stream", ns.STREAM):
            raise StreamError("invalid-namespace", "not an XMPP stream")
        if (header.get("version") or "0").split(".")[0] != "1":
            raise StreamError("unsupported-version", "the server does not speak XMPP 1.0")
        self.go(steps.OFFERED if self.state == steps.OPENING else steps.OFFERED_AGAIN, now_ms)

    def element(self, element: Node, now_ms: int) -> None:
        """An element that is no stanza for the client. Raises PeerError if it has no place on this step."""
        self._now_ms = now_ms
        if element.is_a("features", ns.STREAM):
            self._on_features(Features(element))
        elif element.xmlns == ns.SASL:
            self._on_sasl(element)
        elif element.xmlns == ns.SM:
            self._on_sm(element)
        elif self.state == steps.BINDING and element.is_a("iq", ns.CLIENT):
            self._on_bound(element)
        else:
            raise StreamError("unsupported-stanza-type", element.name[:32])

    def derive(self, now_ms: int) -> None:
        """A slice of SCRAM's key, while the state is DERIVING."""
        assert self._login is not None
        response = self._login.work()
        if response is not None:
            self.go(steps.PROVED, now_ms)
            self._out.put(response)

    def _header(self) -> None:
        # No XML declaration and no `from`: bytes, and the name belongs only into an encrypted stream (XEP-0388 §2).
        self._out.put_bytes(
            b"<stream:stream xmlns='%s' xmlns:stream='%s' to='%s' version='1.0'>"
            % (ns.CLIENT.encode(), ns.STREAM.encode(), self._account.domain.encode())
        )

    def _on_features(self, features: Features) -> None:
        assert self._login is not None
        self._features = features
        if self.state == steps.OFFERED:
            auth, final = self._login.start(features)
            self.go(steps.PROVED if final else steps.CHALLENGED, self._now_ms)
            self._out.put(auth)
        elif self.known is not None and features.sm:
            self.go(steps.RESUMING, self._now_ms)
            self._out.put(Element("resume", ns.SM, ("h", str(self.known[1]), "previd", self.known[0])))
        else:
            if self.known is not None:
                self._events.append((RESUME_FAILED, None))
            self._bind()

    def _on_sasl(self, element: Node) -> None:
        assert self._login is not None
        if element.name == "challenge":
            self.go(steps.DERIVING, self._now_ms)
            self._login.challenge(element.text())
        elif element.name == "success":
            if self.state != steps.PROVED:
                raise AuthError("not-authorized", "success before the proof")
            self._login.success(element.text())
            self.go(steps.REOPENING, self._now_ms)
            self._parser.restart()
            self._header()
        else:
            reason = element.first()
            text = element.child_text("text", ns.SASL) or ""
            raise AuthError(reason.name if reason is not None else "not-authorized", text[:80])

    def _bind(self) -> None:
        self.go(steps.BINDING, self._now_ms)
        self._events.append((BINDING, None))
        resource = Element("resource", ns.BIND, (), [self._account.resource])
        bind = Element("bind", ns.BIND, (), [resource])
        self._out.put(Element("iq", ns.CLIENT, ("type", "set", "id", "bind"), [bind]))
        if self._features is not None and self._features.sm:
            # In one flight with the bind: a round trip less, and no moment in which what arrives is not counted.
            self._out.put(Element("enable", ns.SM, ("resume", "true")))

    def _on_bound(self, iq: Node) -> None:
        bind = iq.child("bind", ns.BIND)
        jid = bind.child_text("jid", ns.BIND) if bind is not None else None
        if iq.get("type") != "result" or not jid:
            error = iq.child("error", ns.CLIENT)
            if error is not None and error.get("type") == "wait":
                raise StreamError("resource-constraint", "the server has no room for a session now")
            raise AuthError("conflict", "the server refuses the resource")
        self.jid = jid
        self._acks.reset(False)
        if self._features is not None and self._features.sm:
            self.go(steps.ENABLING, self._now_ms)
        else:
            self._bound("")

    def _on_sm(self, element: Node) -> None:
        if self.state == steps.RESUMING and self.known is not None:
            if element.name == "resumed":
                self.go(steps.PROVING, self._now_ms)
                self.jid = self.known[2]
            elif element.name == "failed":
                self._events.append((RESUME_FAILED, number_or_none(element)))
                self._bind()
        elif self.state == steps.ENABLING and element.name in ("enabled", "failed"):
            sm_id = element.get("id") or ""
            resumable = element.get("resume") in ("true", "1") and len(sm_id.encode()) <= _SM_ID_BYTES
            self._acks.reset(element.name == "enabled")
            self._bound(sm_id if resumable and element.name == "enabled" else "")
        else:
            raise StreamError("unsupported-stanza-type", element.name[:32])

    def _bound(self, sm_id: str) -> None:
        self.go(steps.ONLINE, self._now_ms)
        self._events.append((ENABLED, sm_id))
        self._events.append((BOUND, self.jid))
