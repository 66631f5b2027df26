"""What the server offers (RFC 6120 §4.3.2; XEP-0388 §2.1; XEP-0386), and which way in is taken."""

from nocarrier import ns
from nocarrier.session.errors import AuthError
from nocarrier.session.pbkdf2 import HASHES

try:
    from typing import Optional

    from nocarrier.wire.node import Node
except ImportError:
    pass

SCRAM_SHA_256 = "SCRAM-SHA-256"
SCRAM_SHA_1 = "SCRAM-SHA-1"
PLAIN = "PLAIN"

# Ways in, the best first: (SASL profile, mechanism, hash it needs or "", may cross only a trusted line).
# Where nobody listens, the password itself is the quickest proof, and costs no key derivation. Elsewhere a better
# mechanism comes before a quicker profile: what proves the server is not given up for a round trip.
WAYS = (
    (ns.SASL2, PLAIN, "", True),
    (ns.SASL, PLAIN, "", True),
    (ns.SASL2, SCRAM_SHA_256, "SHA-256", False),
    (ns.SASL, SCRAM_SHA_256, "SHA-256", False),
    (ns.SASL2, SCRAM_SHA_1, "SHA-1", False),
    (ns.SASL, SCRAM_SHA_1, "SHA-1", False),
)
_KNOWN = (SCRAM_SHA_256, SCRAM_SHA_1, PLAIN)  # by what they keep from one who listens
_FLAGS = ("inline_sm", "inline_bind", "inline_enable")


class Features:
    """The parts of <stream:features/> that the session acts on.

    offered:     the mechanisms of each SASL profile that we know, by its namespace.
    sm, bind:    what may be asked for after the login.
    inline_sm:   a session may be resumed with SASL2's success (XEP-0198).
    inline_bind: a resource may be bound with it (XEP-0386); inline_enable: and stream management begun.
    """

    def __init__(self) -> None:
        self.offered: "dict[str, list[str]]" = {ns.SASL2: [], ns.SASL: []}
        self.inline_sm = self.inline_bind = self.inline_enable = False
        self.tls_required = self.bind = self.sm = False

    def text(self) -> str:
        """What of it is worth remembering until the next login, in words of ASCII."""
        words = [name for name in _FLAGS if getattr(self, name)]
        for profile, names in self.offered.items():
            words += [profile + "/" + name for name in names]
        return " ".join(words)

    def rides_differ(self, other: "Optional[Features]") -> bool:
        """True if other things may ride along with a login than those of the other one."""
        return other is None or any(getattr(self, name) != getattr(other, name) for name in _FLAGS)


def recalled(text: str) -> Features:
    """The Features of which text() made this."""
    features = Features()
    for word in text.split():
        if word in _FLAGS:
            setattr(features, word, True)
        else:
            profile, _, name = word.rpartition("/")
            if profile in features.offered:  # else it was another version that has written it
                features.offered[profile].append(name)
    return features


def read(element: Node) -> Features:
    """Reads <stream:features/>."""
    features = Features()
    sasl2 = element.child("authentication", ns.SASL2)
    features.offered[ns.SASL2] = _mechanisms(sasl2, ns.SASL2)
    features.offered[ns.SASL] = _mechanisms(element.child("mechanisms", ns.SASL), ns.SASL)
    inline = sasl2.child("inline", ns.SASL2) if sasl2 is not None else None
    bind2 = inline.child("bind", ns.BIND2) if inline is not None else None
    features.inline_sm = inline is not None and inline.child("sm", ns.SM) is not None
    features.inline_bind = bind2 is not None
    with_bind = bind2.child("inline", ns.BIND2) if bind2 is not None else None
    if with_bind is not None:
        features.inline_enable = any(each.get("var") == ns.SM for each in with_bind.elements())
    starttls = element.child("starttls", ns.TLS)
    features.tls_required = starttls is not None and starttls.child("required", ns.TLS) is not None
    features.bind = element.child("bind", ns.BIND) is not None
    features.sm = element.child("sm", ns.SM) is not None
    return features


def _mechanisms(element: "Optional[Node]", xmlns: str) -> "list[str]":
    """Those that we know: others are of no use, and their names might be of any kind."""
    if element is None:
        return []
    names = [each.text() for each in element.elements() if each.is_a("mechanism", xmlns)]
    return [name for name in _KNOWN if name in names]


def choose(features: Features, trusted: bool, before: "Optional[Features]" = None) -> "tuple[str, str, str]":
    """The way to log in: (SASL profile, mechanism, its hash or "").

    trusted: the user trusts the line with a password in clear. before: what was offered at an earlier login.
    Raises AuthError if nothing fits, or if a better mechanism than what is left has disappeared since: that may be
    somebody who wants the password.
    """
    offered = features.offered[ns.SASL2] + features.offered[ns.SASL]
    if features.tls_required:
        raise AuthError("encryption-required", "the server insists on TLS, which this link does not have")
    for profile, name, needs_hash, needs_trust in WAYS:
        if name not in features.offered[profile] or (needs_trust and not trusted):
            continue
        if needs_hash and HASHES[needs_hash][0] is None:
            continue
        if before is not None:
            for better in _KNOWN[: _KNOWN.index(name)]:
                if better in before.offered[ns.SASL2] + before.offered[ns.SASL] and better not in offered:
                    raise AuthError("mechanism-too-weak", "the server offers %s no more, only %s" % (better, name))
        return profile, name, needs_hash
    if PLAIN in offered and not trusted:
        raise AuthError("invalid-mechanism", "the server wants the password in clear, and the line is not trusted")
    raise AuthError("invalid-mechanism", "no common mechanism")
