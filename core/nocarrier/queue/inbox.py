"""Messages that arrived: on flash before they are acknowledged, each shown once, receipts owed until they are sent."""

import hashlib

from nocarrier.errors import UsageError
from nocarrier.queue import records
from nocarrier.queue.journal import Journal
from nocarrier.queue.records import KEY_BYTES, Incoming

try:
    from typing import Optional
except ImportError:
    pass


def dedup_key(*parts: str) -> bytes:
    """Eight bytes for a combination of texts; what they are made of is chat/'s decision."""
    digest: bytes = hashlib.sha256("\0".join(parts).encode()).digest()
    return digest[:KEY_BYTES]


class Inbox:
    """The incoming messages of one account.

    window: dedup keys remembered; receipts: receipts that may be owed at once (older ones are not sent any more);
    aside: messages put aside at once.
    """

    def __init__(self, journal: Journal, window: int = 128, receipts: int = 32, aside: int = 16) -> None:
        self._journal = journal
        self._ring = bytearray(window * KEY_BYTES)
        self._at = 0
        self._receipts = receipts
        self._owed: "list[tuple[int, int]]" = []
        self._aside_limit = aside
        self._aside: "list[tuple[int, bytes]]" = []  # (position, keys)
        self._next_seq = 1

    def replay(self, position: int, kind: int, payload: bytes) -> "Optional[Incoming]":
        """Takes a record while the journal is opened. Returns the message if it was one that is new."""
        if kind == records.IN:
            message = records.unpack_in(payload)
            if self._remember(message, position):
                return message
        if kind == records.RECEIPT:
            self._drop_receipt(records.unpack_number(payload))
        elif kind == records.ASIDE:
            self._aside.append((position, records.unpack_in(payload).keys))
        return None

    def seen(self, keys: bytes) -> bool:
        """True if any of these dedup keys is in the window."""
        for i in range(0, len(keys), KEY_BYTES):
            if self._has(keys[i : i + KEY_BYTES]):
                return True
        return False

    def store(self, message: Incoming) -> Incoming:
        """Writes a message to flash and numbers it; it is there when this returns. Raises StorageError."""
        message.seq = self._next_seq
        position = self._journal.append(records.IN, records.pack_in(message))
        self._journal.flush()
        self._remember(message, position)
        return message

    def put_aside(self, message: Incoming) -> bool:
        """Writes a message that came ahead of its place to flash. False if there is no more room aside.

        It has a key: that of its archive entry.
        """
        if len(self._aside) >= self._aside_limit:
            return False
        position = self._journal.append(records.ASIDE, records.pack_in(message))
        self._journal.flush()
        self._aside.append((position, message.keys))
        return True

    def is_aside(self, keys: bytes) -> bool:
        """True if a message with one of these keys has been put aside."""
        return any([records.share_key(pair[1], keys) for pair in self._aside])

    def next_aside(self) -> "Optional[Incoming]":
        """The oldest message that was put aside and has not come in its place, or None; store() takes it."""
        return records.unpack_in(self._journal.read(self._aside[0][0])[1]) if self._aside else None

    def next_owed(self, under_way: "list[int]") -> "Optional[Incoming]":
        """The oldest message whose receipt is neither known to be with the server nor under way (seqs), or None."""
        for seq, position in self._owed:
            if seq not in under_way:
                return records.unpack_in(self._journal.read(position)[1])
        return None

    def receipt_done(self, seq: int) -> None:
        """The receipt for this message is with the server, or will never be sent."""
        if self._drop_receipt(seq):
            self._journal.append(records.RECEIPT, records.pack_number(seq))

    def moved(self, old: int, new: int) -> None:
        """The journal has written a record once more, at another position."""
        self._owed = [(seq, new if position == old else position) for seq, position in self._owed]
        self._aside = [(new if position == old else position, keys) for position, keys in self._aside]

    def alive_at(self, position: int) -> bool:
        """True if a receipt is owed for the record at this position, or it is put aside."""
        return any([at == position for _, at in self._owed]) or any([at == position for at, _ in self._aside])

    def _remember(self, message: Incoming, position: int) -> bool:
        """Takes keys and owed receipt into memory. False if this is a copy that compaction has written."""
        if message.flags & records.RECEIPT_OWED:
            self._drop_receipt(message.seq)
            self._owed.append((message.seq, position))
            self._owed = self._owed[-self._receipts :]
        if message.seq < self._next_seq:
            return False
        self._next_seq = message.seq + 1
        self._aside = [pair for pair in self._aside if not records.share_key(pair[1], message.keys)]
        if len(message.keys) > len(self._ring):
            raise UsageError("dedup window smaller than one message's keys")
        for i in range(0, len(message.keys), KEY_BYTES):
            self._ring[self._at : self._at + KEY_BYTES] = message.keys[i : i + KEY_BYTES]
            self._at = (self._at + KEY_BYTES) % len(self._ring)
        return True

    def _drop_receipt(self, seq: int) -> bool:
        before = len(self._owed)
        self._owed = [pair for pair in self._owed if pair[0] != seq]
        return len(self._owed) < before

    def _has(self, key: bytes) -> bool:
        at = self._ring.find(key)
        while at >= 0:
            if at % KEY_BYTES == 0:
                return True
            at = self._ring.find(key, at + 1)
        return False
