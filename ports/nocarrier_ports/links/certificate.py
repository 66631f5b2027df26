"""What a server's certificate is good for: trust, and what a login binds itself to (RFC 5929 §4.1)."""

import hashlib

from nocarrier_ports.links.link import LinkError

try:
    from typing import Optional
except ImportError:
    pass

# The hash inside each signature algorithm (RFC 5929 §4.1: SHA-256 in place of MD5 and SHA-1). DER of its object
# identifier to hashlib's name.
_HASHES = {
    "2a864886f70d010104": "sha256", "2a864886f70d010105": "sha256", "2a864886f70d01010b": "sha256",
    "2a864886f70d01010c": "sha384", "2a864886f70d01010d": "sha512",
    "2a8648ce3d0401": "sha256", "2a8648ce3d040302": "sha256",
    "2a8648ce3d040303": "sha384", "2a8648ce3d040304": "sha512",
}  # fmt: skip


class Untrusted(LinkError):
    """The server's certificate is not to be trusted, or is another one's; only the user can change that."""

    text = "wrong certificate"
    retry_ms = None


def end_point(der: bytes) -> "Optional[bytes]":
    """tls-server-end-point of a certificate; None if this build cannot hash it, or it says not how."""
    try:
        body, _ = _inside(der, 0)  # Certificate
        _, end = _inside(der, body)  # tbsCertificate
        algorithm, _ = _inside(der, end)  # AlgorithmIdentifier
        begin, end = _inside(der, algorithm)  # its object identifier
    except IndexError:
        return None
    new = getattr(hashlib, _HASHES.get(der[begin:end].hex(), ""), None)
    return new(der).digest() if new is not None else None


def _inside(der: bytes, at: int) -> "tuple[int, int]":
    """Where the content of the element at `at` begins and ends."""
    size, begin = der[at + 1], at + 2
    if size >= 0x80:
        begin += size & 0x7F
        size = int.from_bytes(der[at + 2 : begin], "big")
    return begin, begin + size
