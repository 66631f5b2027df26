"""Proving who we are, by either profile of SASL (RFC 6120 §6; XEP-0388): one mechanism's exchange."""

import binascii

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.session.account import b64, prepared
from nocarrier.session.errors import AuthError
from nocarrier.session.features import TOKENS
from nocarrier.session.ways import split
from nocarrier.wire.element import Element

try:
    from typing import Optional

    from nocarrier.session.account import Account
    from nocarrier.session.fast import Ht
    from nocarrier.session.features import Features
    from nocarrier.session.scram import Scram
    from nocarrier.session.ways import Bindings, Way
except ImportError:
    pass

# Iterations of PBKDF2 between two looks at the line and the keys: 0.6 M instructions on a Cortex-M3, and half as many
# for the collector of what they leave behind; together under 50 ms at 48 MHz.
_SLICE = const(16)
_ANSWER_CHARS = const(1024)  # Base64 of a challenge or success; servers' are under 200


class Login:
    """One login. nonce: fresh and unguessable. kept, tls: see Ladder.begin(). way: that was taken; None before."""

    def __init__(self, account: Account, nonce: str, kept: "dict[str, str]", tls: "Optional[Bindings]") -> None:
        self.way: "Optional[Way]" = None
        self._account = account
        self._nonce = nonce
        self._known = kept.get("key", "")
        self._token = split(kept.get("token", ""))
        self._tls = tls
        self._scram: "Optional[Scram]" = None
        self._ht: "Optional[Ht]" = None
        self._ready = False  # the key is derived
        self._proof = ""

    def start(self, way: "Way", features: "Features", riders: "list[Element]") -> "tuple[Element, bool]":
        """The element to begin with, and whether it is already the whole proof.

        way: as choose() returns it for these features. riders: what goes along if the profile is SASL2 (XEP-0388 §2.2).
        """
        self.way = way
        self._scram = self._ht = None
        self._ready, self._proof = False, ""
        profile, name, digest, binding = way
        initial = self._first(name, digest, binding, features)
        final = self._scram is None
        if profile == ns.SASL:
            return Element("auth", ns.SASL, ("mechanism", name), [b64(initial)]), final
        children = [Element("initial-response", ns.SASL2, (), [b64(initial)])] + riders
        return Element("authenticate", ns.SASL2, ("mechanism", name), children), final

    def by_token(self) -> bool:
        """True if this login is by a token."""
        return self._ht is not None

    def challenge(self, text: str, listed: "Optional[str]") -> None:
        """The server's challenge, in Base64. The proof is ready when work() has returned it. Raises AuthError.

        listed: as Scram.challenge() takes it.
        """
        if self._scram is None:
            raise AuthError("malformed-request", "a challenge that was not asked for")
        self._scram.challenge(_text(text), listed)

    def work(self) -> "Optional[Element]":
        """Derives the key a little further; the <response/> when it is ready, else None."""
        assert self._scram is not None and self.way is not None
        # What is made of the key is a slice of its own, and so is what is written of that.
        if self._proof:
            return Element("response", self.way[0], (), [self._proof])
        if self._ready:
            self._proof = b64(self._scram.final().encode())
        else:
            self._ready = self._scram.work(_SLICE)
        return None

    def key(self) -> str:
        """What may be kept, so that the next login need not derive it again; "" if there is nothing."""
        return self._scram.key() if self._scram is not None else ""

    def recalled(self) -> bool:
        """True if a kept key was used: a refusal may mean that only this is wrong."""
        return self._scram is not None and self._scram.recalled

    def success(self, text: str) -> None:
        """The server says that we are who we are. Raises AuthError unless it has proved itself too, if the way is
        one by which servers do: not with PLAIN."""
        if self._scram is not None:
            self._scram.check(_text(text))
        elif self._ht is not None:
            self._ht.check(_decoded(text))

    def _first(self, name: str, digest: str, binding: str, features: "Features") -> bytes:
        account = self._account
        data = self._tls[binding] if self._tls is not None and binding else b""
        # Each login needs one of the two at most, and both together take a kilobyte.
        if name in TOKENS:
            from nocarrier.session.fast import Ht

            self._ht = Ht(account.username, self._token[1], data)
            return self._ht.first()
        if not digest:
            assert account.password is not None
            return ("\0%s\0%s" % (prepared(account.username), prepared(account.password))).encode()
        from nocarrier.session import scram

        gs2 = scram.NO_BINDING
        if binding:
            gs2 = "p=%s,," % binding
        elif self._tls and not features.binds:
            gs2 = scram.NONE_OFFERED
        self._scram = scram.Scram(
            digest, account.username, account.password, self._nonce, known=self._known, gs2=gs2, binding=data
        )
        return self._scram.first().encode()


def _text(answer: str) -> str:
    try:
        return str(_decoded(answer), "utf-8")
    except UnicodeError:
        raise AuthError("incorrect-encoding", "not UTF-8") from None


def _decoded(answer: str) -> bytes:
    if len(answer) > _ANSWER_CHARS:
        raise AuthError("malformed-request", "the server's answer is longer than %d" % _ANSWER_CHARS)
    try:
        return binascii.a2b_base64(answer.encode())
    except ValueError:
        raise AuthError("incorrect-encoding", "not Base64") from None
