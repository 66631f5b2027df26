"""Messages that arrived: on flash before they are acknowledged, each shown once, receipts owed until they are sent."""

import hashlib

from nocarrier.errors import UsageError
from nocarrier.queue import records
from nocarrier.queue.records import KEY_BYTES

try:
    from typing import Optional

    from nocarrier.queue.journal import Journal
    from nocarrier.queue.numbers import Numbers
    from nocarrier.queue.records import Incoming
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

    def __init__(
        self, journal: Journal, numbers: Numbers, window: int = 128, receipts: int = 32, aside: int = 16
    ) -> None:
        self._journal = journal
        self._numbers = numbers
        self._ring = bytearray(window * KEY_BYTES)
        self._at = 0
        self._receipts = receipts
        self._owed: "list[tuple[int, int]]" = []
        self._aside_limit = aside
        self._aside: "list[tuple[int, bytes]]" = []  # (position, keys)

    def replay(self, position: int, kind: int, payload: bytes) -> "Optional[Incoming]":
        """Takes a record while the journal is opened. Returns the message if it was one that is new, be it aside."""
        if kind == records.IN:
            message = records.unpack_in(payload)
            self._owe(message, position)
            if self._numbers.take(message.seq):  # else a copy that compaction has written
                self._remember(message)
                return message
        if kind == records.RECEIPT:
            self._drop_receipt(records.unpack_number(payload))
        elif kind == records.ASIDE:
            message = records.unpack_in(payload)
            if not self.is_aside(message.keys):
                self._aside.append((position, message.keys))
                return message
        return None

    def seen(self, keys: bytes) -> bool:
        """True if any of these dedup keys is in the window."""
        for i in range(0, len(keys), KEY_BYTES):
            if self._has(keys[i : i + KEY_BYTES]):
                return True
        return False

    def store(self, message: Incoming) -> int:
        """Writes a message to flash and numbers it; it is there when this returns its position. Raises StorageError."""
        # Taken before it is written: if that fails, part of it, or all, may be there.
        message.seq = self._numbers.next()
        payload = records.pack_in(message)
        if not self._journal.fits(len(payload)):
            message.flags = message.flags & ~records.RECEIPT_OWED | records.NOTICE
            message.body = "too large (%d bytes)" % len(message.body.encode())
            payload = records.pack_in(message)
        position = self._journal.append(records.IN, payload)
        self._journal.flush()
        self._owe(message, position)
        self._remember(message)
        return position

    def put_aside(self, message: Incoming) -> bool:
        """Writes a message that came ahead of its place to flash. False if there is no more room aside.

        It has a key: that of its archive entry.
        """
        payload = records.pack_in(message)
        if len(self._aside) >= self._aside_limit or not self._journal.fits(len(payload)):
            return False
        position = self._journal.append(records.ASIDE, payload)
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

    def _owe(self, message: Incoming, position: int) -> None:
        if message.flags & records.RECEIPT_OWED:
            self._drop_receipt(message.seq)
            self._owed.append((message.seq, position))
            self._owed = self._owed[-self._receipts :]

    def _remember(self, message: Incoming) -> None:
        """Takes a new message's keys into memory; one of them may have been aside."""
        self._aside = [pair for pair in self._aside if not records.share_key(pair[1], message.keys)]
        if len(message.keys) > len(self._ring):
            raise UsageError("dedup window smaller than one message's keys")
        for i in range(0, len(message.keys), KEY_BYTES):
            self._ring[self._at : self._at + KEY_BYTES] = message.keys[i : i + KEY_BYTES]
            self._at = (self._at + KEY_BYTES) % len(self._ring)

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
