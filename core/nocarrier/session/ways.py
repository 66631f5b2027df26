"""The ways in, as data: what each of them needs, and which one is taken."""

from nocarrier import ns
from nocarrier.compat import const
from nocarrier.session import features as f
from nocarrier.session.errors import PASSWORD_WANTED, AuthError
from nocarrier.session.pbkdf2 import hash_function

try:
    from typing import Optional

    from nocarrier.session.features import Features

    Bindings = dict[str, bytes]  # data of each channel binding that a link's verified TLS can give, by type
    Way = tuple[str, str, str, str]  # SASL profile, mechanism, hash or "", type of channel binding or ""
except ImportError:
    pass

# As in ns.py; once more, because only a table of the same module's constants lies in the firmware.
_SASL2 = const("urn:xmpp:sasl:2")
_SASL = const("urn:ietf:params:xml:ns:xmpp-sasl")
# As in features.py.
_SCRAM_SHA_256_PLUS = const("SCRAM-SHA-256-PLUS")
_SCRAM_SHA_1_PLUS = const("SCRAM-SHA-1-PLUS")
_SCRAM_SHA_256 = const("SCRAM-SHA-256")
_SCRAM_SHA_1 = const("SCRAM-SHA-1")
_PLAIN = const("PLAIN")
_HT_EXPR = const("HT-SHA-256-EXPR")
_HT_ENDP = const("HT-SHA-256-ENDP")
_HT_NONE = const("HT-SHA-256-NONE")

# What a way needs beside the server's offer.
_NOTHING = const(0)  # who listens learns nothing that helps at once
_SECRECY = const(1)  # nobody listens, and the user has said that the password itself may be sent
_TLS = const(2)  # the link's TLS is verified
_TOKEN = const(3)  # TLS, and a token for this mechanism from an earlier login (XEP-0484)
_BOUND = const(4)  # TLS, with a type of channel binding that the server has too (XEP-0440)

# (SASL profile, mechanism, its hash or "", what it needs), the best first. A token is as good as a password that is
# never sent, and takes one flight. Where nobody listens the password is the quickest proof, and costs no derivation.
# Elsewhere a better mechanism comes before a quicker profile: what proves the server is not given up for a round trip.
WAYS = (
    (_SASL2, _HT_EXPR, "SHA-256", _TOKEN),
    (_SASL2, _HT_ENDP, "SHA-256", _TOKEN),
    (_SASL2, _HT_NONE, "SHA-256", _TOKEN),
    (_SASL2, _PLAIN, "", _SECRECY),
    (_SASL, _PLAIN, "", _SECRECY),
    (_SASL2, _SCRAM_SHA_256_PLUS, "SHA-256", _BOUND),
    (_SASL, _SCRAM_SHA_256_PLUS, "SHA-256", _BOUND),
    (_SASL2, _SCRAM_SHA_1_PLUS, "SHA-1", _BOUND),
    (_SASL, _SCRAM_SHA_1_PLUS, "SHA-1", _BOUND),
    (_SASL2, _SCRAM_SHA_256, "SHA-256", _NOTHING),
    (_SASL, _SCRAM_SHA_256, "SHA-256", _NOTHING),
    (_SASL2, _SCRAM_SHA_1, "SHA-1", _NOTHING),
    (_SASL, _SCRAM_SHA_1, "SHA-1", _NOTHING),
    (_SASL2, _PLAIN, "", _TLS),
    (_SASL, _PLAIN, "", _TLS),
)
# The channel binding that a token's mechanism is tied to.
TOKEN_BINDINGS = ((_HT_EXPR, "tls-exporter"), (_HT_ENDP, "tls-server-end-point"), (_HT_NONE, ""))
_TOKEN_CHARS = 256  # servers' are 44 and 54


class Means:
    """What a login may use.

    tls: the channel bindings of the link's verified TLS, or None. trusted: the user's word that nobody listens.
    quick: the user's word that the server may see the password under TLS, for a round trip less.
    by_password: there is one on the device.
    token: mechanism of a kept token (XEP-0484), or "".
    """

    def __init__(
        self, tls: "Optional[Bindings]", trusted: bool, quick: bool = False, token: str = "", by_password: bool = True
    ) -> None:
        self.tls = tls
        self.secret = (tls is not None and quick) or (tls is None and trusted)
        self.token = token if tls is not None else ""
        self.by_password = by_password

    def has_hash(self, name: str) -> bool:
        """True if this build has the hash."""
        return hash_function(name) is not None

    def binding(self, offered: "list[str]") -> str:
        """The best type of channel binding that link and server have both, or ""."""
        if self.tls is not None:
            for name in f.BINDINGS:
                if name in offered and name in self.tls:
                    return name
        return ""


