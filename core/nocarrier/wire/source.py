"""The bytes of a stream that are not parsed yet, and the stanza that was found in them."""

from nocarrier.compat import const
from nocarrier.errors import XmlError
from nocarrier.wire.values import line_ends, normalised

try:
    from typing import Any, Optional, Sequence, Union

    Data = Union[bytes, bytearray, memoryview]
    # Local name; namespace, None for the default one; the default namespace that it declares, or None; attributes.
    Tag = tuple[str, Optional[str], Optional[str], tuple[str, ...]]
    Shape = tuple[Sequence[Any], Sequence[int]]  # items and places of a stanza
except ImportError:
    pass

# What a stanza consists of, in document order: a Tag where an element begins, or one of
CLOSE = const(0)  # an element ends
TEXT = const(1)
CDATA = const(2)

TO_NEXT_MARK = const(255)  # instead of the length of a value in its place

# Fields of a Tag; a tuple, because an object would need three times its memory.
NAME = const(0)
XMLNS = const(1)
DEFAULT = const(2)
NAMES = const(3)


class Source:
    """One bytearray for life, as long as what is in it. It never outgrows the memory that it had at first.

    No memoryview of it may be kept: CPython refuses to resize what is being viewed.

    base:  what to add to an index to get the offset in the stream.
    error: the last fault that was found.

    The stanza at hand; its values, of attributes and of text, are numbered in document order, from 1:

    shape:  its items; and its places, three numbers for each value: of a mark, how far behind it the value begins, how
            long it is, or TO_NEXT_MARK.
    marks:  begin of the stanza; then begin and end of what was found to vary in it.
    plain:  all values stand for themselves: no reference, nothing that is to be normalised.
    serial: changes when the stanza does, or the place of its bytes.
    """

    def __init__(self, size_bytes: int) -> None:
        self.bytes = bytearray(size_bytes)
        self.bytes[:] = b""  # MicroPython keeps the memory for what will be appended
        self.base = 0
        self.error: "Optional[XmlError]" = None
        self.shape: "Shape" = (), ()
        self.marks: "Sequence[int]" = ()
        self.plain = True
        self.serial = 0

    def drop(self, begin: int, end: int) -> None:
        """Takes out the bytes from index `begin` to `end`."""
        self.bytes[begin:end] = b""
        self.base += end - begin
        self.serial += 1

    def text(self, begin: int, end: int) -> str:
        """These bytes, which are UTF-8, as text."""
        return str(memoryview(self.bytes)[begin:end], "utf-8")

    def value(self, number: int, item: int) -> str:
        """The text of value `number`, which belongs to this item: a Tag, TEXT or CDATA."""
        places, marks = self.shape[1], self.marks
        mark, offset, size = places[3 * number - 3], places[3 * number - 2], places[3 * number - 1]
        begin = marks[mark] + offset
        text = self.text(begin, marks[mark + 1] if size == TO_NEXT_MARK else begin + size)
        if item == CDATA:
            return line_ends(text)
        return text if self.plain else normalised(text, item != TEXT)

    def fail(self, text: str, at: int, condition: str = "not-well-formed") -> XmlError:
        """An XmlError for the byte at index `at`, to be raised."""
        self.error = XmlError(condition, text, self.base + at)
        return self.error
