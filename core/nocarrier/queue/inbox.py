"""Messages that arrived: on flash before they are acknowledged, each shown once, receipts owed until they are sent."""

from nocarrier.compat import const
from nocarrier.queue import records
from nocarrier.queue.storage import StorageError
from nocarrier.queue.window import KEY_BYTES, Window, share_key

try:
    from typing import Optional

    from nocarrier.queue.journal import Journal
    from nocarrier.queue.numbers import Numbers
    from nocarrier.queue.records import Incoming
except ImportError:
    pass

_CLOCKS_S = const(3600)


class Inbox:
    """The incoming messages of one account.

    window: the dedup keys; receipts: receipts that may be owed at once (older ones are not sent any more); aside:
    messages put aside at once.
    """

    def __init__(self, journal: Journal, numbers: Numbers, window: Window, receipts: int, aside: int) -> None:
        self._journal = journal
        self._numbers = numbers
        self.window = window
        self._receipts = receipts
        self._owed: "list[tuple[int, int]]" = []
        self._aside_limit = aside
        self._aside: "list[tuple[int, int, bytes]]" = []  # (number, position, keys), in the order in which they came

    def replay(self, position: int, kind: int, payload: bytes) -> bool:
        """Takes a record while the journal is opened. Returns whether it was a message that is new, be it aside."""
        if kind in (records.IN, records.OWED, records.ASIDE):
            seq, _, utc_s, flags, keys = records.in_head(payload)
            if kind == records.OWED:
                self._numbers.take(seq)
                self._owe(seq, flags, position)
            elif kind == records.IN and self._numbers.take(seq):
                self._owe(seq, flags, position)
                self._remember(keys, utc_s)
                return True
            elif kind == records.ASIDE and not self.is_aside(keys):
                self._numbers.take(seq)
                self._aside = sorted(self._aside + [(seq, position, keys)])
                return True
        elif kind == records.KEYS:
            self.window.restore(payload)
        elif kind == records.RECEIPT:
            self._drop_receipt(records.number_of(payload))
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
        if message.flags & records.RECEIPT_OWED:
            self._make_way()
        position = self._journal.append(records.IN, payload)
        self._journal.flush()
        self._owe(message.seq, message.flags, position)
        self._remember(message.keys, message.utc_s)
        return position

    def put_aside(self, message: Incoming) -> bool:
        """Writes a message that came ahead of its place to flash. False if there is no more room aside.

        It has a key: that of its archive entry.
        """
        message.seq = self._numbers.next()  # its place among those aside; it will get another one
        payload = records.pack_in(message)
        if len(self._aside) >= self._aside_limit or not self._journal.fits(len(payload)):
            return False
        position = self._journal.append(records.ASIDE, payload)
        self._journal.flush()
        self._aside.append((message.seq, position, message.keys))
        return True

    def is_aside(self, keys: bytes) -> bool:
        """True if a message with one of these keys has been put aside."""
        return any([share_key(row[2], keys) for row in self._aside])

    def next_aside(self) -> "Optional[Incoming]":
        """The oldest message that was put aside and has not come in its place, or None; store() takes it."""
        return records.unpack_in(self._journal.read(self._aside[0][1])[1]) if self._aside else None

    def newest_aside(self) -> "Optional[Incoming]":
        """The one that was put aside last, if it has not come in its place yet."""
        return records.unpack_in(self._journal.read(self._aside[-1][1])[1]) if self._aside else None

    def next_owed(self, under_way: "list[int]") -> "Optional[Incoming]":
        """The oldest message whose receipt is neither known to be with the server nor under way (seqs), or None."""
        for seq, position in self._owed:
            if seq not in under_way:
                return records.unpack_in(self._journal.read(position)[1])
        return None

    def known_by(self, message: Incoming, on_flash: bool = False) -> bytes:
        """The first of its keys by which a message is known to be here, or b"". on_flash: it is looked for there.

        One that a server has kept back may be older than all keys in memory: a session that acknowledged it is gone
        with its acknowledgement, or it was kept for offline use as well as in the archive. Flash knows it still.
        """
        keys = [message.keys[i : i + KEY_BYTES] for i in range(0, len(message.keys), KEY_BYTES)]
        for key in keys:
            if self.window.seen(key, message.utc_s):
                return key
        return self._on_flash(keys, message.utc_s, on_flash) if keys and (on_flash or message.waited) else b""

    def _on_flash(self, keys: "list[bytes]", utc_s: int, anywhere: bool) -> bytes:
        """The one of these keys that a message there has. What cannot be read is passed over: rather twice than never.

        Looks back to where all is older than that time, by an hour at least, by which clocks may be wrong; or anywhere,
        as a walk writes what is old behind what is new.
        """
        for number in reversed(self._journal.numbers):
            try:
                key, newest_s = self._in_segment(number, keys, utc_s)
            except StorageError:
                continue
            if key or newest_s and newest_s + _CLOCKS_S < utc_s and not anywhere:
                return key
        return b""

    def _in_segment(self, number: int, keys: "list[bytes]", utc_s: int) -> "tuple[bytes, int]":
        """The one of these keys that a message there has, or b"" and the time of the newest."""
        newest_s = 0
        for _, kind, payload in self._journal.scan(number):
            if kind == records.IN:
                _, _, then_s, _, known = records.in_head(payload)
                newest_s = max(newest_s, then_s)
                for key in keys:
                    if known.find(key) >= 0 and share_key(known, key) and self.window.fits(key, then_s, utc_s):
                        return key, newest_s
        return b"", newest_s

    def owe_again(self, message: Incoming, key: bytes) -> None:
        """A message that is here, as this key says, has come once more, and asks for a receipt: its sender seems to
        have none. Unless it is the same copy, which has come by another way: that has the key of its archive entry.
        """
        if message.archive_id and key == message.keys[:KEY_BYTES]:
            return
        for _, position in self._owed:
            owed = records.unpack_in(self._journal.read(position)[1])
            if (owed.sender, owed.message_id) == (message.sender, message.message_id):
                return
        self._make_way()
        message.seq = self._numbers.next()
        message.body, message.keys = "", b""
        self._owe(message.seq, message.flags, self._journal.append(records.OWED, records.pack_in(message)))

    def receipt_done(self, seq: int) -> None:
        """The receipt for this message is with the server, or will never be sent."""
        if seq in [owed for owed, _ in self._owed]:
            records.append(self._journal, records.RECEIPT, seq)
            self._drop_receipt(seq)

    def rewrite(self, position: int, kind: int, payload: bytes) -> bool:
        """Writes what is still needed of an IN, OWED or ASIDE once more at the end of the log; the caller flushes.

        Returns whether the window has keys of it, and is to be written. Raises StorageError.
        """
        if kind == records.ASIDE:
            if position in [row[1] for row in self._aside]:
                new = self._journal.append(kind, payload)
                self._aside = [(row[0], new if row[1] == position else row[1], row[2]) for row in self._aside]
            return False
        message = records.unpack_in(payload)
        keys = message.keys
        if position in [at for _, at in self._owed]:
            message.body, message.keys = "", b""  # the message is given up, its receipt is not
            new = self._journal.append(records.OWED, records.pack_in(message))
            self._owed = [(seq, new if at == position else at) for seq, at in self._owed]
        return self.window.holds(keys)

    def _owe(self, seq: int, flags: int, position: int) -> None:
        if flags & records.RECEIPT_OWED:
            self._drop_receipt(seq)
            self._owed = sorted(self._owed + [(seq, position)])[-self._receipts :]

    def _make_way(self) -> None:
        """Room for one more receipt that is owed."""
        if len(self._owed) >= self._receipts:
            self.receipt_done(self._owed[0][0])

    def _remember(self, keys: bytes, utc_s: int) -> None:
        """Takes a new message's keys into memory; one of them may have been aside."""
        if self._aside:
            self._aside = [row for row in self._aside if not share_key(row[2], keys)]
        self.window.remember(keys, utc_s)

    def _drop_receipt(self, seq: int) -> None:
        self._owed = [pair for pair in self._owed if pair[0] != seq]