def choose(features: Features, means: Means, before: "Optional[Features]" = None) -> "Way":
    """The way to log in: the first row of WAYS whose needs are met.

    before: what was offered at an earlier login. Raises AuthError if nothing fits, or if a better mechanism than what
    is left has disappeared since ("mechanism-too-weak"): that may be somebody who wants the password.
    """
    if features.tls_required and means.tls is None:
        raise AuthError("encryption-required", "the server insists on TLS, which this link does not have")
    if means.tls is not None and _bindings_removed(features):
        raise AuthError("mechanism-too-weak", "the server binds channels, but somebody has removed how")
    for profile, name, needs_hash, needs in WAYS:
        binding = _met(features, means, profile, name, needs)
        if binding is None or (needs_hash and not means.has_hash(needs_hash)):
            continue
        if before is not None and needs != _TOKEN:
            _refuse_weaker(features, before, means, name)
        return profile, name, needs_hash, binding
    if not means.by_password:
        raise AuthError(PASSWORD_WANTED, "the server wants the password itself")
    if _PLAIN in features.offered[ns.SASL2] + features.offered[ns.SASL]:
        raise AuthError("invalid-mechanism", "the server wants the password in clear, and the line is not trusted")
    raise AuthError("invalid-mechanism", "no common mechanism")


def token_mechanism(features: Features, means: Means) -> str:
    """The mechanism for which a token is worth asking for (XEP-0484 §4.1), or ""."""
    if means.tls is not None:
        for name, binding in TOKEN_BINDINGS:
            if name in features.offered[ns.FAST] and (not binding or binding in means.tls):
                return name
    return ""


def split(text: str) -> "tuple[str, str]":
    """(mechanism, token) of what pack() has made; ("", "") of anything else."""
    mechanism, _, secret = text.partition(" ")
    return (mechanism, secret) if secret else ("", "")


def pack(mechanism: str, secret: str) -> str:
    """A token for a mechanism, in ASCII, to be kept; "" if it is not worth keeping."""
    if not 0 < len(secret) <= _TOKEN_CHARS or " " in secret:
        return ""
    for char in secret:
        if not "!" <= char <= "~":
            return ""
    return mechanism + " " + secret


def _met(features: Features, means: Means, profile: str, name: str, needs: int) -> "Optional[str]":
    """The channel binding of this way ("" if it has none), or None if its needs are not met."""
    if needs == _TOKEN:
        if means.tls is None or name != means.token or name not in features.offered[ns.FAST]:
            return None
        for mechanism, binding in TOKEN_BINDINGS:
            if mechanism == name and (not binding or binding in means.tls):
                return binding
        return None
    if name not in features.offered[profile]:
        return None
    if needs == _BOUND:
        return means.binding(features.offered[ns.SASL_CB]) or None
    if (needs == _TLS and means.tls is None) or (needs == _SECRECY and not means.secret):
        return None
    if name == _PLAIN and not means.by_password:
        return None
    return ""


def _bindings_removed(features: Features) -> bool:
    """True if a SASL2 mechanism binds channels without a list of types beside it: a breach of XEP-0440 §4."""
    offered = features.offered[ns.SASL2]
    binds = _SCRAM_SHA_256_PLUS in offered or _SCRAM_SHA_1_PLUS in offered
    return binds and f.TYPES_FOLLOW not in features.listed.get(ns.SASL2, f.TYPES_FOLLOW)


def _refuse_weaker(features: Features, before: Features, means: Means, name: str) -> None:
    now = features.offered[ns.SASL2] + features.offered[ns.SASL]
    then = before.offered[ns.SASL2] + before.offered[ns.SASL]
    for better in f.MECHANISMS[: f.MECHANISMS.index(name)]:
        if better.endswith("-PLUS") and not means.tls:
            continue  # this link could not have used it: servers offer it under TLS only
        if better in then and better not in now:
            raise AuthError("mechanism-too-weak", "the server offers %s no more, only %s" % (better, name))
