"""Proving who we are, by either profile of SASL (RFC 6120 §6; XEP-0388): one mechanism's exchange."""

from binascii import a2b_base64

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.session.errors import AuthError
from nocarrier.session.features import PLAIN
from nocarrier.session.scram import Scram, b64, prepared
from nocarrier.wire.element import Element

try:
    from typing import Optional

    from nocarrier.session.account import Account
except ImportError:
    pass

# Iterations of PBKDF2 between two looks at the line and the keys: 1.1 M instructions on a Cortex-M3.
_SLICE = const(50)
_ANSWER_CHARS = const(1024)  # Base64 of a challenge or success; servers' are under 200


class Login:
    """One login. nonce: fresh and unguessable. known: what key() has returned after an earlier one, or "".

    way: the way in that was taken (features.py); None before.
    """

    def __init__(self, account: Account, nonce: str, known: str = "") -> None:
        self.way: "Optional[tuple[str, str, str]]" = None
        self._account = account
        self._nonce = nonce
        self._known = known
        self._scram: "Optional[Scram]" = None

    def start(self, way: "tuple[str, str, str]", extras: "list[Element]") -> "tuple[Element, bool]":
        """The element to begin with, and whether it is already the whole proof.

        way: as choose() returns it. extras: what rides along if the profile is SASL2 (XEP-0388 §2.2).
        """
        self.way = way
        profile, name, digest = way
        account = self._account
        if name == PLAIN:
            self._scram = None
            initial = "\0%s\0%s" % (prepared(account.username), prepared(account.password))
        else:
            self._scram = Scram(digest, account.username, account.password, self._nonce, known=self._known)
            initial = self._scram.first()
        response = b64(initial.encode())
        if profile == ns.SASL:
            return Element("auth", ns.SASL, ("mechanism", name), [response]), name == PLAIN
        children = [Element("initial-response", ns.SASL2, (), [response])] + extras
        return Element("authenticate", ns.SASL2, ("mechanism", name), children), name == PLAIN

    def challenge(self, text: str) -> None:
        """The server's challenge, in Base64. The proof is ready when work() has returned it. Raises AuthError."""
        if self._scram is None:
            raise AuthError("malformed-request", "a challenge that was not asked for")
        self._scram.challenge(_decoded(text))

    def work(self) -> "Optional[Element]":
        """Derives the key a little further; the <response/> when it is ready, else None."""
        assert self._scram is not None and self.way is not None
        if not self._scram.work(_SLICE):
            return None
        return Element("response", self.way[0], (), [b64(self._scram.final().encode())])

    def key(self) -> str:
        """What may be kept, so that the next login need not derive it again; "" if there is nothing."""
        return self._scram.key() if self._scram is not None else ""

    def recalled(self) -> bool:
        """True if a kept key was used: a refusal may mean that only this is wrong."""
        return self._scram is not None and self._scram.recalled

    def success(self, text: str) -> None:
        """The server says that we are who we are. Raises AuthError unless it has proved itself too (SCRAM)."""
        if self._scram is not None:
            self._scram.check(_decoded(text))


def _decoded(text: str) -> str:
    if len(text) > _ANSWER_CHARS:
        raise AuthError("malformed-request", "the server's answer is longer than %d" % _ANSWER_CHARS)
    try:
        return str(a2b_base64(text.encode()), "utf-8")
    except (ValueError, UnicodeError):
        raise AuthError("incorrect-encoding", "not Base64 of UTF-8") from None
