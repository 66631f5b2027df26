"""With whom there were messages, where the last one lies, and how many have not been seen: a row of numbers each."""

import array
import struct

from nocarrier.compat import const
from nocarrier.jid import bare
from nocarrier.queue import records
from nocarrier.queue.window import KEY_BYTES, dedup_key

try:
    from typing import Optional

    from nocarrier.queue.journal import Journal
except ImportError:
    pass

# Of the address a key; position of the last record of a message; number of the newest one seen; how many are unseen.
_ROW = "<8sQIH"
_ROW_BYTES = const(22)
_MOST = const(0xFFFF)


class Talks:
    """The conversations of one account. limit: how many; above it the one that was silent longest has no row any more,
    and is only found by looking through all of the log.
    """

    def __init__(self, journal: Journal, limit: int) -> None:
        self._journal = journal
        self._limit = limit
        self._rows = bytearray()
        self._jid = ""  # the one that was asked for last; messages come in rows
        self._key = b""
        self._at = -1

    def replay(self, position: int, kind: int, payload: bytes) -> None:
        """Takes a record while the journal is opened."""
        if kind in (records.OUT, records.OUT_AGAIN):
            self.wrote(position, records.other_end(kind, payload))
        elif kind == records.IN:
            flags = records.in_head(payload)[3]
            self.came(position, records.number_of(payload), records.other_end(kind, payload), flags)
        elif kind == records.SEEN:
            seq, jid = records.unpack(kind, payload)
            self._saw(jid, seq)

    def wrote(self, position: int, jid: str) -> None:
        """A message to there was written to flash, or once more."""
        self._put(jid, position, 0)

    def came(self, position: int, seq: int, sender: str, flags: int) -> None:
        """A message has come, or one of the user's own from elsewhere."""
        self._put(bare(sender), position, 0 if flags & records.ELSEWHERE else seq)

    def unseen(self, jid: str) -> int:
        """How many messages from this bare JID the user has not seen."""
        at = self._find(jid)
        return int(self._row(at)[3]) if at >= 0 else 0

    def saw(self, jid: str, seq: int) -> None:
        """The user has seen what came from there up to this number. Raises StorageError."""
        if self.unseen(jid):
            records.append(self._journal, records.SEEN, seq, jid)
            self._saw(jid, seq)

    def last(self, jid: str) -> "Optional[int]":
        """Position of the last record of a message with a bare JID; None if it has no row."""
        at = self._find(jid)
        return self._row(at)[1] if at >= 0 else None

    def whom(self, limit: int) -> "list[str]":
        """The bare JIDs, at most `limit`, those of the newest messages last. Raises StorageError."""
        places = sorted([self._row(at)[1] for at in range(0, len(self._rows), _ROW_BYTES)])
        return [records.other_end(*self._journal.read(place)) for place in places[max(0, len(places) - limit) :]]

    def unseen_in(self, number: int) -> "array.array[int]":
        """How many messages in a segment the user has not seen, for each row. Raises StorageError."""
        counts = array.array("H", [0] * (len(self._rows) // _ROW_BYTES))
        for _, kind, payload in self._journal.scan(number):
            if kind == records.IN:
                at = self._find(records.other_end(kind, payload))
                seen = at >= 0 and records.number_of(payload) <= self._row(at)[2]
                if at >= 0 and not seen and not records.in_head(payload)[3] & records.ELSEWHERE:
                    counts[at // _ROW_BYTES] += 1
        return counts

    def given_up(self, number: int, counts: "array.array[int]") -> int:
        """The journal's segment of that number is gone; who has no message behind it has none.

        counts: as unseen_in() has said. Returns how many messages can never be seen now.
        """
        rows = self._rows
        self._rows = bytearray()
        total = 0
        for at in range(0, len(rows), _ROW_BYTES):
            key, last, seen, unseen = struct.unpack_from(_ROW, rows, at)
            gone = min(unseen, counts[at // _ROW_BYTES])
            total += gone
            if last >> 16 != number:
                self._rows += struct.pack(_ROW, key, last, seen, unseen - gone)
        return total

    def _saw(self, jid: str, seq: int) -> None:
        at = self._find(jid)
        if at >= 0:
            key, newest, _, _ = self._row(at)
            struct.pack_into(_ROW, self._rows, at, key, newest, seq, 0)

    def _put(self, jid: str, position: int, seq: int) -> None:
        """seq: of a message that is to be seen, 0 of the user's own."""
        at = self._find(jid)
        if at < 0:
            self._make_way()
            at = len(self._rows)
            self._rows += struct.pack(_ROW, dedup_key(jid), position, 0, 0)
        key, _, seen, unseen = self._row(at)
        struct.pack_into(_ROW, self._rows, at, key, position, seen, min(unseen + (1 if seq else 0), _MOST))

    def _make_way(self) -> None:
        """Of those whose messages have all been seen the one that was silent longest goes first."""
        if len(self._rows) < self._limit * _ROW_BYTES:
            return
        places = []
        for at in range(0, len(self._rows), _ROW_BYTES):
            row = self._row(at)
            places.append((bool(row[3]), row[1], at))
        at = min(places)[2]
        self._rows = self._rows[:at] + self._rows[at + _ROW_BYTES :]

    def _find(self, jid: str) -> int:
        """Where its row begins, or -1."""
        if self._at < 0 or jid != self._jid or self._rows[self._at : self._at + KEY_BYTES] != self._key:
            self._jid, self._key = jid, dedup_key(jid)
            self._at = self._rows.find(self._key)
            while self._at >= 0 and self._at % _ROW_BYTES:
                self._at = self._rows.find(self._key, self._at + 1)
        return self._at

    def _row(self, at: int) -> "tuple[bytes, int, int, int]":
        key, newest, seen, unseen = struct.unpack_from(_ROW, self._rows, at)
        return key, newest, seen, unseen
