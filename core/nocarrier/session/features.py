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
# A better mechanism comes before a quicker profile: what proves the server is not given up for a round trip.
WAYS = (
    (ns.SASL2, SCRAM_SHA_256, "SHA-256", False),
    (ns.SASL, SCRAM_SHA_256, "SHA-256", False),
    (ns.SASL2, SCRAM_SHA_1, "SHA-1", False),
    (ns.SASL, SCRAM_SHA_1, "SHA-1", False),
    (ns.SASL2, PLAIN, "", True),
    (ns.SASL, PLAIN, "", True),
)


class Features:
    """The parts of <stream:features/> that the session acts on.

    offered:     the mechanisms of each SASL profile, by its namespace.
    sm, bind:    what may be asked for after the login.
    inline_sm:   a session may be resumed with SASL2's success (XEP-0198).
    inline_bind: a resource may be bound with it (XEP-0386); inline_enable: and stream management begun.
    """

    def __init__(self, element: Node) -> None:
        sasl2 = element.child("authentication", ns.SASL2)
        self.offered = {
            ns.SASL2: _mechanisms(sasl2, ns.SASL2),
            ns.SASL: _mechanisms(element.child("mechanisms", ns.SASL), ns.SASL),
        }
        inline = sasl2.child("inline", ns.SASL2) if sasl2 is not None else None
        bind2 = inline.child("bind", ns.BIND2) if inline is not None else None
        self.inline_sm = inline is not None and inline.child("sm", ns.SM) is not None
        self.inline_bind = bind2 is not None
        self.inline_enable = False
        with_bind = bind2.child("inline", ns.BIND2) if bind2 is not None else None
        if with_bind is not None:
            self.inline_enable = any(each.get("var") == ns.SM for each in with_bind.elements())
        starttls = element.child("starttls", ns.TLS)
        self.tls_required = starttls is not None and starttls.child("required", ns.TLS) is not None
        self.bind = element.child("bind", ns.BIND) is not None
        self.sm = element.child("sm", ns.SM) is not None


def _mechanisms(element: "Optional[Node]", xmlns: str) -> "list[str]":
    return [each.text() for each in element.elements() if each.is_a("mechanism", xmlns)] if element is not None else []


def choose(features: Features, trusted: bool) -> "tuple[str, str, str]":
    """The way to log in: (SASL profile, mechanism, its hash or "").

    trusted: the user trusts the line with a password in clear. Raises AuthError if nothing fits.
    """
    if features.tls_required:
        raise AuthError("encryption-required", "the server insists on TLS, which this link does not have")
    for profile, name, needs_hash, needs_trust in WAYS:
        if name not in features.offered[profile] or (needs_trust and not trusted):
            continue
        if not needs_hash or HASHES[needs_hash][0] is not None:
            return profile, name, needs_hash
    offered = features.offered[ns.SASL2] + features.offered[ns.SASL]
    if PLAIN in offered and not trusted:
        raise AuthError("invalid-mechanism", "the server wants the password in clear, and the line is not trusted")
    raise AuthError("invalid-mechanism", "no common mechanism: " + " ".join(offered)[:80])
