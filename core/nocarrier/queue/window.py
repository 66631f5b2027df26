"""The keys by which a message that comes once more is known: the newest few, in a ring.

A key is eight bytes. One of its bits says that it is weak: made of an id that the sender may use again, with the same
words, for another message (old clients and gateways count from 1 at every start). Such a key holds for some hours.
"""

import array
import hashlib
import struct

from nocarrier.compat import const
from nocarrier.errors import UsageError

KEY_BYTES = const(8)
ROW_BYTES = const(10)  # of a key, with its hour, on flash
_WEAK = const(1)  # in the first byte
_HOUR_S = const(3600)
_HOURS_MASK = const(0xFFFF)


def dedup_key(*parts: str, weak: bool = False) -> bytes:
    """Eight bytes for a combination of texts; what they are made of is chat/'s decision."""
    digest: bytes = hashlib.sha256("\0".join(parts).encode()).digest()
    return bytes([digest[0] & ~_WEAK | (_WEAK if weak else 0)]) + digest[1:KEY_BYTES]


def share_key(some: bytes, others: bytes) -> bool:
    """True if two sets of dedup keys have one in common."""
    for i in range(0, len(some), KEY_BYTES):
        for k in range(0, len(others), KEY_BYTES):
            if some[i : i + KEY_BYTES] == others[k : k + KEY_BYTES]:
                return True
    return False


class Window:
    """The last `keys` keys. hours: how long a weak one holds, at most 32767; of unknown times it holds always."""

    def __init__(self, keys: int, hours: int) -> None:
        self._ring = bytearray(keys * KEY_BYTES)
        self._hours = array.array("H", [0] * keys)
        self._weak_hours = hours
        self._at = 0  # index of the oldest key

    def seen(self, keys: bytes, utc_s: int) -> bool:
        """True if one of these keys is there, and holds at this time."""
        for i in range(0, len(keys), KEY_BYTES):
            key = keys[i : i + KEY_BYTES]
            at = self._find(key)
            if at >= 0 and not self._worn(key, self._hours[at], utc_s):
                return True
        return False

    def fits(self, key: bytes, then_s: int, utc_s: int) -> bool:
        """True if a key that was made at one time still holds at the other; a weak one does not at unknown times."""
        if not key[0] & _WEAK:
            return True
        return bool(then_s and utc_s) and abs(utc_s - then_s) <= self._weak_hours * _HOUR_S

    def remember(self, keys: bytes, utc_s: int) -> None:
        """Takes keys of a message of this time; the oldest go. Raises UsageError if they are more than the window."""
        if len(keys) > len(self._ring):
            raise UsageError("dedup window smaller than one message's keys")
        for i in range(0, len(keys), KEY_BYTES):
            key = keys[i : i + KEY_BYTES]
            at = self._find(key)  # a weak one that has worn off
            if at < 0:
                at = self._at
                self._at = (at + 1) % len(self._hours)
            self._ring[at * KEY_BYTES : (at + 1) * KEY_BYTES] = key
            self._hours[at] = utc_s // _HOUR_S & _HOURS_MASK

    def holds(self, keys: bytes) -> bool:
        """True if one of these keys is still there, be it worn."""
        return any([self._find(keys[i : i + KEY_BYTES]) >= 0 for i in range(0, len(keys), KEY_BYTES)])

    def pack(self) -> bytes:
        """All of it, oldest first, as restore() takes it."""
        rows = []
        for i in range(len(self._hours)):
            at = (self._at + i) % len(self._hours)
            rows.append(struct.pack("<H", self._hours[at]) + self._ring[at * KEY_BYTES : (at + 1) * KEY_BYTES])
        return b"".join(rows)

    def restore(self, packed: bytes) -> None:
        """What pack() has returned takes the place of what is here, as far as there is room."""
        size = min(len(packed) // ROW_BYTES, len(self._hours))
        packed = packed[len(packed) - size * ROW_BYTES :]
        self._at = 0
        for i in range(0, size * ROW_BYTES, ROW_BYTES):
            self._hours[self._at] = struct.unpack_from("<H", packed, i)[0]
            self._ring[self._at * KEY_BYTES : (self._at + 1) * KEY_BYTES] = packed[i + 2 : i + ROW_BYTES]
            self._at = (self._at + 1) % len(self._hours)

    def _worn(self, key: bytes, then_h: int, utc_s: int) -> bool:
        """Clocks may jump either way; a long time is one in any direction."""
        if not (key[0] & _WEAK and then_h and utc_s):
            return False
        apart_h = (utc_s // _HOUR_S - then_h) & _HOURS_MASK
        return min(apart_h, _HOURS_MASK + 1 - apart_h) > self._weak_hours

    def _find(self, key: bytes) -> int:
        at = self._ring.find(key)
        while at >= 0:
            if at % KEY_BYTES == 0:
                return at // KEY_BYTES
            at = self._ring.find(key, at + 1)
        return -1
