"""Where to begin in the archive, if a device's first session may have taken with it what had waited for it.

To that session the server hands over what has waited for the account. If it dies before the device has read where the
archive ends, ejabberd does not hand it over again, and Prosody not always; and how much it was nobody tells. So the
device goes back from the archive's end, page by page, as far as its log has room for, and walks from there as always.
"""

from nocarrier.compat import const

try:
    from nocarrier.queue.store import Store
    from nocarrier.wire.element import Element
except ImportError:
    pass

ENTRY_BYTES = const(640)  # of one entry, about
_BEGUN = "begun"  # a note, until it is known where the archive ends; it holds one of these:
_FIRST = "1"  # the presence of a device's first session may have been written
_UNFINISHED = "2"  # so may that of a later one, or the known end is gone, or a stretch was turned round (catchup.py):
# a walk is due, or under way, by what was shown already, and where that stands is not known.


class GoBack:
    """The way back. page: entries asked for at once. going: it is under way. before: the oldest entry that was met."""

    def __init__(self, store: Store, page: int) -> None:
        self._store = store
        self._page = page
        self._left = 0
        self.going = False
        self.before = ""

    def session_begins(self) -> None:
        """A new session, before its presence: is it a device's first, or one after such a one? Raises StorageError."""
        if not self._store.has_past():
            self._store.save_note(_BEGUN, _UNFINISHED if self._store.notes.get(_BEGUN) else _FIRST)

    def wanted(self) -> bool:
        """A session that came to nothing was before this one, which may have been begun before the device was."""
        return not self._store.has_past() and self.unfinished()

    def begin(self) -> None:
        """If it is wanted."""
        self.going, self.before = self.wanted(), ""
        limits = self._store.limits
        self._left = limits.segment_bytes * limits.segments // ENTRY_BYTES

    def walks_anew(self) -> None:
        """The walk begins anew, by what it may have shown, and nothing tells where that stands. Raises StorageError."""
        self._store.save_note(_BEGUN, _UNFINISHED)

    def unfinished(self) -> bool:
        """A walk that does not know where that stands which was shown has not come to the archive's end.

        Be it one in an earlier session.
        """
        return self._store.notes.get(_BEGUN) == _UNFINISHED

    def ended(self) -> None:
        """It is known where the archive ends. Raises StorageError."""
        self._store.save_note(_BEGUN, "", False)

    def query(self, query_id: str) -> Element:
        """The payload of the next request."""
        from nocarrier.chat import archive  # only while there is something to catch up with

        return archive.back_query(query_id, self.before, self._page)

    def page_done(self, complete: bool, first: str) -> str:
        """A page was answered: the entry behind which the walk begins, if the way back has ended; "": at the first."""
        self._left -= self._page
        self.going = not complete and first not in ("", self.before) and self._left > 0
        self.before = first
        return "" if complete else first
