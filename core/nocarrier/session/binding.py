"""The second half of the way up: a session resumed, or a resource bound and a new one begun (RFC 6120 §7, XEP-0198)."""

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.session import steps, writes
from nocarrier.session.account import full_jid
from nocarrier.session.acks import number, number_or_none
from nocarrier.session.errors import AuthError, StreamError
from nocarrier.session.features import recalled

try:
    from typing import Optional

    from nocarrier.session.features import Features
    from nocarrier.session.ladder import Ladder
    from nocarrier.wire.node import Node
except ImportError:
    pass

_SM_ID_BYTES = const(100)  # escaped, six times as many: they fit on flash, and beside a login into a stanza

# Events, as (kind, value); session.py has the others.
BOUND = const(1)  # value: full JID; a new session, nothing of an old one is left
RESUME_FAILED = const(2)  # value: h or None
ENABLED = const(3)  # value: id to resume with, or ""
BINDING = const(4)  # value: None; a new session is asked for, the old one is over; what goes ahead may follow
LEFT = const(5)  # value: (name, text); something for the next login, as Ladder.begin() takes it; "": nothing any more

# What was asked for behind a login by RFC 6120, before its features had come.
_NOTHING = const(0)
_RESUME = const(1)
_BIND = const(2)


class Binding:
    """Resumes, binds, enables.

    resumed_h: how much the server has, if it has resumed the session. csi: it wants to know whether anybody is looking.
    """

    def __init__(self, ladder: "Ladder") -> None:
        self.resumed_h = 0
        self.csi = False
        self._ladder = ladder
        self._binds = False  # the login is for a new session, which begins with its success
        self._sm = False  # the server has stream management, as far as is known
        self._behind = False  # the resource is bound behind a login by SASL2, without a new stream
        self._rides = False  # stanzas may be written behind the request to resume
        self._along = False  # that goes along with the login
        self._whole = False  # the second stream may be begun before the first has ended
        self._asked = _NOTHING
        self._offer = ""  # of this login, with what is known of what follows it

    def rides(self, before: "Optional[Features]") -> bool:
        """True if stanzas may be written behind the request to resume."""
        ladder = self._ladder
        known = ladder.known is not None and before is not None and before.rides
        return known and ladder.rides and not ladder.cautious

    def login_begun(self, sasl2: bool, features: "Features", before: "Optional[Features]") -> None:
        """A login was written. before: what was offered at an earlier one, which also knows what follows it."""
        ladder = self._ladder
        self._rides = self.rides(before)
        self._along = sasl2 and features.inline_sm
        self._binds = sasl2 and features.inline_bind and ladder.known is None and not ladder.spool
        self._behind = sasl2 and not self._binds and ladder.known is None and not ladder.cautious
        self._asked = _NOTHING
        self._sm = before is None or before.sm
        self._whole = not sasl2 and before is not None and before.pipelines and not ladder.cautious

    def stream_begun(self) -> bool:
        """True if the second stream was begun before the login has succeeded: there is no way back from there."""
        return self._whole and self._asked != _NOTHING

    def proof_sent(self) -> None:
        """If there will be a new session for sure, its first stanzas may follow at once: a round trip less."""
        ladder = self._ladder
        if self._binds:
            ladder.ahead = []
            ladder.events.append((BINDING, None))
        elif self._behind:
            ladder.hasty = True
            self._bind()
        elif self._whole and ladder.hasty:
            self._begin_stream()
        elif self._along:
            ladder.riding = self._rides

    def proved(self, offered: "Features") -> None:
        """The login has succeeded; what was offered for it is worth being kept."""
        self._keep(offered)

    def reopen(self) -> None:
        """The second stream begins (RFC 6120 §6.4.6), unless it has begun already."""
        if self._asked == _NOTHING:
            self._begin_stream()

    def success(self, success: "Node") -> None:
        """SASL2's <success/>, with what was asked for along with the login."""
        ladder = self._ladder
        resumed, failed = success.child("resumed", ns.SM), success.child("failed", ns.SM)
        if ladder.known is not None and resumed is not None:
            self._resumed(resumed)
            return
        if ladder.known is not None and failed is not None:
            self._resume_failed(failed)
            ladder.known = None
        bound = success.child("bound", ns.BIND2)
        if bound is not None:
            self._on_bound2(bound, success)
        elif success.child("failed", ns.BIND2) is not None:
            raise StreamError("resource-constraint", "the server binds no resource now")
        elif ladder.ahead and self._asked == _NOTHING:
            raise StreamError("reset", "the server binds nothing along, and has stanzas of ours already")
        else:
            if self._asked == _NOTHING:
                ladder.ahead = None
            ladder.go(steps.REOPENING)
            ladder.go(steps.OFFERED_AGAIN)  # without a new stream
            if ladder.terse:
                self.features(None)

    def begin_without(self) -> None:
        """The legacy login has bound the resource along; of stream management nothing is known on such streams."""
        ladder = self._ladder
        if ladder.known is not None:
            ladder.events.append((RESUME_FAILED, None))
        ladder.events.append((BINDING, None))
        ladder.jid = ladder.account.asked_jid()
        ladder.go(steps.BINDING)
        ladder.acks.reset(False)
        self._begun("")

    def features(self, features: "Optional[Features]") -> None:
        """The features behind the login; None: they are as they were."""
        ladder = self._ladder
        offered = recalled(self._offer)
        features = features or offered
        if features is not offered:
            offered.behind(features)
        self._keep(offered)
        if self._asked == _NOTHING:
            self._sm = features.sm
            if ladder.known is not None and features.sm:
                self._resume()
            else:
                self._bind()
        elif features.sm and not self._sm and self._asked == _BIND:
            self._sm = True
            ladder.out.put(writes.enable())
        elif not features.sm and self._sm:
            ladder.mistaken = True
            raise StreamError("reset", "the server has no stream management, and was asked for it")
        ladder.go(steps.RESUMING if self._asked == _RESUME else steps.BINDING)

    def bound(self, iq: "Node") -> None:
        """The answer to bind (RFC 6120 §7.7)."""
        ladder = self._ladder
        bind = iq.child("bind", ns.BIND)
        jid = bind.child_text("jid", ns.BIND) if bind is not None else None
        if iq.get("type") != "result" or not jid:
            error = iq.child("error", ns.CLIENT)
            if error is not None and error.get("type") == "wait":
                raise StreamError("resource-constraint", "the server has no room for a session now")
            raise AuthError("conflict", "the server refuses the resource")
        ladder.jid = full_jid(jid, ladder.account.jid)
        ladder.acks.reset(False)
        if self._sm:
            ladder.go(steps.ENABLING)
        else:
            self._begun("")

    def element(self, element: "Node") -> None:
        """An answer about stream management."""
        ladder = self._ladder
        if ladder.state == steps.RESUMING and element.name == "resumed":
            self._resumed(element)
        elif ladder.state == steps.RESUMING and element.name == "failed":
            self._resume_failed(element)
            self._bind()
            ladder.go(steps.BINDING)
        elif ladder.state == steps.ENABLING and element.name in ("enabled", "failed"):
            self._enabled(element)
        else:
            raise StreamError("unsupported-stanza-type", element.name[:32])

    def learn_late(self, features: "Features") -> None:
        """Features that come when a session stands: what they say of the server is good to know the next time, once."""
        if self._offer:
            offered = recalled(self._offer)
            offered.late(features)
            self._keep(offered)
            self._offer = ""

    def _keep(self, offered: "Features") -> None:
        self.csi = offered.csi
        self._offer = offered.text()
        self._ladder.events.append((LEFT, ("offer", self._offer)))

    def _begin_stream(self) -> None:
        """The second header, and unless that was refused before, at once what would follow its answer."""
        ladder = self._ladder
        ladder.begin_stream("")
        if ladder.cautious:
            return
        ladder.hasty = True
        if ladder.known is None:
            self._bind()
        elif self._sm:
            self._resume()

    def _resume(self) -> None:
        ladder = self._ladder
        assert ladder.known is not None
        self._asked = _RESUME
        ladder.out.put(writes.resume(ladder.known))
        ladder.riding = self._rides

    def _bind(self) -> None:
        ladder = self._ladder
        if ladder.known is not None and self._asked == _NOTHING:  # not even asked
            ladder.events.append((RESUME_FAILED, None))
        self._asked = _BIND
        ladder.out.put(writes.bind(ladder.account.resource))
        ladder.events.append((BINDING, None))
        if self._sm:
            # In one flight with the bind: a round trip less, and no moment in which what arrives is not counted.
            ladder.out.put(writes.enable())
            if not ladder.cautious:
                ladder.ahead = []

    def _on_bound2(self, bound: "Node", success: "Node") -> None:
        """A resource was bound with the login (XEP-0386 §4)."""
        ladder = self._ladder
        by_old_examples = success.child_text("authorization-identity", ns.SASL2)
        jid = success.child_text("authorization-identifier", ns.SASL2) or by_old_examples
        ladder.jid = full_jid(jid or "", ladder.account.jid)
        if ladder.known is not None:  # asked for without an answer to the resumption
            ladder.events.append((RESUME_FAILED, None))
        if ladder.ahead is None:
            ladder.events.append((BINDING, None))
        ladder.go(steps.BINDING)
        ladder.go(steps.ENABLING)
        enabled = bound.child("enabled", ns.SM)
        if enabled is None:
            ladder.acks.reset(False)
            self._begun("")
        else:
            self._enabled(enabled)

    def _resume_failed(self, failed: "Node") -> None:
        ladder = self._ladder
        ladder.riding = False
        h = number_or_none(failed)
        if h is not None and not ladder.acks.possible(h):
            h = None  # a server that has more of ours than there was knows nothing of us
        ladder.events.append((RESUME_FAILED, h))

    def _resumed(self, resumed: "Node") -> None:
        ladder = self._ladder
        assert ladder.known is not None
        self.resumed_h = number(resumed)
        ladder.go(steps.PROVING)
        ladder.jid = ladder.known[2]

    def _enabled(self, answer: "Node") -> None:
        """<enabled/>, or <failed/>."""
        ladder = self._ladder
        sm_id = answer.get("id") or ""
        resumable = answer.get("resume") in ("true", "1") and len(sm_id.encode()) <= _SM_ID_BYTES
        ladder.acks.reset(answer.name == "enabled")
        for data in ladder.ahead or ():
            ladder.acks.count_out(data)
        self._begun(sm_id if resumable and answer.name == "enabled" else "")

    def _begun(self, sm_id: str) -> None:
        ladder = self._ladder
        ladder.ahead = None
        ladder.go(steps.ONLINE)
        ladder.events.append((ENABLED, sm_id))
        ladder.events.append((BOUND, ladder.jid))
