"""The ladder from a fresh transport to a bound or resumed session: RFC 6120 §4, §6, §7 and XEP-0198 §3, §5.

One element of the server's at a time comes in by element(); what is to be sent goes into the outflow, what the client
must know into the events. Every move goes through go(), which holds it against the table in steps.py.
"""

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.errors import PeerError
from nocarrier.session import steps, writes
from nocarrier.session.account import full_jid
from nocarrier.session.acks import number, number_or_none
from nocarrier.session.errors import AuthError, StreamError
from nocarrier.session.features import choose, read, recalled

try:
    from typing import Optional

    from nocarrier.session.account import Account
    from nocarrier.session.acks import Acks
    from nocarrier.session.features import Features
    from nocarrier.session.line import Liveness
    from nocarrier.session.login import Login
    from nocarrier.session.outflow import Outflow
    from nocarrier.session.writes import Known
    from nocarrier.wire.node import Node
    from nocarrier.wire.parser import StreamParser
except ImportError:
    pass

_SM_ID_BYTES = const(100)  # escaped, six times as many: they fit on flash, and beside a login into a stanza

# Events, as (kind, value); session.py has the others.
BOUND = const(1)  # value: full JID; a new session, nothing of an old one is left
RESUME_FAILED = const(2)  # value: h or None
ENABLED = const(3)  # value: id to resume with, or ""
BINDING = const(4)  # value: None; a new session is asked for, the old one is over; what goes ahead may follow


