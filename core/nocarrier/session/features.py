"""What the server offers, and which mechanism is taken (RFC 6120 §4.3.2, §6.3.3)."""

from nocarrier import ns
from nocarrier.session.errors import AuthError
from nocarrier.session.pbkdf2 import HASHES

try:
    from nocarrier.wire.node import Node
except ImportError:
    pass

SCRAM_SHA_256 = "SCRAM-SHA-256"
SCRAM_SHA_1 = "SCRAM-SHA-1"
PLAIN = "PLAIN"

# Best first: (mechanism, hash it needs or "", may cross only a trusted line).
MECHANISMS = (
    (SCRAM_SHA_256, "SHA-256", False),
    (SCRAM_SHA_1, "SHA-1", False),
    (PLAIN, "", True),
)


class Features:
    """The parts of <stream:features/> that the session acts on."""

    def __init__(self, element: Node) -> None:
        offered = element.child("mechanisms", ns.SASL)
        self.mechanisms = [m.text() for m in offered.elements()] if offered is not None else []
        starttls = element.child("starttls", ns.TLS)
        self.tls_required = starttls is not None and starttls.child("required", ns.TLS) is not None
        self.bind = element.child("bind", ns.BIND) is not None
        self.sm = element.child("sm", ns.SM) is not None


def choose(features: Features, trusted: bool) -> str:
    """The mechanism to log in with.

    trusted: the user trusts the line with a password in clear. Raises AuthError if nothing fits.
    """
    if features.tls_required:
        raise AuthError("encryption-required", "the server insists on TLS, which this link does not have")
    for name, needs_hash, needs_trust in MECHANISMS:
        if name not in features.mechanisms or (needs_trust and not trusted):
            continue
        if not needs_hash or HASHES[needs_hash][0] is not None:
            return name
    if PLAIN in features.mechanisms and not trusted:
        raise AuthError("invalid-mechanism", "the server wants the password in clear, and the line is not trusted")
    raise AuthError("invalid-mechanism", "no common mechanism: " + " ".join(features.mechanisms)[:80])
