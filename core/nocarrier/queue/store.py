"""All that survives a power cut, as one object: outbox, inbox, contacts, SM session, archive cursor, history.

The journal is the only place where anything is kept. At start-up it is read once; when it needs room its oldest segment
is given up, after what is alive in it was written once more. What was only history goes with the segment.
"""

from nocarrier.queue import records
from nocarrier.queue.contacts import Contacts
from nocarrier.queue.history import read_correspondents, read_history
from nocarrier.queue.inbox import Inbox
from nocarrier.queue.journal import Journal
from nocarrier.queue.numbers import Numbers
from nocarrier.queue.outbox import Outbox
from nocarrier.queue.storage import StorageError, StorageFull

try:
    from typing import Any, Callable, Optional

    from nocarrier.queue.history import HistoryItem
    from nocarrier.queue.records import Incoming, Outgoing
    from nocarrier.queue.storage import Storage
except ImportError:
    pass


class QueueLimits:
    """Limits of what is kept; all are the caller's choice.

    segment_bytes, segments: size of the log on flash. pending, tracked: see Outbox. window, receipts, aside: see Inbox.
    body_bytes: the text of one message, UTF-8.
    """

    def __init__(
        self,
        segment_bytes: int = 8192,
        segments: int = 8,
        pending: int = 64,
        tracked: int = 64,
        window: int = 128,
        receipts: int = 32,
        body_bytes: int = 2048,
        aside: int = 16,
    ) -> None:
        self.segment_bytes = segment_bytes
        self.segments = segments
        self.pending = pending
        self.tracked = tracked
        self.window = window
        self.receipts = receipts
        self.body_bytes = body_bytes
        self.aside = aside