class Ladder:
    """One account's way up. The parser is restarted and the counters are reset from here.

    trusted: the line may carry the password in clear.
    """

    def __init__(
        self, account: Account, trusted: bool, parser: StreamParser, acks: Acks, out: Outflow, alive: Liveness,
        events: "list[tuple[int, object]]",
    ) -> None:  # fmt: skip
        self.state = steps.CLOSED
        self.jid = ""
        self.known: "Optional[Known]" = None
        self.resumed_h = 0  # how much the server has, if it has resumed the session
        self.ahead: "Optional[list[bytes]]" = None  # stanzas behind the proof; None: they would be in no session
        self.mistaken = False  # something was sent that the server does not offer any more
        self.key_refused = False  # the kept key was used, and the server did not accept it
        self._events = events
        self._account = account
        self._trusted = trusted
        self._parser = parser
        self._acks = acks
        self._out = out
        self._alive = alive
        self.offer = ""  # what the server has offered, once the login has succeeded, to be kept until the next one
        self.key = ""  # what spares that one the derivation
        # Of a login that is under way. Much memory: it is let go of as soon as it has succeeded.
        self._login: "Optional[Login]" = None
        self._before: "Optional[Features]" = None  # what was offered at an earlier login
        self._offered: "Optional[Features]" = None
        self._device = ""
        self._binds = False  # the login is for a new session, which begins with its success
        self._following = steps.CHALLENGED  # the state behind the features
        self.hasty = False  # the login was begun before they have come
        self._instead: "Optional[tuple[str, str, str]]" = None  # the way in, if the one that was tried is refused
        self._sm = False  # the server has stream management, as far as is known
        self._now_ms = 0

    def begin(
        self, login: Login, device: str, offer: str, known: "Optional[Known]", cautious: bool, now_ms: int
    ) -> None:
        """A transport is up.

        device: our UUID. offer: what was offered at an earlier login, "" if there was none.
        known: (id, h, full JID) of a session to resume, or None. cautious: nothing is sent before the features.
        """
        self._login = login
        self._device = device
        self.known = known
        self.offer = self.key = ""
        self._before = recalled(offer) if offer else None
        self._offered = None
        self._instead = None
        self.ahead = None
        self.hasty = self.mistaken = self.key_refused = False
        self.go(steps.OPENING, now_ms)
        self._out.put_bytes(writes.stream_header(self._account.domain))
        if self._before is not None and self._before.offered[ns.SASL2] and not cautious:
            # What is known is not asked again: a round trip less. A refusal is dealt with when it comes.
            try:
                way = choose(self._before, self._trusted)
            except AuthError:
                return  # not any more: the line may have become another one
            if way[0] == ns.SASL2:
                self._begin_login(login, way, self._before)
                self.hasty = True

    def go(self, state: int, now_ms: int) -> None:
        """Moves on; raises PeerError if the table has no such step."""
        if not steps.may_follow(self.state, state):
            raise PeerError("unexpected-request", "not in state " + steps.NAMES[self.state])
        self.state = state
        self._now_ms = now_ms
        if state == steps.CLOSED:
            self.ahead = None
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
            self._on_features(read(element))
        elif element.xmlns in (ns.SASL, ns.SASL2):
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
            self._proof_sent()

    def _on_features(self, features: Features) -> None:
        self._sm = features.sm
        if self.state == steps.OFFERED and self._login is not None:
            self._offered = features
            way = choose(features, self._trusted, self._before)
            if self.hasty:
                self._instead = way if way != self._login.way else None
                self.mistaken = self._instead is not None or features.rides_differ(self._before)
            else:
                self._begin_login(self._login, way, features)
            self.go(self._following, self._now_ms)
        elif self.state != steps.OFFERED_AGAIN:  # above all not while the proof is out
            raise StreamError("unsupported-stanza-type", "features in state " + steps.NAMES[self.state])
        elif self.known is not None and features.sm:
            self.go(steps.RESUMING, self._now_ms)
            self._out.put(writes.resume(self.known))
        else:
            if self.known is not None:
                self._events.append((RESUME_FAILED, None))
            self._bind()

    def _begin_login(self, login: Login, way: "tuple[str, str, str]", features: Features) -> None:
        auth, final = login.start(way, writes.riders(features, self._device, self.known, self._account.resource))
        self._following = steps.PROVED if final else steps.CHALLENGED
        self._binds = way[0] == ns.SASL2 and features.inline_bind and self.known is None
        self._out.put(auth)
        if final:
            self._proof_sent()

    def _proof_sent(self) -> None:
        """If there will be a new session for sure, its first stanzas may follow at once: a round trip less."""
        if self._binds:
            self.ahead = []
            self._events.append((BINDING, None))

    def _on_sasl(self, element: Node) -> None:
        login, offered = self._login, self._offered
        foreign = login is None or login.way is None or element.xmlns != login.way[0]
        if login is None or foreign or element.name not in ("challenge", "success", "failure"):
            raise AuthError("malformed-request", "no answer to a login of ours: " + element.name[:32])
        if element.name == "failure":
            self._on_failure(element, login)
        elif element.name == "challenge":
            self.go(steps.DERIVING, self._now_ms)
            login.challenge(element.text())
        elif self.state != steps.PROVED or offered is None:
            raise AuthError("not-authorized", "success before the proof")
        else:
            sasl2 = element.xmlns == ns.SASL2
            login.success((element.child_text("additional-data", ns.SASL2) or "") if sasl2 else element.text())
            self.offer, self.key = offered.text(), login.key()
            self._login = self._before = self._offered = None
            if sasl2:
                self._on_success(element)
                return
            self.go(steps.REOPENING, self._now_ms)
            self._parser.restart()
            self._out.put_bytes(writes.stream_header(self._account.domain))

    def _on_failure(self, failure: Node, login: Login) -> None:
        if self.mistaken and self.ahead:
            raise StreamError("reset", "the server has changed, and has stanzas of ours already")
        if self._instead is not None and self._offered is not None:
            way, self._instead = self._instead, None
            self.ahead = None
            self.hasty = self.mistaken = False
            self.go(steps.OFFERED, self._now_ms)
            self._begin_login(login, way, self._offered)
            self.go(self._following, self._now_ms)
            return
        if login.recalled():
            self.key_refused = True
            raise AuthError("temporary-auth-failure", "the kept key does not fit any more")
        reason = failure.first()
        text = failure.child_text("text", failure.xmlns) or ""
        raise AuthError(reason.name if reason is not None else "not-authorized", text[:80])

    def _on_success(self, success: Node) -> None:
        """SASL2's <success/>, with what was asked for along with the login."""
        resumed, failed = success.child("resumed", ns.SM), success.child("failed", ns.SM)
        if self.known is not None and resumed is not None:
            self._resumed(resumed)
            return
        if self.known is not None and failed is not None:
            self._resume_failed(failed)
            self.known = None
        bound = success.child("bound", ns.BIND2)
        if bound is not None:
            self._on_bound2(bound, success)
        elif success.child("failed", ns.BIND2) is not None:
            raise StreamError("resource-constraint", "the server binds no resource now")
        elif self.ahead:
            raise StreamError("reset", "the server binds nothing along, and has stanzas of ours already")
        else:
            self.ahead = None
            self.go(steps.REOPENING, self._now_ms)
            self.go(steps.OFFERED_AGAIN, self._now_ms)  # without a new stream

    def _on_bound2(self, bound: Node, success: Node) -> None:
        """A resource was bound with the login (XEP-0386 §4)."""
        by_old_examples = success.child_text("authorization-identity", ns.SASL2)
        jid = success.child_text("authorization-identifier", ns.SASL2) or by_old_examples
        self.jid = full_jid(jid or "", self._account.jid)
        if self.known is not None:  # asked for without an answer to the resumption
            self._events.append((RESUME_FAILED, None))
        if self.ahead is None:
            self._events.append((BINDING, None))
        self.go(steps.BINDING, self._now_ms)
        self.go(steps.ENABLING, self._now_ms)
        enabled = bound.child("enabled", ns.SM)
        if enabled is None:
            self._acks.reset(False)
            self._bound("")
        else:
            self._enabled(enabled)

    def _bind(self) -> None:
        self.go(steps.BINDING, self._now_ms)
        self._events.append((BINDING, None))
        self._out.put(writes.bind(self._account.resource))
        if self._sm:
            # In one flight with the bind: a round trip less, and no moment in which what arrives is not counted.
            self._out.put(writes.enable())

    def _on_bound(self, iq: Node) -> None:
        bind = iq.child("bind", ns.BIND)
        jid = bind.child_text("jid", ns.BIND) if bind is not None else None
        if iq.get("type") != "result" or not jid:
            error = iq.child("error", ns.CLIENT)
            if error is not None and error.get("type") == "wait":
                raise StreamError("resource-constraint", "the server has no room for a session now")
            raise AuthError("conflict", "the server refuses the resource")
        self.jid = full_jid(jid, self._account.jid)
        self._acks.reset(False)
        if self._sm:
            self.go(steps.ENABLING, self._now_ms)
        else:
            self._bound("")

    def _on_sm(self, element: Node) -> None:
        if self.state == steps.RESUMING and element.name == "resumed":
            self._resumed(element)
        elif self.state == steps.RESUMING and element.name == "failed":
            self._resume_failed(element)
            self._bind()
        elif self.state == steps.ENABLING and element.name in ("enabled", "failed"):
            self._enabled(element)
        else:
            raise StreamError("unsupported-stanza-type", element.name[:32])

    def _resume_failed(self, failed: Node) -> None:
        h = number_or_none(failed)
        if h is not None:
            self._acks.check(h)
        self._events.append((RESUME_FAILED, h))

    def _resumed(self, resumed: Node) -> None:
        assert self.known is not None
        self.resumed_h = number(resumed)
        self.go(steps.PROVING, self._now_ms)
        self.jid = self.known[2]

    def _enabled(self, answer: Node) -> None:
        """<enabled/>, or <failed/>."""
        sm_id = answer.get("id") or ""
        resumable = answer.get("resume") in ("true", "1") and len(sm_id.encode()) <= _SM_ID_BYTES
        self._acks.reset(answer.name == "enabled")
        for data in self.ahead or ():
            self._acks.count_out(data)
        self._bound(sm_id if resumable and answer.name == "enabled" else "")

    def _bound(self, sm_id: str) -> None:
        self.ahead = None
        self.go(steps.ONLINE, self._now_ms)
        self._events.append((ENABLED, sm_id))
        self._events.append((BOUND, self.jid))
