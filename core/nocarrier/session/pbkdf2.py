"""HMAC (RFC 2104) and PBKDF2 (RFC 8018 §5.2) on nothing but hashlib, the latter in slices.

MicroPython's hashlib has neither; and ten thousand iterations take seconds on a 16 MHz part, which must go on
answering keys meanwhile.
"""

import hashlib

try:
    from typing import Any, Callable, Optional
except ImportError:
    pass

# Hash constructors and digest sizes in bytes; block size is 64 for both. SHA-1 is missing in some builds.
HASHES: "dict[str, tuple[Optional[Callable[..., Any]], int]]" = {
    "SHA-256": (getattr(hashlib, "sha256", None), 32),
    "SHA-1": (getattr(hashlib, "sha1", None), 20),
}
_BLOCK = 64


class Hmac:
    """HMAC with one key for many messages."""

    def __init__(self, name: str, key: bytes) -> None:
        new = HASHES[name][0]
        assert new is not None
        self._new = new
        if len(key) > _BLOCK:
            key = self._new(key).digest()
        number = int.from_bytes(key + bytes(_BLOCK - len(key)), "big")
        self._inner, self._outer = _padded(number, b"\x36"), _padded(number, b"\x5c")

    def digest(self, message: bytes) -> bytes:
        """HMAC of one message."""
        inner = self._new(self._inner)
        inner.update(message)
        outer = self._new(self._outer)
        outer.update(inner.digest())
        result: bytes = outer.digest()
        return result


def _padded(number: int, pad: bytes) -> bytes:
    """As whole numbers: quicker on a small processor than byte by byte."""
    return (number ^ int.from_bytes(pad * _BLOCK, "big")).to_bytes(_BLOCK, "big")


def hmac(name: str, key: bytes, message: bytes) -> bytes:
    """HMAC of one message; name: "SHA-256" or "SHA-1"."""
    return Hmac(name, key).digest(message)


class Pbkdf2:
    """Derives one digest's length of key, `work` by `work`."""

    def __init__(self, name: str, password: bytes, salt: bytes, iterations: int) -> None:
        self._hmac = Hmac(name, password)
        self._left = iterations - 1
        self._block = self._hmac.digest(salt + b"\0\0\0\1")
        self._sum = int.from_bytes(self._block, "big")

    def work(self, iterations: int) -> bool:
        """Does up to so many iterations; True when the key is ready."""
        count = min(iterations, self._left)
        for _ in range(count):
            self._block = self._hmac.digest(self._block)
            self._sum ^= int.from_bytes(self._block, "big")
        self._left -= count
        return self._left == 0

    def key(self) -> bytes:
        """The derived key, once work() has returned True."""
        return self._sum.to_bytes(len(self._block), "big")
