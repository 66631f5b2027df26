"""The roster as the server last gave it (RFC 6121 §2), so that an unchanged one need not come again.

Every record says which version the roster has from there on. A roster that comes as a whole is written under no version
until its last record: whatever prefix of it survives, the server is then asked for all of it once more.
"""

from nocarrier.compat import const
from nocarrier.queue import records

try:
    from typing import Iterator

    from nocarrier.queue.journal import Journal
except ImportError:
    pass

REMOVED = "remove"  # the subscription of one that is no contact any more (RFC 6121 §2.1.2.5)
_LOG_BYTES = const(400)  # of the log for each contact: it takes about a quarter of that, and messages need room too


class Contacts:
    """The contacts of one account. version: as the server calls what is kept here, "" if it is not all of a roster.

    In memory there is only where each of them lies. The log's size decides how many there may be.
    """

    def __init__(self, journal: Journal) -> None:
        self.version = ""
        self._journal = journal
        self._places: "dict[str, int]" = {}

    def replay(self, position: int, kind: int, payload: bytes) -> None:
        """Takes a CONTACT while the journal is opened."""
        self.version, jid, subscription, _, _ = records.unpack(kind, payload)
        self._note(jid, subscription, position)

    def save(self, version: str, jid: str, subscription: str, name: str, devices: str) -> bool:
        """A contact as it is now, or without JID only the version. The caller flushes. Raises StorageError.

        Returns False if there is no room for it.
        """
        payload = records.pack(records.CONTACT, version, jid, subscription, devices, name)
        is_new = jid and subscription != REMOVED and jid not in self._places
        full = is_new and len(self._places) >= self._journal.capacity_bytes() // _LOG_BYTES
        if full or not self._journal.fits(len(payload)):
            return False
        self._note(jid, subscription, self._journal.append(records.CONTACT, payload))
        self.version = version
        return True

    def all(self) -> "Iterator[tuple[str, str, str, str]]":
        """(JID, subscription, name, devices) of each. Raises StorageError."""
        for jid, position in self._places.items():
            _, _, subscription, devices, name = records.unpack(*self._journal.read(position))
            yield jid, subscription, name, devices

    def rewrite(self, position: int, payload: bytes) -> None:
        """Writes a CONTACT record once more at the end of the log if it still holds.

        The version is not repeated: the caller saves it behind the last one, and flushes. Raises StorageError.
        """
        _, jid, subscription, devices, name = records.unpack(records.CONTACT, payload)
        if self._places.get(jid) == position:
            copy = records.pack(records.CONTACT, "", jid, subscription, devices, name)
            self._note(jid, subscription, self._journal.append(records.CONTACT, copy))

    def save_version(self) -> None:
        """Writes the version once more; the caller flushes. Raises StorageError."""
        records.append(self._journal, records.CONTACT, self.version, "", "", "", "")

    def _note(self, jid: str, subscription: str, position: int) -> None:
        if subscription == REMOVED:
            self._places.pop(jid, None)
        elif jid:
            self._places[jid] = position
