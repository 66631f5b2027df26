"""The first half of the way up: from a stream header to a server that knows who we are, and has shown who it is."""

from nocarrier import ns
from nocarrier.session import steps, writes
from nocarrier.session.binding import LEFT
from nocarrier.session.errors import AuthError, StreamError
from nocarrier.session.features import recalled
from nocarrier.session.login import Login
from nocarrier.session.ways import Means, choose, pack, split, token_mechanism

try:
    from typing import Optional

    from nocarrier.session.binding import Binding
    from nocarrier.session.features import Features
    from nocarrier.session.ladder import Ladder
    from nocarrier.session.ways import Bindings, Way
    from nocarrier.wire.node import Node
except ImportError:
    pass


class Proving:
    """One login; hands on to `binding` as soon as something can be asked for. It lives as long as that login.

    trusted: see Means. The others are those of Ladder.begin().
    """

    def __init__(
        self, ladder: "Ladder", binding: Binding, trusted: bool, nonce: str, kept: "dict[str, str]",
        tls: "Optional[Bindings]",
    ) -> None:  # fmt: skip
        account = ladder.account
        by_password = account.password is not None
        self._ladder = ladder
        self._binding = binding
        self._login = Login(account, nonce, kept, tls)
        self._means = Means(tls, trusted, account.quick, split(kept.get("token", ""))[0], by_password)
        self._offer = kept.get("offer", "")  # at an earlier login
        self._offered: "Optional[Features]" = None  # what is offered now
        self._instead: "Optional[Way]" = None  # the way in, if the one that was tried is refused
        self._device = kept["device"]
        self._wanted = ""  # the mechanism for which a token was asked
        self._following = steps.CHALLENGED  # the state behind the features
        self._tried_ahead = False  # the login was begun before the features have come

    def begin(self) -> None:
        """The stream header has been written, over TLS or what there is."""
        ladder, before = self._ladder, self._before()
        way = self._way_ahead(before) if before is not None else None
        # ejabberd has no channel to bind to before it has offered to do so.
        terse = way is not None and not way[3] and before is not None and before.terse
        ladder.terse = terse and ladder.may_be_terse()
        # The name of the user belongs into an encrypted stream only (RFC 6120 §4.7.1).
        ladder.begin_stream(ladder.account.jid if self._means.tls is not None else "")
        if way is not None and before is not None:
            ladder.hasty = self._tried_ahead = True
            self._start(way, before, before)

    def _way_ahead(self, before: "Features") -> "Optional[Way]":
        """What is known is not asked again, a round trip less: the way to go before the features have come, or None.

        A refusal is dealt with when it comes.
        """
        try:
            way = choose(before, self._means)
        except AuthError:
            return None  # not any more: the line may have become another one
        # One without stream management is of the kind that takes one step at a time, and may not even say so.
        if before.one_step or (way[0] == ns.SASL and not before.sm):
            self._ladder.cautious = True
        return None if self._ladder.cautious else way

    def features(self, features: "Optional[Features]") -> None:
        """The features before the login; None: they are as they were."""
        login, means, ladder = self._login, self._means, self._ladder
        before = self._before()
        self._offered = features = features or before
        assert features is not None
        way = choose(features, means, before)
        if self._tried_ahead and before is not None:
            # Whether the server binds channels is part of what SCRAM has said already.
            same = way == login.way and features.binds == before.binds
            self._instead = None if same else way
            ladder.mistaken = self._instead is not None or features.rides_differ(before)
        else:
            self._start(way, features, before)
        ladder.go(self._following)

    def element(self, element: "Node") -> None:
        """An answer to a login."""
        login, offered, ladder = self._login, self._offered, self._ladder
        foreign = login.way is None or element.xmlns != login.way[0]
        if foreign or element.name not in ("challenge", "success", "failure"):
            raise AuthError("malformed-request", "no answer to a login of ours: " + element.name[:32])
        if element.name == "failure":
            self._on_failure(element, login)
        elif element.name == "challenge":
            ladder.go(steps.DERIVING)
            login.challenge(element.text(), offered.listed.get(element.xmlns) if offered is not None else None)
        elif ladder.state != steps.PROVED or offered is None:
            raise AuthError("not-authorized", "success before the proof")
        else:
            self._on_success(element, login, offered)

    def derive(self) -> None:
        """A slice of SCRAM's key, while the state is DERIVING."""
        response = self._login.work()
        if response is not None:
            self._ladder.go(steps.PROVED)
            self._ladder.out.put(response)
            self._binding.proof_sent()

    def _before(self) -> "Optional[Features]":
        """What was offered at an earlier login. Half a kilobyte, and so not kept."""
        return recalled(self._offer) if self._offer else None

    def _start(self, way: "Way", features: "Features", before: "Optional[Features]") -> None:
        """Writes the login, and behind it what may already follow."""
        login, binding, means = self._login, self._binding, self._means
        sasl2 = way[0] == ns.SASL2
        by_token = way[1] == means.token and means.token != ""
        self._wanted = token_mechanism(features, means) if sasl2 and not by_token else ""
        riders = []
        if sasl2:
            ladder = self._ladder
            # What is written behind the request belongs into the old session, and into no other.
            binds = not binding.rides(before) if ladder.known is not None else not ladder.spool
            riders = writes.riders(
                features, self._device, ladder.known, ladder.account.resource if binds else "", by_token, self._wanted
            )
        auth, final = login.start(way, features, riders)
        self._following = steps.PROVED if final else steps.CHALLENGED
        self._ladder.out.put(auth)
        binding.login_begun(sasl2, features, before)
        if final:
            binding.proof_sent()

    def _on_failure(self, failure: "Node", login: Login) -> None:
        ladder, offered, means = self._ladder, self._offered, self._means
        if offered is None or ladder.terse or self._binding.stream_begun():
            ladder.mistaken = True
            raise StreamError("reset", "the login was refused, and the server was told more already")
        if login.by_token():  # it has expired, or was another device's
            means.token = ""
            ladder.events.append((LEFT, ("token", "")))
            if self._instead is None:
                self._instead = choose(offered, means, self._before())
                ladder.mistaken = True
        if ladder.mistaken and (ladder.ahead or ladder.riders):
            raise StreamError("reset", "the login was refused, and the server has stanzas of ours already")
        if self._instead is not None:
            way, self._instead = self._instead, None
            ladder.ahead = None
            ladder.hasty = ladder.mistaken = self._tried_ahead = False
            ladder.go(steps.OFFERED)
            self._start(way, offered, self._before())
            ladder.go(self._following)
            return
        if login.recalled():
            ladder.events.append((LEFT, ("key", "")))
            raise AuthError("temporary-auth-failure", "the kept key does not fit any more")
        reason = failure.first()
        text = failure.child_text("text", failure.xmlns) or ""
        raise AuthError(reason.name if reason is not None else "not-authorized", text[:80])

    def _on_success(self, success: "Node", login: Login, offered: "Features") -> None:
        ladder, sasl2 = self._ladder, success.xmlns == ns.SASL2
        login.success((success.child_text("additional-data", ns.SASL2) or "") if sasl2 else success.text())
        if login.key():
            ladder.events.append((LEFT, ("key", login.key())))
        self._take_token(success)
        offered.remember(self._before(), ladder.refused)
        if self._means.tls is None:
            offered.forget_bindings()
        self._binding.proved(offered)
        if sasl2:
            self._binding.success(success)
        else:
            ladder.go(steps.REOPENING)
            ladder.parser.restart()
            self._binding.reopen()

    def _take_token(self, success: "Node") -> None:
        """A new token, asked for or not (XEP-0484 §4.4). The old one is good until this one is used."""
        token = success.child("token", ns.FAST)
        mechanism = self._wanted or self._means.token
        if token is not None and mechanism:
            text = pack(mechanism, token.get("token") or "")
            if text:
                self._ladder.events.append((LEFT, ("token", text)))