class Store:
    """One account's memory on flash."""

    def __init__(self, storage: Storage, limits: QueueLimits) -> None:
        self._journal = Journal(storage, limits.segment_bytes, limits.segments)
        self.limits = limits
        self._numbers = Numbers()
        self._crowded = 0  # so many segments there were when making room has freed nothing
        self.outbox = Outbox(self._journal, self._numbers, limits.pending, limits.tracked)
        self.inbox = Inbox(self._journal, self._numbers, limits.window, limits.receipts, limits.aside)
        self.contacts = Contacts(self._journal)
        self.cursor = ""  # archive id up to which everything has been dealt with
        self.floor: "Optional[str]" = None  # where the archive ended at the first login; "": it was empty
        self.notes: "dict[str, str]" = {}  # what one login leaves for the next, by names of the session's
        self.sm_id = ""
        self.void = False  # that session is not to be resumed any more, or is just about to be
        self.h = 0
        self.jid = ""

    def open(self) -> None:
        """Reads everything back. Raises StorageError."""
        self._journal.open(self._replay)

    def _replay(self, position: int, kind: int, payload: bytes) -> None:
        self.outbox.replay(position, kind, payload, self.known_end())
        self.contacts.replay(position, kind, payload)
        message = self.inbox.replay(position, kind, payload)
        if message is not None:
            self.h = message.h
            if message.flags & records.MOVES_CURSOR:
                self.cursor = message.archive_id
        elif kind in (records.SESSION, records.SAME):
            self.h, self.sm_id, self.jid = records.unpack_session(payload)
            if kind == records.SESSION:
                self.outbox.session_gone()
        elif kind == records.NEXT:
            self._numbers.take(records.unpack_number(payload) - 1)
        elif kind == records.HANDLED:
            self.h = records.unpack_number(payload)
        elif kind == records.CURSOR:
            self.cursor = str(payload, "utf-8")
        elif kind == records.FLOOR:
            self.floor = str(payload, "utf-8")
        elif kind == records.NOTE:
            name, text = records.unpack_note(payload)
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

    def enqueue(self, to: str, body: str, token: str, utc_s: int) -> Outgoing:
        """A message to send; it is on flash when this returns. Raises UsageError, StorageError."""
        self.make_room()
        message: Outgoing = self._roomy(self.outbox.enqueue, to, body, token, utc_s)
        return message

    def save_session(self, sm_id: str, h: int, jid: str) -> None:
        """The SM session that could be resumed (XEP-0198 §5); an empty id: none. Raises StorageError."""
        # Written even if the server has given an id twice: what was SENT before belongs to another session.
        if sm_id or self.sm_id:
            self.make_room()
            self._journal.append(records.SESSION, records.pack_session(h, sm_id, jid))
            self._journal.flush()
        self.outbox.session_gone()
        self.void = False
        self.sm_id, self.h, self.jid = sm_id, h, jid

    def void_session(self) -> None:
        """A message is about to go with the request to resume. On flash the session is over. Raises StorageError.

        Bytes of a connection that died have been seen to arrive late: if that one dies before the answer, it could
        resume the session once more, and deliver what the next one has sent again. So there is no next one.
        """
        self.void = True
        self._journal.append(records.SESSION, records.pack_session(self.h, "", ""))
        self._journal.flush()

    def keep_session(self) -> None:
        """It was resumed. Raises StorageError."""
        self.void = False
        self._journal.append(records.SAME, records.pack_session(self.h, self.sm_id, self.jid))
        self._journal.flush()

    def save_handled(self, h: int) -> None:
        """h is on flash when this returns, so that <a h=…/> may leave. Raises StorageError."""
        if h != self.h:
            self.make_room()
            self._journal.append(records.HANDLED, records.pack_number(h))
        self._journal.flush()
        self.h = h

    def save_cursor(self, archive_id: str) -> None:
        """Everything in the archive up to this entry has been dealt with. Raises StorageError."""
        if archive_id != self.cursor:
            self.make_room()
            self._journal.append(records.CURSOR, archive_id.encode())
            self._journal.flush()
            self.cursor = archive_id

    def save_floor(self, archive_id: str) -> None:
        """The archive ended here before anything was received. Raises StorageError."""
        self.make_room()
        self._journal.append(records.FLOOR, archive_id.encode())
        self._journal.flush()
        self.floor = archive_id

    def save_note(self, name: str, text: str) -> None:
        """Something for the next login; an empty text: nothing any more. Raises StorageError."""
        note = records.pack_note(name, text)
        if text != self.notes.get(name, "") and self._journal.fits(len(note)):  # else the next login asks again
            self.make_room()
            self._journal.append(records.NOTE, note)
            self._journal.flush()
            self.notes[name] = text

    def save_contact(self, version: str, jid: str = "", subscription: str = "", name: str = "") -> bool:
        """A contact of the roster, or without JID only the roster's version; see Contacts. Raises StorageError.

        It is on flash with the first record under a version that is not empty. Returns False if there is no room.
        """
        if not jid and version == self.contacts.version:
            return True
        self.make_room()
        kept: bool = self._roomy(self.contacts.save, version, jid, subscription, name)
        if version:
            self._journal.flush()
        return kept

    def make_room(self) -> None:
        """Gives up old segments while there are too many, and as long as that frees anything. Raises StorageError."""
        while self._journal.needs_room() and self._journal.count() > self._crowded:
            before = self._journal.count()
            self._rewrite_oldest()
            if self._journal.count() >= before:  # nearly all of it was alive
                self._crowded = self._journal.count()
                return
        if not self._journal.needs_room():
            self._crowded = 0

    def _roomy(self, write: "Callable[..., Any]", *args: "Any") -> "Any":
        """Writes; if the flash is full before its time, gives up the oldest history and tries once more."""
        try:
            return write(*args)
        except StorageFull:
            if self._journal.count() < 2:
                raise
            self._rewrite_oldest()
            return write(*args)

    def _rewrite_oldest(self) -> None:
        for position, kind, payload in self._journal.oldest():
            alive = self.outbox.alive(position, kind, payload)
            if alive is not None:
                self.outbox.rewrite(*alive)
            elif kind in (records.IN, records.ASIDE) and self.inbox.alive_at(position):
                self.inbox.moved(position, self._journal.append(kind, payload))
            elif kind == records.CONTACT:
                self.contacts.rewrite(position, payload)
        self.contacts.save_version()
        if self.floor is not None:
            self._journal.append(records.FLOOR, self.floor.encode())
        for name, text in self.notes.items():
            if text:
                self._journal.append(records.NOTE, records.pack_note(name, text))
        self._journal.append(records.CURSOR, self.cursor.encode())
        self._journal.append(records.NEXT, records.pack_number(self._numbers.peek()))
        self._journal.append(records.SAME, records.pack_session(self.h, "" if self.void else self.sm_id, self.jid))
        self._journal.flush()
        self._journal.drop_oldest()

    def history(self, contact: str, newest: int, skip: int = 0, chars: int = 65536) -> "list[HistoryItem]":
        """Lines of the conversation with a bare JID, oldest first: the newest, but for the `skip` newest.

        newest: how many messages at most; chars: how long their texts together at most, but always one message.
        """
        return read_history(self._journal, contact, newest, skip, chars)

    def correspondents(self, limit: int) -> "list[str]":
        """The bare JIDs with which there are messages on flash, at most `limit`, those of the newest messages last."""
        return read_correspondents(self._journal, limit)
