"""Messages on their way out: on flash before they are sent, one id for life, in order.

In memory an entry is a few numbers; address and text stay on flash. Entries are kept while something may still happen
to them, in the order in which they were queued.
"""

from nocarrier.errors import UsageError
from nocarrier.modular import count_diff
from nocarrier.queue import records, states
from nocarrier.queue.records import Outgoing

try:
    from typing import Optional

    from nocarrier.queue.journal import Journal
    from nocarrier.queue.numbers import Numbers
except ImportError:
    pass


class Entry:
    """A message that is not finished.

    count:  its number in the SM session, when state is SENT.
    cursor: archive id known before it was first written; its archive entry can only be behind that.
    """

    def __init__(self, seq: int, position: int) -> None:
        self.seq = seq
        self.position = position
        self.state = states.QUEUED
        self.count = 0
        self.flags = 0
        self.cursor = ""


class Outbox:
    """The outgoing messages of one account.

    pending: how many may wait for the server's acknowledgement; tracked: how many more may wait for a receipt.
    """

    def __init__(self, journal: Journal, numbers: Numbers, pending: int = 64, tracked: int = 64) -> None:
        self._journal = journal
        self._numbers = numbers
        self._pending = pending
        self._tracked = tracked
        self._entries: "list[Entry]" = []

    def replay(self, position: int, kind: int, payload: bytes, cursor: str) -> None:
        """Takes a record while the journal is opened; cursor: the archive cursor at that point of the log."""
        if kind == records.OUT:
            seq = records.unpack_out(payload).seq
            self._numbers.take(seq)
            # Of a message and its copy the first one counts: compaction may have written no more than the copy.
            if self._find(seq) is None:
                self._insert(Entry(seq, position))
        elif kind == records.SENT:
            seq, count = records.unpack_sent(payload)
            entry = self._find(seq)
            if entry is not None:
                entry.state, entry.count = states.SENT, count
                entry.cursor = entry.cursor or cursor
        elif kind == records.SENT_AT:
            seq, count, cursor = records.unpack_sent_at(payload)
            entry = self._find(seq)
            if entry is not None:
                entry.state, entry.count, entry.cursor = states.SENT, count, cursor
        elif kind == records.STATE:
            seq, state, flags, _ = records.unpack_state(payload)
            entry = self._find(seq)
            if entry is not None:
                entry.state, entry.flags = state, flags
                self._forget_if_finished(entry)
                self._trim()

    def enqueue(self, to: str, body: str, token: str, utc_s: int) -> Outgoing:
        """Writes a new message to flash; it is there when this returns.

        token: unguessable part of the message id (RFC 6120 §8.1.3). Raises UsageError when `pending` messages wait
        already, or an address is too long; StorageError when the flash refuses.
        """
        waiting = [e for e in self._entries if e.state in (states.QUEUED, states.SENT)]
        if len(waiting) >= self._pending:
            raise UsageError("%d messages wait already" % self._pending)
        # Taken before it is written: if that fails, part of it, or all, may be there.
        seq = self._numbers.next()
        message = Outgoing(seq, utc_s, "%x-%s" % (seq, token), to, body)
        position = self._journal.append(records.OUT, records.pack_out(message))
        self._journal.flush()
        self._insert(Entry(seq, position))
        return message

    def next_queued(self) -> "Optional[Outgoing]":
        """The oldest message that waits to be written, or None."""
        for entry in self._entries:
            if entry.state == states.QUEUED:
                return self.message(entry)
        return None

    def waits(self) -> bool:
        """True if a message waits to be written, and none is under way in this session or the last."""
        found = [entry.state for entry in self._entries]
        return states.QUEUED in found and states.SENT not in found

    def message(self, entry: Entry) -> Outgoing:
        """The entry's message, read from flash."""
        return records.unpack_out(self._journal.read(entry.position)[1])

    def mark_sent(self, seq: int, count: int, cursor: str) -> None:
        """The message is about to be written as stanza number `count`; on flash when this returns."""
        entry = self._find(seq)
        if entry is None or not states.may_follow(entry.state, states.SENT):
            raise UsageError("message %d cannot be sent now" % seq)
        self._journal.append(records.SENT, records.pack_sent(seq, count))
        self._journal.flush()
        entry.state, entry.count = states.SENT, count
        entry.cursor = entry.cursor or cursor

    def acknowledged(self, h: int) -> "list[int]":
        """The server has handled h stanzas (XEP-0198 §4): the messages among them are on the server. Returns seqs."""
        done = [e for e in self._sent(False) if count_diff(h, e.count) >= 0]
        for entry in done:
            self._move(entry, states.ON_SERVER)
        self._trim()
        return [entry.seq for entry in done]

    def resend(self) -> "list[int]":
        """The server does not have what this session has written and not acknowledged: back into the queue, in order.

        Returns seqs. Messages in doubt are not meant: their session was another one.
        """
        again = self._sent(False)
        for entry in again:
            self._move(entry, states.QUEUED)
        self._journal.flush()  # its old count may be another stanza's soon
        return [entry.seq for entry in again]

    def session_gone(self) -> None:
        """The session in which messages were written cannot be asked any more: their counts mean nothing now."""
        for entry in self._sent(False):
            entry.flags |= records.IN_DOUBT

    def in_doubt(self) -> "list[Entry]":
        """Messages that were written in a session that is gone, and not acknowledged; oldest first."""
        return self._sent(True)

    def found_on_server(self, message_id: str) -> int:
        """An archive entry has this id: returns the seq of the message in doubt that it settles, or 0."""
        entry = self._by_id(message_id)
        if entry is None or entry not in self._sent(True):
            return 0
        self._move(entry, states.ON_SERVER)
        return entry.seq

    def settle(self, twice: bool) -> "list[int]":
        """What is still in doubt goes back into the queue under its ids, in order. Returns seqs.

        twice: it could not be ruled out that the server has them; they are marked "may arrive twice".
        """
        again = self._sent(True)
        for entry in again:
            self._move(entry, states.QUEUED, "", records.MAY_ARRIVE_TWICE if twice else 0)
        self._journal.flush()
        return [entry.seq for entry in again]

    def delivered(self, message_id: str, sender: str) -> int:
        """A receipt (XEP-0184) for this id from this bare JID. Returns the message's seq, or 0 if it means none."""
        return self._report(message_id, sender, states.DELIVERED, "")

    def failed(self, message_id: str, sender: str, reason: str) -> int:
        """An error reply (RFC 6120 §8.3) for this id from this bare JID. Returns the message's seq, or 0."""
        return self._report(message_id, sender, states.FAILED, reason)

    def cannot_send(self, seq: int, reason: str) -> None:
        """The queued message can never be written."""
        entry = self._find(seq)
        if entry is not None:
            self._move(entry, states.FAILED, reason)

    def alive(self, position: int, kind: int, payload: bytes) -> "Optional[tuple[Entry, bytes]]":
        """Whether this record is the OUT of an unfinished message: (entry, payload), else None."""
        if kind != records.OUT:
            return None
        for entry in self._entries:
            if entry.position == position:
                return entry, payload
        return None

    def rewrite(self, entry: Entry, payload: bytes) -> None:
        """Writes the entry once more at the end of the log, with its state; the caller flushes."""
        position = self._journal.append(records.OUT, payload)
        if entry.state == states.SENT:
            self._journal.append(records.SENT_AT, records.pack_sent_at(entry.seq, entry.count, entry.cursor))
        if entry.flags or entry.state != states.SENT:
            self._journal.append(records.STATE, records.pack_state(entry.seq, entry.state, entry.flags, ""))
        entry.position = position

    def _report(self, message_id: str, sender: str, state: int, reason: str) -> int:
        entry = self._by_id(message_id)
        if entry is None or self.message(entry).to != sender or not states.may_follow(entry.state, state):
            return 0
        self._move(entry, state, reason)
        return entry.seq

    def _sent(self, doubt: bool) -> "list[Entry]":
        return [e for e in self._entries if e.state == states.SENT and bool(e.flags & records.IN_DOUBT) == doubt]

    def _move(self, entry: Entry, state: int, reason: str = "", flags: int = 0) -> None:
        """flags: to be set; IN_DOUBT ends with every move."""
        flags = (entry.flags | flags) & ~records.IN_DOUBT
        self._journal.append(records.STATE, records.pack_state(entry.seq, state, flags, reason))
        entry.state, entry.flags = state, flags
        self._forget_if_finished(entry)

    def _forget_if_finished(self, entry: Entry) -> None:
        if entry.state >= states.DELIVERED:
            self._entries.remove(entry)

    def _trim(self) -> None:
        """Receipts may never come: of those that only wait for one, the oldest are no longer followed."""
        waiting = [e for e in self._entries if e.state == states.ON_SERVER]
        for entry in waiting[: max(0, len(waiting) - self._tracked)]:
            self._entries.remove(entry)

    def _insert(self, entry: Entry) -> None:
        at = len(self._entries)
        while at and self._entries[at - 1].seq > entry.seq:
            at -= 1
        self._entries.insert(at, entry)

    def _find(self, seq: int) -> "Optional[Entry]":
        for entry in self._entries:
            if entry.seq == seq:
                return entry
        return None

    def _by_id(self, message_id: str) -> "Optional[Entry]":
        """The id begins with the seq; the rest, which nobody can guess, is compared with what is on flash."""
        dash = message_id.find("-")
        try:
            entry = self._find(int(message_id[: max(dash, 0)], 16))
        except ValueError:
            return None
        return entry if entry is not None and self.message(entry).message_id == message_id else None
