"""Messages on their way out: on flash before they are sent, one id for life, in order.

In memory are only those that are under way and the next few that wait, as a few numbers each (unsent.py); address and
text stay on flash. Those with the server are followed for their receipts, as long as there is memory and they are in
the history.
"""

from nocarrier.compat import const
from nocarrier.errors import UsageError
from nocarrier.modular import count_diff
from nocarrier.queue import records, states
from nocarrier.queue.records import Outgoing
from nocarrier.queue.storage import StorageError
from nocarrier.queue.unsent import Entry, Unsent, entry_of

try:
    from typing import Callable, Optional

    from nocarrier.queue.journal import Journal
    from nocarrier.queue.numbers import Numbers
except ImportError:
    pass

_AGAIN = const(16)  # so many of the newest: the other side's window must know their ids still, and boards' hold 24


class Outbox:
    """The outgoing messages of one account.

    loaded: waiting messages of each priority in memory; any more are on flash only. tracked: how many are followed for
    a receipt.
    """

    def __init__(self, journal: Journal, numbers: Numbers, loaded: int, tracked: int) -> None:
        self._journal = journal
        self._numbers = numbers
        self._tracked = tracked
        self._unsent = Unsent(journal, loaded)
        self._followed: "list[tuple[int, int, int, int]]" = []  # (seq, position, state, flags) of those with the server

    def replay(self, position: int, kind: int, payload: bytes, cursor: str) -> None:
        """Takes a record while the journal is opened; cursor: the archive cursor at that point of the log."""
        if kind in (records.OUT, records.OUT_AGAIN):
            found = entry_of(position, kind, payload)
            if kind == records.OUT_AGAIN:
                found.state, found.flags, found.count, found.cursor, _ = records.unpack(kind, payload)
                self._unsent.replay_again(found)
            elif self._numbers.take(found.seq):
                self._unsent.add(found)
        elif kind == records.SENT:
            seq, count = records.unpack(kind, payload)
            entry = self._unsent.concerned(seq, position)
            if entry is not None:
                entry.state, entry.count = states.SENT, count
                entry.cursor = entry.cursor or cursor
        elif kind == records.STATE:
            seq, state, flags, _ = records.unpack(kind, payload)
            entry = self._unsent.concerned(seq, position)
            if entry is not None:
                self._moved(entry, state, flags)
            elif not self._follow(seq, state) or state == states.QUEUED:
                self._unsent.replay_behind(seq, state)

    def enqueue(
        self, to: str, body: str, token: str, utc_s: int, bulk: bool = False, expires_s: int = 0
    ) -> "tuple[int, Outgoing]":
        """Writes a new message to flash, at the position that is returned; the caller flushes.

        token: unguessable part of the message id (RFC 6120 §8.1.3). bulk, expires_s: see Outgoing. Raises UsageError
        when what waits already fills its share of the flash, or an address is too long; StorageError when the flash
        refuses.
        """
        # Taken before it is written: if that fails, part of it, or all, may be there.
        seq = self._numbers.next()
        message = Outgoing(seq, utc_s, "%x-%s" % (seq, token), to, body, bulk, expires_s)
        payload = self._unsent.checked(records.pack_out(message))
        position = self._journal.append(records.OUT, payload)
        self._unsent.add(entry_of(position, records.OUT, payload))
        return position, message

    def next_queued(self) -> "Optional[Outgoing]":
        """The next message to be written, or None: the oldest that waits; bulk, if nothing else does."""
        entry = self._unsent.next()
        return self.message(entry) if entry is not None else None

    def waits(self) -> bool:
        """True if a message waits to be written, and none is under way in this session or the last."""
        return states.SENT not in [e.state for e in self._unsent.entries] and self._unsent.next() is not None

    def message(self, entry: Entry) -> Outgoing:
        """The entry's message, read from flash."""
        message = self._message_at(entry.position)
        if entry.flags & records.ASKED_AGAIN:
            message.expires_s = 0
        return message

    def mark_sent(self, seq: int, count: int, cursor: str) -> None:
        """The message is about to be written as stanza number `count`; on flash when this returns."""
        entry = self._unsent.find(seq)
        if entry is None or not states.may_follow(entry.state, states.SENT):
            raise UsageError("message %d cannot be sent now" % seq)
        records.append(self._journal, records.SENT, seq, count)
        self._journal.flush()
        entry.state, entry.count = states.SENT, count
        entry.cursor = entry.cursor or cursor

    def acknowledged(self, h: int) -> "list[int]":
        """The server has handled h stanzas (XEP-0198 §4): the messages among them are on the server. Returns seqs."""
        done = [e for e in self._unsent.sent(False) if count_diff(h, e.count) >= 0]
        for entry in done:
            self._move(entry, states.ON_SERVER)
        return [entry.seq for entry in done]

    def resend(self) -> "list[int]":
        """The server does not have what this session has written and not acknowledged: back into the queue, in order.

        Returns seqs. Messages in doubt are not meant: their session was another one.
        """
        again = self._unsent.sent(False)
        for entry in again:
            self._move(entry, states.QUEUED)
        self._journal.flush()  # its old count may be another stanza's soon
        return [entry.seq for entry in again]

    def under_way(self) -> bool:
        """True if something was written in this session and is not acknowledged."""
        return bool(self._unsent.sent(False))

    def session_gone(self) -> None:
        """The session in which messages were written cannot be asked any more: their counts mean nothing now."""
        for entry in self._unsent.sent(False):
            entry.flags |= records.IN_DOUBT

    def in_doubt(self) -> "list[Entry]":
        """Messages that were written in a session that is gone, and not acknowledged; oldest first."""
        return self._unsent.sent(True)

    def found_on_server(self, message_id: str) -> int:
        """An archive entry has this id: returns the seq of the message in doubt that it settles, or 0."""
        seq, position, _ = self._by_id(message_id)
        entry = self._unsent.find(seq)
        if entry is None or entry.position != position or entry not in self._unsent.sent(True):
            return 0
        self._move(entry, states.ON_SERVER)
        return seq

    def settle(self, state: int, twice: bool) -> "list[int]":
        """What is still in doubt, in order: QUEUED again under its ids, or FAILED if the user is to decide.

        twice: it could not be ruled out that the server has them; they are marked "may arrive twice". Returns seqs.
        """
        again = self._unsent.sent(True)
        for entry in again:
            reason = "may have arrived" if state == states.FAILED else ""
            self._move(entry, state, reason, records.MAY_ARRIVE_TWICE if twice else 0)
        self._journal.flush()
        return [entry.seq for entry in again]

    def reported(self, message_id: str, sender: str, state: int, reason: str = "") -> int:
        """A receipt, a displayed marker or an error reply for this id from this bare JID.

        Returns the message's seq, or 0 if it means none, or none that may still move there.
        """
        seq, position, before = self._by_id(message_id)
        if not seq or not states.may_follow(before, state):
            return 0
        if self._message_at(position).to != sender:
            return 0
        entry = self._unsent.find(seq)
        if entry is not None:
            self._move(entry, state, reason)
        else:
            records.append(self._journal, records.STATE, seq, state, 0, reason)
            self._follow(seq, state)
        return seq

    def cannot_send(self, seq: int, reason: str) -> None:
        """The queued message, the next one, will never be written."""
        entry = self._unsent.find(seq)
        if entry is not None:
            self._move(entry, states.FAILED, reason)

    def cancel(self, seq: int, bulk: bool) -> None:
        """The queued message, of that priority, is not to be sent; the caller flushes.

        Raises UsageError if it is not queued any more.
        """
        entry = self._unsent.find(seq)
        if entry is not None and entry.state == states.QUEUED:
            self._move(entry, states.FAILED, "cancelled")
        else:
            if seq not in self._unsent.queued_behind([(seq, bulk)]):
                raise UsageError("message %d is not queued" % seq)
            records.append(self._journal, records.STATE, seq, states.FAILED, 0, "cancelled")
            self._unsent.backlog(bulk).mixed = True

    def again(self, seq: int, position: int, flags: int, bulk: bool) -> None:
        """A message that has failed is queued once more, in its old place. On flash when this returns.

        position: of its OUT. flags: those that it has. Raises UsageError if there is no room for it, StorageError.
        """
        kind, payload = self._journal.read(position)
        self._unsent.checked(records.out_of(kind, payload))
        entry = entry_of(position, kind, payload)
        entry.flags = flags | records.ASKED_AGAIN
        self._unsent.check_again(bulk)
        records.append(self._journal, records.STATE, seq, states.QUEUED, entry.flags, "")
        self._journal.flush()
        self._unsent.add_again(entry)

    def unconfirmed(self, knows_ids: "Callable[[str], bool]") -> "list[int]":
        """The server has forgotten the session: who knows what it has done with messages, acknowledged or not.

        Those without a receipt, to addresses that will not show a message twice, are queued once more, in their places:
        not such as were wanted in time, nor more than there is room for. On flash when this returns. Returns seqs.
        """
        again = []
        for entry in self._unsent.entries:
            if entry.state == states.SENT and self._wanted(entry.position, knows_ids):
                self._move(entry, states.QUEUED)
                again.append(entry.seq)
        for row in self._followed[-_AGAIN:]:
            seq, position, state, flags = row
            if state == states.ON_SERVER and self._wanted(position, knows_ids):
                entry = entry_of(position, *self._journal.read(position))
                if not self._unsent.has_room(entry.size_bytes):
                    break
                records.append(self._journal, records.STATE, seq, states.QUEUED, flags, "")
                self._followed.remove(row)
                entry.flags = flags
                self._unsent.add_again(entry)
                again.append(seq)
        if again:
            self._unsent.make_way()
            self._journal.flush()
        return sorted(again)

    # -- compaction -------------------------------------------------------------------------------------------------

    def behind_in(self, number: int) -> "dict[int, int]":
        """The messages in a segment that wait on flash only: number to flags. Raises StorageError."""
        seqs = []
        for _, kind, payload in self._journal.scan(number):
            if kind in (records.OUT, records.OUT_AGAIN):
                out = records.out_of(kind, payload)
                seqs.append((records.number_of(out), records.is_bulk(out)))
        return self._unsent.queued_behind(seqs)

    def rewrite(self, position: int, kind: int, payload: bytes, behind: "dict[int, int]") -> int:
        """Writes an OUT of an unfinished message once more at the end of the log, with its state; the caller flushes.

        behind: as behind_in() says. Returns the new position; 0 if it is not needed any more. Raises StorageError.
        """
        out = records.out_of(kind, payload)
        seq = records.number_of(out)
        entry = self._unsent.find(seq)
        if entry is None and seq in behind:
            self._unsent.backlog(records.is_bulk(out)).mixed = True
            return records.append(self._journal, records.OUT_AGAIN, states.QUEUED, behind[seq], 0, "", out)
        if entry is None or entry.position != position:
            return 0
        state, count = entry.state, entry.count
        again = records.append(self._journal, records.OUT_AGAIN, state, entry.flags, count, entry.cursor, out)
        entry.position = again
        return again

    def given_up(self, number: int) -> None:
        """The journal's segment of that number is gone: what it held is not followed any more."""
        self._followed = [row for row in self._followed if row[1] >> 16 != number]

    # -- inside -----------------------------------------------------------------------------------------------------

    def _move(self, entry: Entry, state: int, reason: str = "", flags: int = 0) -> None:
        """flags: to be set; IN_DOUBT ends with every move."""
        flags = (entry.flags | flags) & ~records.IN_DOUBT
        records.append(self._journal, records.STATE, entry.seq, state, flags, reason)
        self._moved(entry, state, flags)

    def _moved(self, entry: Entry, state: int, flags: int) -> None:
        entry.state, entry.flags = state, flags
        if state not in (states.QUEUED, states.SENT):
            self._unsent.entries.remove(entry)
            if state != states.FAILED:
                # Receipts may never come: the oldest are no longer followed.
                self._followed = (self._followed + [(entry.seq, entry.position, state, flags)])[-self._tracked :]

    def _follow(self, seq: int, state: int) -> bool:
        """A followed message has moved to a state. Returns whether it was followed."""
        for row in self._followed:
            if row[0] == seq:
                self._followed.remove(row)
                if state == states.DELIVERED:
                    self._followed.append((seq, row[1], state, row[3]))
                return True
        return False

    def _wanted(self, position: int, knows_ids: "Callable[[str], bool]") -> bool:
        try:
            message = self._message_at(position)
            return knows_ids(message.to) and not message.expires_s
        except StorageError:
            return False  # it cannot be sent any more

    def _message_at(self, position: int) -> Outgoing:
        return records.unpack_out(records.out_of(*self._journal.read(position)))

    def _by_id(self, message_id: str) -> "tuple[int, int, int]":
        """(seq, position, state) of a message that is under way or followed, or zeros.

        The id begins with the seq; the rest, which nobody can guess, is compared with what is on flash.
        """
        dash = message_id.find("-")
        try:
            seq = int(message_id[: max(dash, 0)], 16)
        except ValueError:
            return 0, 0, 0
        rows = [(e.seq, e.position, e.state, 0) for e in self._unsent.entries]
        for row in rows + self._followed:
            if row[0] == seq:
                try:
                    if self._message_at(row[1]).message_id == message_id:
                        return row[:3]
                except StorageError:
                    pass  # it can be read no more; then neither can its receipt be assigned
        return 0, 0, 0
