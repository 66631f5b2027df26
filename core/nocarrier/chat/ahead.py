"""What came live while the archive had not been read up to there, for the walk that will come by it.

It is known again by its dedup keys, but these hold the newest messages only, and in a long walk, or while the archive
does not answer, more may come. So the first and the last of them are noted by their archive ids, for each session: a
session delivers everything between the two, and goes on doing so when it is resumed. A resumed one may have turned
the two round; a walk does not come out of such a stretch again, and catchup.py then does without.
"""

from nocarrier.compat import const

try:
    from nocarrier.queue.store import Store
except ImportError:
    pass

_NOTE = "ahead"
_STRETCHES = const(8)  # remembered at once; more sessions than that would have to end in the middle of one walk
_SEPARATOR = "\0"  # which no XML has; at the end: the last stretch is closed


class Ahead:
    """The stretches of the archive that were shown; they may overlap. The methods that note raise StorageError.

    few: so many messages are known by their keys.
    """

    def __init__(self, store: Store, few: int) -> None:
        self._store = store
        self._few = few
        self._count = 0
        self._inside: "list[str]" = []  # the ends of those that the walk is in
        self._complete = False  # the note, since this device was switched on

    def new_session(self) -> None:
        """What comes from now on need not follow what the old one has delivered."""
        self._complete_note()
        text = self._store.notes.get(_NOTE, "")
        if text and not text.endswith(_SEPARATOR):
            self._store.save_note(_NOTE, text + _SEPARATOR, False)

    def came(self, archive_id: str) -> None:
        """A live message, on flash by now, that the archive has under this id.

        It is put aside, if there is any room, so that the note may wait until something else is written.
        """
        self._complete_note()
        self._count += 1
        self._extend(archive_id)

    def many(self) -> bool:
        """There may have been more than are known by their keys: it has to count where an entry stands."""
        return self._count > self._few

    def _complete_note(self) -> None:
        """What was put aside last before the power went may not have been noted."""
        if not self._complete:
            self._complete = True
            if self._store.notes.get(_NOTE, ""):
                self._count = self._few + 1  # nobody knows how many
            # Without a past nothing is noted, and what is aside may be of a session that has died.
            message = self._store.inbox.newest_aside() if self._store.has_past() else None
            stretches = self._noted()
            if message is not None and not (stretches and stretches[-1][1] == message.archive_id):
                self._extend(message.archive_id)

    def _extend(self, archive_id: str) -> None:
        stretches = self._noted()
        if stretches and not self._closed():
            first, last = stretches[-1]
            stretches[-1] = (first, archive_id)
            self._inside = [archive_id if end == last else end for end in self._inside]
        else:
            stretches.append((archive_id, archive_id))
        self._save(stretches[-_STRETCHES:], False)

    def start(self, archive_id: str) -> None:
        """A walk begins behind this entry."""
        self._complete_note()
        self._inside = [end for first, end in self._noted() if first == archive_id]

    def meets(self, archive_id: str) -> bool:
        """The walk's next entry: True if it is in a stretch."""
        for first, end in self._noted():
            if first == archive_id and end not in self._inside:
                self._inside.append(end)
        inside = bool(self._inside)
        if archive_id in self._inside:
            self._inside.remove(archive_id)
        return inside

    def reached(self, archive_id: str) -> None:
        """The cursor is going to be moved to this entry, in the middle of stretches: these begin behind it then.

        Their old beginnings count too until it is moved again: the power may go before the store knows that.
        """
        stretches: "list[tuple[str, str]]" = []
        noted = self._noted()
        for i in range(len(noted)):
            end = noted[i][1]
            if end not in self._inside:
                stretches.append(noted[i])
            elif end not in [pair[1] for pair in noted[i + 1 :]]:
                stretches += [noted[i], (archive_id, end)]
        self._save(stretches, self._closed())

    def inside(self) -> bool:
        """The walk has come into a stretch, and not out of it yet."""
        return bool(self._inside)

    def clear(self) -> None:
        """The walk has come by all of it."""
        self._inside = []
        self._count = 0
        self._store.save_note(_NOTE, "")

    def _save(self, stretches: "list[tuple[str, str]]", closed: bool) -> None:
        text = _SEPARATOR.join([_SEPARATOR.join(pair) for pair in stretches])
        self._store.save_note(_NOTE, text + _SEPARATOR if closed else text, False)

    def _closed(self) -> bool:
        return self._store.notes.get(_NOTE, "").endswith(_SEPARATOR)

    def _noted(self) -> "list[tuple[str, str]]":
        ids = self._store.notes.get(_NOTE, "").split(_SEPARATOR)
        return [(ids[i], ids[i + 1]) for i in range(0, len(ids) - 1, 2)]
