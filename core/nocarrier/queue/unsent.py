"""The messages that are not with the server, in their order: a few in memory, any number behind them on flash.

Of each priority the next few that wait are in memory, as entries; the rest is found on flash when those have gone: in
the order in which it was queued, so that reading goes on where it has ended, unless compaction has written some of it
once more behind younger messages, or some of it is not queued any more; then all of the log is looked through.
"""

from nocarrier.compat import const
from nocarrier.errors import UsageError
from nocarrier.queue import records, states

try:
    from typing import Optional

    from nocarrier.queue.journal import Journal
except ImportError:
    pass

_END = 1 << 60  # behind every position
_SHARE = const(2)  # of the log that they may fill: the rest is for what drains them, and for history
_RECORD_BYTES = const(7)  # what the journal adds to each


class Entry:
    """A message in memory that is not with the server yet.

    position, size_bytes: of its OUT on flash. count: its number in the SM session, when it is SENT. cursor: archive id
    known before it was first written; its archive entry can only be behind that.
    """

    def __init__(self, seq: int, position: int, size_bytes: int, bulk: bool) -> None:
        self.seq = seq
        self.position = position
        self.size_bytes = size_bytes
        self.bulk = bulk
        self.state = states.QUEUED
        self.count = 0
        self.flags = 0
        self.cursor = ""

    def fresh(self) -> bool:
        """True if it has never been written to a line: there is no more to know of it than is in its OUT."""
        return self.state == states.QUEUED and not self.flags and not self.cursor


class Backlog:
    """What waits behind the entries of one priority: whatever is queued and has a number above `after`.

    more: whether there may be anything. size_bytes: of what is, at most. mixed: on flash it does not stand in the order
    of the numbers, or not all that stands there is queued still.
    """

    def __init__(self, journal: Journal, bulk: bool) -> None:
        self.more = False
        self.after = 0
        self.size_bytes = 0
        self.mixed = False
        self._journal = journal
        self._bulk = bulk
        self._start = 0  # nothing behind is in front of this position, unless mixed

    def has(self, seq: int) -> bool:
        """True if a queued message of this number and priority would be behind, or is in memory nevertheless."""
        return self.more and seq > self.after

    def put(self, seq: int, position: int, size_bytes: int) -> None:
        """A message that was written there is behind."""
        if not self.more:
            self.more, self.mixed, self.after, self._start = True, False, seq - 1, position
        self.size_bytes += size_bytes

    def put_again(self, seq: int) -> None:
        """A message with this number, if it is of this priority, may be behind."""
        self.after = min(self.after, seq - 1) if self.more else seq - 1
        self.more = self.mixed = True

    def put_back(self, entry: Entry) -> None:
        """An entry, the newest that waits, leaves memory."""
        self.put(entry.seq, entry.position, entry.size_bytes)
        self.put_again(entry.seq)

    def load(self, room: int, until: int) -> "list[Entry]":
        """The next ones, `room` at most. until: position where the log ends for now. Raises StorageError."""
        while True:
            found, more = self._next(room, until)
            if found:
                self.after = found[-1].seq
            if self.mixed:
                queued = still_queued(self._journal, [entry.seq for entry in found], until)
                found = [entry for entry in found if entry.seq in queued]
                for entry in found:
                    entry.flags = queued[entry.seq]
            if found or not more:
                break
        self.more = more
        for entry in found:
            self.size_bytes = max(0, self.size_bytes - entry.size_bytes)
        if not more:
            self.size_bytes, self.mixed = 0, False
        return found

    def _next(self, room: int, until: int) -> "tuple[list[Entry], bool]":
        """The next candidates, and whether there are more."""
        found: "list[Entry]" = []
        more = False
        for position, kind, payload in self._journal.records(0 if self.mixed else self._start):
            if position >= until:
                break
            if kind not in (records.OUT, records.OUT_AGAIN):
                continue
            entry = entry_of(position, kind, payload)
            if entry.bulk != self._bulk or entry.seq <= self.after:
                continue
            insert(found, entry)
            if len(found) > room:
                last = found.pop()
                more = True
                if not self.mixed:
                    self._start = last.position
                    break
        return found, more


def still_queued(journal: Journal, seqs: "list[int]", until: int) -> "dict[int, int]":
    """Which of these messages are queued, with their flags, as far as the log tells up to a position.

    Raises StorageError.
    """
    queued = {}
    for seq in seqs:
        queued[seq] = 0
    for position, kind, payload in journal.records():
        if position >= until:
            break
        if kind == records.OUT_AGAIN:
            state, flags, seq = payload[0], payload[1], records.number_of(records.out_of(kind, payload))
        elif kind == records.STATE:
            seq, state, flags = records.number_of(payload), payload[4], payload[5]
        elif kind == records.SENT:
            seq, state, flags = records.number_of(payload), states.SENT, 0
        else:
            continue
        if seq in seqs:
            queued.pop(seq, None)
            if state == states.QUEUED:
                queued[seq] = flags
    return queued


def entry_of(position: int, kind: int, payload: bytes) -> Entry:
    """What is known from an OUT, or from an OUT_AGAIN but for the state."""
    out = records.out_of(kind, payload)
    return Entry(records.number_of(out), position, size_of(out), records.is_bulk(out))


def insert(entries: "list[Entry]", entry: Entry) -> None:
    """By its number; if that is there already, it stays as it is."""
    at = len(entries)
    while at and entries[at - 1].seq > entry.seq:
        at -= 1
    if not (at and entries[at - 1].seq == entry.seq):
        entries.insert(at, entry)


