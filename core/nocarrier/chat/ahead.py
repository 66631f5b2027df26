"""What came live while the archive had not been read up to there, for the walk that will come by it.

It is known again by its dedup keys, but these hold the newest messages only, and in a long walk, or while the archive
does not answer, more may come. So the first and the last of them are noted by their archive ids, for each session: a
session delivers everything between the two. How far it has got is written to flash as often as the keys allow.
"""

from nocarrier.compat import const

try:
    from nocarrier.queue.store import Store
except ImportError:
    pass

_NOTE = "ahead"
_STRETCHES = const(4)  # remembered at once; more sessions than that would have to end in the middle of one walk
_SEPARATOR = "\0"  # which no XML has


class Ahead:
    """every: messages after which it is noted anew; twice as many must have keys."""

    def __init__(self, store: Store, every: int) -> None:
        self._store = store
        self._every = every
        self._first = ""
        self._last = ""
        self._count = 0  # since that was noted

    def new_session(self) -> None:
        """What comes from now on need not follow what the old one has delivered."""
        self._first = ""
        self._count = 0

    def came(self, archive_id: str) -> None:
        """A live message, on flash by now, that the archive has under this id. Raises StorageError."""
        self._first = self._first or archive_id
        self._last = archive_id
        self._count += 1
        if self._count >= self._every:
            others = [pair for pair in self._noted() if pair[0] != self._first]
            self._save(others + [(self._first, archive_id)])
            self._count = 0

    def end_of(self, first: str) -> str:
        """The archive id with which the stretch ends that begins with this one; "" if none does."""
        for begin, end in self._noted():
            if begin == first:
                return self._last if begin == self._first else end
        return ""

    def reached(self, first: str, archive_id: str) -> None:
        """The walk, which will go on behind this entry, is in the stretch that begins there. Raises StorageError."""
        end = self.end_of(first)
        # The old beginning counts until the store says that the walk has got here; then it is dropped.
        others = [pair for pair in self._noted() if pair[0] == first or pair[1] != end]
        self._save(others + [(archive_id, end)])
        if first == self._first:
            self._first = archive_id

    def clear(self) -> None:
        """The walk has come by all of it. Raises StorageError."""
        self._first = ""
        self._count = 0
        self._store.save_note(_NOTE, "")

    def _save(self, stretches: "list[tuple[str, str]]") -> None:
        self._store.save_note(_NOTE, _SEPARATOR.join([_SEPARATOR.join(pair) for pair in stretches[-_STRETCHES:]]))

    def _noted(self) -> "list[tuple[str, str]]":
        ids = self._store.notes.get(_NOTE, "").split(_SEPARATOR)
        return [(ids[i], ids[i + 1]) for i in range(0, len(ids) - 1, 2)]
