"""All that survives a power cut, as one object: outbox, inbox, contacts, SM session, archive cursor, history.

The journal is the only place where anything is kept. At start-up it is read once; when it needs room its oldest segment
is given up, after what is alive in it was written once more. What was only history goes with the segment.
"""

from nocarrier.errors import UsageError
from nocarrier.queue import records, states
from nocarrier.queue.contacts import Contacts
from nocarrier.queue.inbox import Inbox
from nocarrier.queue.journal import Journal
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.numbers import Numbers
from nocarrier.queue.outbox import Outbox
from nocarrier.queue.storage import StorageError, StorageFull
from nocarrier.queue.talks import Talks
from nocarrier.queue.window import Window

try:
    from typing import Any, Callable, Optional

    from nocarrier.queue.history import History, HistoryItem
    from nocarrier.queue.records import Incoming, Outgoing
    from nocarrier.queue.storage import Storage
except ImportError:
    pass


class Store:
    """One account's memory on flash.

    damaged: places on flash that could not be read when it was opened. unseen_given_up: messages that the user has not
    seen and that had to make room; who tells the user sets it back.
    """

    def __init__(self, storage: Storage, limits: QueueLimits) -> None:
        self._journal = journal = Journal(storage, limits.segment_bytes, limits.segments)
        self.limits = limits
        self._numbers = Numbers()
        self._crowded = 0  # so many segments there were when making room has freed nothing
        self.outbox = Outbox(journal, self._numbers, limits.loaded, limits.tracked)
        window = Window(limits.window, limits.window_hours)
        self.inbox = Inbox(journal, self._numbers, window, limits.receipts, limits.aside)
        self.contacts = Contacts(journal)
        self.talks = Talks(journal, limits.talks)
        self.cursor = ""  # archive id up to which everything has been dealt with
        self.floor: "Optional[str]" = None  # where the archive ended at the first login; "": it was empty
        self.notes: "dict[str, str]" = {}  # what one login leaves for the next, by names of the session's
        self.sm_id = ""
        self.void = False  # that session is not to be resumed any more, or is just about to be
        self.h = 0
        self.jid = ""
        self.utc_s = 0  # the time now, in seconds since 1970; 0 if unknown
        self.damaged = 0
        self.unseen_given_up = 0

    def open(self) -> None:
        """Reads everything back. Raises StorageError."""
        self._journal.open(self._replay)
        self.damaged = self._journal.damaged
        if self.damaged:  # who knows what was said there of the session; the archive is asked instead
            self.end_session()

    def _replay(self, position: int, kind: int, payload: bytes) -> None:
        if kind in (records.IN, records.OWED, records.ASIDE, records.KEYS, records.RECEIPT):
            if self.inbox.replay(position, kind, payload):
                _, self.h, _, flags, _ = records.in_head(payload)
                if flags & records.MOVES_CURSOR:
                    self.cursor = records.archive_id(payload)
            self.talks.replay(position, kind, payload)
        elif kind in (records.OUT, records.OUT_AGAIN, records.SENT, records.STATE):
            self.outbox.replay(position, kind, payload, self.known_end())
            self.talks.replay(position, kind, payload)
        elif kind == records.CONTACT:
            self.contacts.replay(position, kind, payload)
        elif kind in (records.SESSION, records.SAME):
            self.h, self.sm_id, self.jid = records.unpack(kind, payload)
            if kind == records.SESSION:
                self.outbox.session_gone()
        elif kind == records.NEXT:
            self._numbers.take(records.number_of(payload) - 1)
        elif kind == records.SEEN:
            self.talks.replay(position, kind, payload)
            # Numbers up to there have been given, be it that nothing has come of the last ones.
            self._numbers.take(records.number_of(payload))
        elif kind == records.HANDLED:
            self.h = records.number_of(payload)
        elif kind == records.CURSOR:
            self.cursor = str(payload, "utf-8")
        elif kind == records.FLOOR:
            self.floor = str(payload, "utf-8")
        elif kind == records.NOTE:
            name, text = records.unpack(kind, payload)
            self.notes[name] = text

    def known_end(self) -> str:
        """An archive id behind which everything is that happens from now on; "" if none is known."""
        return self.cursor or self.floor or ""

    def has_past(self) -> bool:
        """True if it is known up to where the archive has been dealt with, be it that it was empty."""
        return bool(self.cursor) or self.floor is not None

    def received(self, message: Incoming) -> int:
        """A new message; it and its h are on flash when this returns. For message_at(). Raises StorageError."""
        self.make_room()
        position: int = self._roomy(self.inbox.store, message)
        self.talks.came(position, message.seq, message.sender, message.flags)
        self.h = message.h
        if message.flags & records.MOVES_CURSOR:
            self.cursor = message.archive_id
        return position

    def message_at(self, position: int) -> "Optional[Incoming]":
        """What received() has stored there; None if it is so old by now that its segment was given up."""
        try:
            return records.unpack_in(self._journal.read(position)[1])
        except StorageError:
            return None

    def put_aside(self, message: Incoming) -> bool:
        """A message ahead of its place; it and its h are on flash when this returns. False: no room aside."""
        if self.inbox.is_aside(message.keys):
            return True
        self.make_room()
        if not self._roomy(self.inbox.put_aside, message):
            return False
        self.h = message.h
        return True

    def enqueue(
        self, to: str, body: str, token: str, bulk: bool = False, expires_s: int = 0, sure: bool = True
    ) -> Outgoing:
        """A message to send; it is on flash when this returns. Raises UsageError, StorageError.

        sure: False if that is only wanted when make_sure() returns; what is written meanwhile may have done it.
        """
        self.make_room()
        position, message = self._roomy(self.outbox.enqueue, to, body, token, self.utc_s, bulk, expires_s)
        self.talks.wrote(position, to)
        if sure:
            self.make_sure()
        found: Outgoing = message
        return found

    def make_sure(self) -> None:
        """All that was written is on flash when this returns. Raises StorageError."""
        self._journal.flush()

    def cancel(self, seq: int) -> None:
        """A queued message is not to be sent; for make_sure(). Raises UsageError if it is not queued, StorageError."""
        self.make_room()
        item = self._own(seq)
        self.outbox.cancel(seq, item.bulk)

    def send_again(self, seq: int) -> None:
        """A failed message is queued once more, under its id. Raises UsageError if it has not failed, StorageError."""
        self.make_room()
        item = self._own(seq)
        if item.state != states.FAILED:
            raise UsageError("message %d is %s" % (seq, states.NAMES[item.state]))
        self.outbox.again(seq, item.position, item.flags, item.bulk)

    def _past(self) -> "History":
        from nocarrier.queue.history import History  # only while somebody looks

        return History(self._journal)

    def _own(self, seq: int) -> "HistoryItem":
        item = self._past().find(seq)
        if item is None or item.incoming:
            raise UsageError("there is no message %d" % seq)
        return item

    def save_session(self, sm_id: str, h: int, jid: str) -> None:
        """The SM session that could be resumed (XEP-0198 §5); an empty id: none. Raises StorageError."""
        # Written even if the server has given an id twice: what was SENT before belongs to another session.
        if sm_id or self.sm_id or self.outbox.under_way():
            self.make_room()
            records.append(self._journal, records.SESSION, h, sm_id, jid)
            self._journal.flush()
        self.outbox.session_gone()
        self.void = False
        self.sm_id, self.h, self.jid = sm_id, h, jid

    def end_session(self) -> None:
        """There is none that could be resumed any more; which address it had stays known. Raises StorageError."""
        self.save_session("", 0, self.jid)

    def void_session(self) -> None:
        """A message is about to go with the request to resume. On flash the session is over. Raises StorageError.

        Bytes of a connection that died have been seen to arrive late: if that one dies before the answer, it could
        resume the session once more, and deliver what the next one has sent again. So there is no next one.
        """
        self.void = True
        records.append(self._journal, records.SESSION, self.h, "", self.jid)
        self._journal.flush()

    def keep_session(self) -> None:
        """It was resumed. Raises StorageError."""
        self.void = False
        records.append(self._journal, records.SAME, self.h, self.sm_id, self.jid)
        self._journal.flush()

    def save_handled(self, h: int) -> None:
        """h is on flash when this returns, so that <a h=…/> may leave. Raises StorageError."""
        if h != self.h:
            self.make_room()
            records.append(self._journal, records.HANDLED, h)
        self._journal.flush()
        self.h = h

    def save_cursor(self, archive_id: str) -> None:
        """Everything in the archive up to this entry has been dealt with. Raises StorageError."""
        if archive_id != self.cursor:
            self.make_room()
            records.append(self._journal, records.CURSOR, archive_id)
            self._journal.flush()
            self.cursor = archive_id

    def save_floor(self, archive_id: str) -> None:
        """The archive ended here before anything was received. Raises StorageError."""
        self.make_room()
        records.append(self._journal, records.FLOOR, archive_id)
        self._journal.flush()
        self.floor = archive_id

    def save_note(self, name: str, text: str, at_once: bool = True) -> None:
        """Something for the next login; an empty text: nothing any more. Raises StorageError.

        at_once: it is on flash when this returns; else when something else is.
        """
        note = records.pack(records.NOTE, name, text)
        if text != self.notes.get(name, "") and self._journal.fits(len(note)):  # else the next login asks again
            self.make_room()
            self._journal.append(records.NOTE, note)
            if at_once:
                self._journal.flush()
            self.notes[name] = text

    def save_contact(
        self, version: str, jid: str = "", subscription: str = "", name: str = "", devices: str = ""
    ) -> bool:
        """A contact of the roster, or without JID only the roster's version; see Contacts. Raises StorageError.

        It is on flash with the first record under a version that is not empty. Returns False if there is no room.
        """
        if not jid and version == self.contacts.version:
            return True
        self.make_room()
        kept: bool = self._roomy(self.contacts.save, version, jid, subscription, name, devices)
        if version:
            self._journal.flush()
        return kept

    def make_room(self) -> None:
        """Gives up old segments while there are too many, and as long as that frees anything. Raises StorageError."""
        while self._journal.needs_room() and len(self._journal.numbers) > self._crowded:
            before = len(self._journal.numbers)
            self._give_up_oldest()
            if len(self._journal.numbers) >= before:  # nearly all of it was alive
                self._crowded = before
                return
        if not self._journal.needs_room():
            self._crowded = 0

    def _roomy(self, write: "Callable[..., Any]", *args: "Any") -> "Any":
        """Writes; if the flash is full before its time, gives up the oldest history and tries once more."""
        try:
            return write(*args)
        except StorageFull:
            if len(self._journal.numbers) < 2:
                raise
            self._give_up_oldest()
            return write(*args)

    def _give_up_oldest(self) -> None:
        from nocarrier.queue import compaction  # seldom needed

        compaction.give_up_oldest(self._journal, self)

    def save_all(self, journal: Journal) -> None:
        """Writes what there is one of once more; the caller flushes. Raises StorageError."""
        self.contacts.save_version()
        if self.floor is not None:
            records.append(journal, records.FLOOR, self.floor)
        records.append(journal, records.CURSOR, self.cursor)
        records.append(journal, records.NEXT, self._numbers.peek())
        records.append(journal, records.SAME, self.h, "" if self.void else self.sm_id, self.jid)

    def history(self, jid: str, newest: int, skip: int = 0, chars: int = 65536) -> "list[HistoryItem]":
        """Lines of the conversation with a bare JID, oldest first: the newest, but for the `skip` newest.

        newest: how many messages at most; chars: how long their texts together at most, but always one message.
        Raises StorageError.
        """
        place = self.talks.last(jid)
        last = self._journal.numbers[-1] if place is None and self._journal.numbers else (place or 0) >> 16
        return self._past().read(jid, "", newest, skip, chars, last)

    def search(self, text: str, newest: int, skip: int = 0, chars: int = 65536, jid: str = "") -> "list[HistoryItem]":
        """Messages that hold a text, without regard to the case of ASCII letters: as history(), or with everybody."""
        last = self._journal.numbers[-1] if self._journal.numbers else 0
        return self._past().read(jid, text, newest, skip, chars, last)

    def mark_seen(self, jid: str) -> None:
        """The user has seen all that came from a bare JID. Raises StorageError."""
        self.talks.saw(jid, self._numbers.peek() - 1)
