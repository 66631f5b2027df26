"""The ladder from a fresh transport to a bound or resumed session: RFC 6120 §4 to §7, and what shortens it.

One element of the server's at a time comes in by element(), and goes to the half whose turn it is: proving.py, then
binding.py. What both know of the climb is here; every move goes through go(), which holds it against steps.py.
"""

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.errors import PeerError
from nocarrier.session import steps, writes
from nocarrier.session.binding import Binding
from nocarrier.session.errors import PASSING, AuthError, StreamError
from nocarrier.session.features import read

try:
    from typing import Any, Optional

    from nocarrier.session.account import Account
    from nocarrier.session.acks import Acks
    from nocarrier.session.features import Features
    from nocarrier.session.line import Liveness
    from nocarrier.session.outflow import Outflow
    from nocarrier.session.proving import Proving
    from nocarrier.session.ways import Bindings
    from nocarrier.session.writes import Known
    from nocarrier.wire.node import Node
    from nocarrier.wire.parser import StreamParser
except ImportError:
    pass

# How much is sent ahead of the server's answers.
NO_CAUTION = const(0)  # whatever it is known to take
CAUTION = const(1)  # nothing: the last calls have come to nothing
REFUSED = const(2)  # nothing, and that is to be remembered: it has refused it

_ASK_AGAIN = const(16)  # logins, of which one asks for the features although they are known

# States in which no login is under way.
_NOT_PROVING = (steps.CLOSED, steps.REOPENING, steps.PROVING, steps.BINDING)

# Those in which a session may have been asked for, and nobody knows yet whether it is resumed.
_ASKING = (steps.PROVED, steps.REOPENING, steps.OFFERED_AGAIN, steps.RESUMING)

# Modules that nothing but a login needs. begin() imports them, the lower ones first, since an import inside an import
# costs stack; a board that is short of memory may drop them from sys.modules as soon as the client is online.
_LOGIN = ("nocarrier.session.pbkdf2", "nocarrier.session.ways", "nocarrier.session.login", "nocarrier.session.proving")
LOGIN_ONLY = _LOGIN + ("nocarrier.session.scram", "nocarrier.session.fast")


