"""Shows what is on a handheld's flash, record by record, and whether all of it can be read. Changes nothing.

What is secret (tokens, keys) is only counted.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from nocarrier.queue import records, states
from nocarrier.queue.journal import Journal
from nocarrier.queue.storage import StorageError
from nocarrier_ports.flash import FolderFlash

_SECRET = ("token", "key")  # notes


def _kinds() -> dict[int, str]:
    """The names of the kinds, as the table in records.py has them."""
    names = re.findall(r"^\| ([A-Z_]+) +\|", records.__doc__ or "", re.MULTILINE)
    return {getattr(records, name): name for name in names}


def _words(kind: int, payload: bytes) -> str:
    """The fields of a record, for people."""
    if kind == records.NOTE:
        name, text = records.unpack(kind, payload)
        return "%s: %s" % (name, "(%d characters)" % len(text) if name in _SECRET else text)
    if kind == records.OUT_AGAIN:
        state, flags, count, cursor, _ = records.unpack(kind, payload)
        rest = (flags, count, cursor, _words(records.OUT, records.out_of(kind, payload)))
        return "%s, flags %d, count %d, cursor %r: %s" % (states.NAMES[state], *rest)
    fields = records.unpack(kind, payload)
    if kind == records.STATE:
        fields[1] = states.NAMES[fields[1]]
    return ", ".join(field.hex() if isinstance(field, bytes) else str(field) for field in fields)


def lines(folder: Path) -> Iterator[str]:
    """What is there, a line each; the last one says what is damaged. Raises StorageError."""
    journal = Journal(FolderFlash(str(folder)), 65536)
    kinds = _kinds()
    found: list[tuple[int, int, bytes]] = []
    journal.open(lambda position, kind, payload: found.append((position, kind, payload)))
    for position, kind, payload in found:
        place = "%08x+%04x" % (position >> 16, position & 0xFFFF)
        yield "%s  %-9s  %s" % (place, kinds.get(kind, "kind %d" % kind), _words(kind, payload))
    yield "%d records in %d segments; places that cannot be read: %d" % (
        len(found),
        len(journal.numbers),
        journal.damaged,
    )


def show(folder: Path) -> int:
    """Prints it all. Exit status: 0; 1 if something is damaged, 2 if it cannot be read at all."""
    last = ""
    try:
        for last in lines(folder):
            print(last)
    except StorageError as error:
        print("%s: %s" % (folder, error), file=sys.stderr)
        return 2
    return 0 if last.endswith(": 0") else 1