def size_of(payload: bytes) -> int:
    """What a record takes on flash."""
    return _RECORD_BYTES + len(payload)


class Unsent:
    """entries: those under way, and the next few that wait, by number.

    loaded: how many that wait are in memory, of each priority.
    """

    def __init__(self, journal: Journal, loaded: int) -> None:
        self.entries: "list[Entry]" = []
        self._journal = journal
        self._loaded = loaded
        self._chat = Backlog(journal, False)
        self._bulk = Backlog(journal, True)

    def size_bytes(self) -> int:
        """What they take on flash, at most."""
        return sum([e.size_bytes for e in self.entries]) + self._chat.size_bytes + self._bulk.size_bytes

    def has_room(self, size_bytes: int) -> bool:
        """True if so many more may wait."""
        return self.size_bytes() + size_bytes <= self._journal.capacity_bytes() // _SHARE

    def checked(self, payload: bytes) -> bytes:
        """The payload of one more, if there is room for it. Raises UsageError."""
        if not self.has_room(size_of(payload)):
            raise UsageError("the queue is full (%d bytes)" % self.size_bytes())
        return payload

    def add(self, entry: Entry) -> None:
        """A new message: into memory, if there is room and nothing waits behind."""
        backlog = self.backlog(entry.bulk)
        if backlog.more or len(self._queued(entry.bulk)) >= self._loaded:
            backlog.put(entry.seq, entry.position, entry.size_bytes)
        else:
            insert(self.entries, entry)
            backlog.after = max(backlog.after, entry.seq)

    def check_again(self, bulk: bool) -> None:
        """Raises UsageError if memory is full of messages that are to be sent once more."""
        if len(self._queued(bulk)) >= 2 * self._loaded:
            raise UsageError("too many messages wait to be sent again")

    def add_again(self, entry: Entry) -> None:
        """A message that is older than what waits behind, or whose OUT stands behind those of younger ones."""
        backlog = self.backlog(entry.bulk)
        if backlog.has(entry.seq):
            backlog.put(entry.seq, entry.position, entry.size_bytes)
            backlog.mixed = True
        else:
            insert(self.entries, entry)

    def replay_again(self, entry: Entry) -> None:
        """An OUT_AGAIN is read back: of a message that is here already, or whose OUT is gone."""
        if self.find(entry.seq) is None:
            if entry.fresh():
                self.add_again(entry)
            else:
                insert(self.entries, entry)
            self.make_way()

    def make_way(self) -> None:
        """Has no more wait in memory than is allowed, as far as all of them is to be read from flash again."""
        for bulk in (False, True):
            queued = self._queued(bulk)
            while len(queued) > self._loaded and queued[-1].fresh():
                entry = queued.pop()
                self.entries.remove(entry)
                self.backlog(bulk).put_back(entry)

    def next(self) -> "Optional[Entry]":
        """The oldest that waits, or None; bulk, if nothing else does. Raises StorageError."""
        for bulk in (False, True):
            self._load(bulk, _END)
            for entry in self.entries:
                if entry.state == states.QUEUED and entry.bulk == bulk:
                    return entry
        return None

    def sent(self, doubt: bool) -> "list[Entry]":
        """Those written and not acknowledged: in this session, or in one that is gone."""
        return [e for e in self.entries if e.state == states.SENT and bool(e.flags & records.IN_DOUBT) == doubt]

    def find(self, seq: int) -> "Optional[Entry]":
        """The one with this number, if it is in memory."""
        for entry in self.entries:
            if entry.seq == seq:
                return entry
        return None

    def concerned(self, seq: int, position: int) -> "Optional[Entry]":
        """The one that something has happened to at that position of the log: if it waited, it was the next."""
        for bulk in (False, True):
            if self.find(seq) is None and self.backlog(bulk).has(seq):
                self._load(bulk, position)
        return self.find(seq)

    def replay_behind(self, seq: int, state: int) -> None:
        """The state of one that is not in memory is read back; the log does not say of which priority it is."""
        for backlog in (self._chat, self._bulk):
            if state == states.QUEUED:
                backlog.put_again(seq)
            elif backlog.has(seq):
                backlog.mixed = True

    def queued_behind(self, seqs: "list[tuple[int, bool]]") -> "dict[int, int]":
        """Which of these messages, given with their priority, wait behind: number to flags. Raises StorageError."""
        behind = {}
        unsure = []
        for seq, bulk in seqs:
            backlog = self.backlog(bulk)
            if backlog.has(seq) and self.find(seq) is None:
                behind[seq] = 0
                if backlog.mixed:
                    unsure.append(seq)
        if unsure:
            queued = still_queued(self._journal, unsure, _END)
            for seq in unsure:
                behind.pop(seq, None)
                if seq in queued:
                    behind[seq] = queued[seq]
        return behind

    def backlog(self, bulk: bool) -> Backlog:
        """What is behind, of that priority."""
        return self._bulk if bulk else self._chat

    def _queued(self, bulk: bool) -> "list[Entry]":
        return [e for e in self.entries if e.state == states.QUEUED and e.bulk == bulk]

    def _load(self, bulk: bool, until: int) -> None:
        backlog = self.backlog(bulk)
        queued = self._queued(bulk)
        if backlog.more and not (queued and queued[0].seq <= backlog.after):
            for entry in backlog.load(self._loaded, until):
                insert(self.entries, entry)
