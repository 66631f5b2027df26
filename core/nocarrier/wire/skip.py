"""A stanza over the limits, followed to its end in constant memory."""

from nocarrier.compat import const
from nocarrier.wire.chars import find_illegal, missing

try:
    from typing import Callable

    from nocarrier.wire.source import Data, Source
except ImportError:
    pass

_DEL = const(0x7F)


class Skip:
    """What is kept of the stanza that is being skipped: its start tag, at the front of its bytes.

    keep, pass_by: the buffer's extend(), and what takes its place meanwhile; bound once, because a method that is
             looked up anew is an allocation.
    active:  one is being skipped.
    start:   where it begins.
    front:   where its start tag ends; where it begins if that is not kept.
    origin:  its offset in the stream.
    bad:     there is an illegal character at index `checked`.
    checked: index of the first byte whose character has not been checked.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._buf = source.bytes
        self.keep: "Callable[[Data], None]" = self._buf.extend
        self.pass_by = self._extend
        self.active = self.bad = False
        self.start = self.front = self.checked = 0
        self.origin = 0

    def begin(self, start: int, head_bytes: int) -> None:
        """Drops what comes from now on. start: where the stanza begins; head_bytes: of its start tag, 0 if unknown."""
        self.active = True
        self.bad = False
        self.start = self.checked = start
        self.front = start + head_bytes
        self.origin = self._source.base + start

    def _extend(self, data: "Data") -> None:
        """Appends data; plain ASCII, which most of a stanza is, is checked at once."""
        if data and self.checked == len(self._buf) and min(data) >= 0x20 and max(data) <= _DEL:
            self.checked += len(data)
        self._buf.extend(data)

    def check(self) -> int:
        """Index of the first byte that is illegal (then it is bad), or that is of a character which is cut there."""
        end = len(self._buf)
        if self.checked < end:
            whole = end - missing(self._buf, end)
            bad = find_illegal(self._buf, self.checked, whole)
            self.bad = bad >= 0
            self.checked = bad if self.bad else max(self.checked, whole)
        return self.checked

    def forget(self, to: int) -> int:
        """Drops the bytes up to index `to`, but for the start tag; returns how many."""
        # A character that is cut at the end stays, for it is not checked; one more byte tells "<a/>" from "<a>".
        gap = min(to - 1, self.checked) - self.front
        if gap <= 0:
            return 0
        self._source.drop(self.front, self.front + gap)
        self.checked -= gap
        return gap

    def moved(self, gap: int) -> None:
        """All bytes were moved to the front by so many places."""
        self.start -= gap
        self.front -= gap
        self.checked -= gap

    def size_bytes(self, end: int) -> int:
        """How long the stanza was that ends at index `end`."""
        return self._source.base + end - self.origin