class Ladder:
    """One account's way up. trusted: the user's word that nobody listens on lines without TLS.

    binding:  the second half of the climb, with what it has found.
    known:    (id, h, full JID) of a session to resume, or None.
    ahead:    stanzas that were sent before the session that they are for has begun; None: they would be in no session.
    hasty:    something was sent before the server has said that it takes it.
    mistaken: and it does not, as it says by now.
    cautious: nothing of the kind is to be sent. refused: the server has refused it the last time.
    secures:  TLS is to begin before anything else; until then anybody may be on the line.
    terse:    no features are asked for, since they are known (Features.terse).
    rides:    stanzas may be written behind <resume/>. riding: now is the time for it. riders: so many were.
    spool:    the resource is to be bound by RFC 6120 §7, so that the server delivers what has waited.
    """

    def __init__(
        self, account: Account, trusted: bool, parser: StreamParser, acks: Acks, out: Outflow, alive: Liveness,
        events: "list[tuple[int, object]]",
    ) -> None:  # fmt: skip
        self.account = account
        self.parser = parser
        self.acks = acks
        self.out = out
        self.events = events
        self.state = steps.CLOSED
        self.now_ms = 0
        self.jid = ""
        self.known: "Optional[Known]" = None
        self.ahead: "Optional[list[bytes]]" = None
        self.hasty = self.mistaken = self.cautious = self.refused = self.spool = self.terse = self.secures = False
        self.rides = self.riding = False
        self.riders = 0
        self._streams = 0
        self._terse_failed = False
        self._alive = alive
        self._trusted = trusted
        self._digests = False  # the server's header is awaited, for its id
        self._legacy: "Any" = None
        if account.legacy:  # few are, and the others have no memory for it
            from nocarrier.session import legacy

            self._legacy = legacy
        self.binding = Binding(self)
        self._proving: "Optional[Proving]" = None  # of a login that is under way

    def begin(
        self, nonce: str, kept: "dict[str, str]", known: "Optional[Known]", caution: int, spool: bool, rides: bool,
        tls: "Optional[Bindings]", starttls: bool,
    ) -> None:  # fmt: skip
        """A transport is up.

        nonce: fresh randomness. known: (id, h, full JID) of a session to resume, or None. caution: one of those above.
        spool: what has waited is to be delivered, which it is not after Bind2 (XEP-0386 §5).
        rides: stanzas may be written behind the request to resume, where the server is known to deal with them.
        tls: the channel bindings of the link's verified TLS, or None. starttls: it is about to begin (RFC 6120 §5).
        kept: what earlier logins have left, ASCII by name:
        "device", the UUID of this installation, the same for ever (XEP-0388 §2.2);
        "offer", what the server has offered (Features.text());
        "key", which spares SCRAM's derivation, and "token", for FAST (XEP-0484): who has either can log in.
        """
        self.known = known
        self.cautious = caution != NO_CAUTION
        self.refused = caution == REFUSED
        self.spool = spool
        self.rides = rides and (tls is not None or self._trusted)
        self.ahead = None
        self.riders = 0
        self._terse_failed = self._terse_failed or (self.terse and self.cautious)
        self.hasty = self.mistaken = self.terse = False
        self.secures = starttls
        self.go(steps.OPENING)
        if self.account.legacy:
            if starttls:  # streams of then have no features, and TLS that is wanted is not done without
                raise AuthError("encryption-required", "the legacy profile has no STARTTLS")
            self._begin_legacy(tls is not None or self._trusted)
            return
        if starttls:
            self.begin_stream("")
            self.out.put(writes.starttls())  # nobody who wants TLS goes on without it, whatever the features say
        else:
            self._begin_login(nonce, kept, tls)

    def go(self, state: int) -> None:
        """Moves on; raises PeerError if the table has no such step."""
        if not steps.may_follow(self.state, state):
            raise PeerError("unexpected-request", "not in state " + steps.NAMES[self.state])
        self.state = state
        if state == steps.CLOSED:
            self.ahead = None
        if state in _NOT_PROVING:
            self._proving = None
            self.riding = False
        self._alive.answered()
        if state not in (steps.CLOSED, steps.ONLINE, steps.DERIVING, steps.SECURED):
            self._alive.expect(self.now_ms)

    def in_haste(self) -> bool:
        """True if something was sent ahead in a login that has not come to its end."""
        return self.hasty and self.state != steps.ONLINE

    def overhasty(self, error: PeerError) -> bool:
        """True if this error may have come only because something was sent before the server was known to take it."""
        if not self.in_haste() or error.condition == "mechanism-too-weak" or self.rejected(error):
            return False
        return self.mistaken or (isinstance(error, StreamError) and error.condition not in PASSING)

    def unanswered(self) -> bool:
        """True if stanzas were written behind a request to resume that was not answered by a resumption."""
        return self.riders > 0 and self.state not in (steps.PROVING, steps.ONLINE)

    def rejected(self, fault: "Optional[PeerError]") -> bool:
        """True if this is how the server has answered the request to resume: the counts do not fit (XEP-0198 §4).

        On flash there may be less than it was told, after damage say; to ask again would bring the same.
        """
        asking = self.known is not None and self.state in _ASKING
        return asking and isinstance(fault, StreamError) and fault.condition == "undefined-condition"

    def begin_stream(self, jid: str) -> None:
        """Writes a stream header. jid: ours, or "" if nobody is to know it yet."""
        version = b"" if self.terse or self.account.legacy else writes.VERSION
        self.out.put_bytes(writes.stream_header(self.account.domain, jid, version))
        self.out.part()  # the features take longer than anything that we say

    def may_be_terse(self) -> bool:
        """False now and then: only who asks for the features hears that they have changed.

        And False for good if a login without them has come to nothing.
        """
        self._streams += 1
        return not self._terse_failed and self._streams % _ASK_AGAIN != 0

    def header(self, header: Node) -> None:
        """The server's stream header (RFC 6120 §4.7)."""
        if not header.is_a("stream", ns.STREAM):
            raise StreamError("invalid-namespace", "not an XMPP stream")
        if self.account.legacy:
            if self._digests:
                self.out.put(self._legacy.request(self.account, header.get("id") or ""))
            self.go(steps.PROVED)
            return
        version = header.get("version")
        if (version or "0").split(".")[0] != "1" and not self.terse:
            raise StreamError("unsupported-version", "the server does not speak XMPP 1.0")
        self.go(steps.OFFERED if self.state == steps.OPENING else steps.OFFERED_AGAIN)
        if version is None:  # there will be no features
            self._on_features(None)

    def element(self, element: Node) -> None:
        """An element that is no stanza for the client. Raises PeerError if it has no place on this step."""
        if element.is_a("features", ns.STREAM):
            if not self.account.legacy:  # Prosody offers them there too
                self._on_features(self._read(element))
        elif element.xmlns in (ns.SASL, ns.SASL2) and self._proving is not None:
            self._proving.element(element)
        elif element.xmlns == ns.SM:
            self.binding.element(element)
        elif element.xmlns == ns.TLS and self.state == steps.SECURING:
            self._on_tls(element)
        elif self.state == steps.BINDING and element.is_a("iq", ns.CLIENT):
            self.binding.bound(element)
        elif self.account.legacy and element.is_a("iq", ns.CLIENT) and element.get("id") == self._legacy.ID:
            self._legacy.check(element)
            self.binding.begin_without()
        else:
            raise StreamError("unsupported-stanza-type", element.name[:32])

    def derive(self) -> None:
        """A slice of SCRAM's key, while the state is DERIVING."""
        assert self._proving is not None
        self._proving.derive()

    def late_features(self, element: Node) -> None:
        """Features that come when we are online."""
        self.binding.learn_late(self._read(element))

    def _read(self, element: Node) -> Features:
        """The server's features. Its limits (XEP-0478) hold from now on."""
        features = read(element)
        if self.secures:
            return features
        if features.max_bytes:
            self.out.limit_stanza(features.max_bytes)
        if features.idle_s:
            self._alive.limit_idle(features.idle_s)
        return features

    def _begin_login(self, nonce: str, kept: "dict[str, str]", tls: "Optional[Bindings]") -> None:
        for name in _LOGIN:
            __import__(name)
        from nocarrier.session.proving import Proving

        self._proving = Proving(self, self.binding, self._trusted, nonce, kept, tls)
        self._proving.begin()

    def _begin_legacy(self, secret: bool) -> None:
        """XEP-0078. secret: the password itself may go; else a digest of it goes, one round trip later."""
        self._digests = not secret
        self.begin_stream("")
        if secret:
            self.out.put(self._legacy.request(self.account, ""))

    def _on_features(self, features: "Optional[Features]") -> None:
        """None: they are as they were."""
        state = self.state
        if state == steps.OFFERED and self.secures:
            if features is None or not features.tls:
                raise AuthError("encryption-required", "the server offers no TLS")
            self.go(steps.SECURING)
        elif state == steps.OFFERED and self._proving is not None:
            self._proving.features(features)
        elif state == steps.OFFERED_AGAIN:
            self.binding.features(features)
        else:  # above all not while the proof is out
            raise StreamError("unsupported-stanza-type", "features in state " + steps.NAMES[state])

    def _on_tls(self, answer: Node) -> None:
        """RFC 6120 §5.4.2: TLS may begin, or there is none. What else is in the buffer was never said inside TLS."""
        if answer.name != "proceed":
            raise AuthError("encryption-required", "the server has failed to begin TLS")
        self.go(steps.SECURED)
