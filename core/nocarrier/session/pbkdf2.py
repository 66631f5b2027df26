"""HMAC (RFC 2104) and PBKDF2 (RFC 8018 §5.2) on nothing but hashlib, the latter in slices.

MicroPython's hashlib has neither; and ten thousand iterations take seconds on a 16 MHz part, which must go on
answering keys meanwhile.
"""

import hashlib

try:
    from typing import Any, Callable, Optional
except ImportError:
    pass

HASHES = {"SHA-256": ("sha256", 32), "SHA-1": ("sha1", 20)}  # hashlib's names, digest sizes in bytes
_BLOCK = 64  # bytes, of both


def hash_function(name: str) -> "Optional[Callable[..., Any]]":
    """hashlib's constructor; None if this build lacks it, as some lack SHA-1."""
    return getattr(hashlib, HASHES[name][0], None)


class Hmac:
    """HMAC with one key for many messages."""

    def __init__(self, name: str, key: bytes) -> None:
        new = hash_function(name)
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
