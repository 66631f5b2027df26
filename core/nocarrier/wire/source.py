"""The bytes of a stream that are not parsed yet, and the stanza that was found in them."""

import array

from nocarrier.compat import const
from nocarrier.errors import XmlError
from nocarrier.wire.values import line_ends, normalised

try:
    from typing import Any, Optional, Sequence, Union

    Data = Union[bytes, bytearray, memoryview]
    # Local name; namespace, None for the default one; the default namespace that it declares, or None; how many of its
    # values are to be found by the marks; its attributes, name, value, name, value …, with None for such a value.
    Tag = tuple[Any, ...]
except ImportError:
    pass

# What a stanza consists of, in document order: a Tag where an element begins, or one of
CLOSE = const(0)  # an element ends
TEXT = const(1)
CDATA = const(2)

# Fields of a Tag; a tuple, because an object would need three times its memory.
NAME = const(0)
XMLNS = const(1)
DEFAULT = const(2)
VALUES = const(3)
ATTRIBUTES = const(4)  # the first of them


class Source:
    """One bytearray for life, as long as what is in it. It never outgrows the memory that it had at first.

    No memoryview of it may be kept: CPython refuses to resize what is being viewed.

    base:  what to add to an index to get the offset in the stream.
    error: the last fault that was found.
    xmlns: the stream's default namespace.
    value_bytes: limit of an attribute's value.

    The stanza at hand; what varies in it, values of attributes and text, is numbered in document order, from 1:

    items:  what it consists of.
    marks:  where it begins; then where value i begins, marks[2i - 1], and ends, marks[2i]. A 0 is behind the last.
    kinds:  of the bytes in the value that was looked at last (chars.py), or-ed.
    plain:  all values stand for themselves: no reference, nothing that is to be normalised.
    serial: changes when the stanza does, or the place of its bytes.
    """

    def __init__(self, size_bytes: int, value_bytes: int, values: int) -> None:
        """size_bytes: how much it may hold; values: of a stanza, for which there is room at first."""
        self.bytes = bytearray(size_bytes)
        self.bytes[:] = b""  # MicroPython keeps the memory for what will be appended
        self.base = 0
        self.error: "Optional[XmlError]" = None
        self.xmlns = ""
        self.value_bytes = value_bytes
        self.items: "Sequence[Any]" = ()
        self.marks = array.array("H" if size_bytes < 0x10000 else "I", [0] * (2 * values + 2))
        self.kinds = 0
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

    def value(self, number: int, item: "Optional[int]") -> str:
        """The text of value `number`, which is this item, TEXT or CDATA; None for an attribute's."""
        text = self.text(self.marks[2 * number - 1], self.marks[2 * number])
        if item == CDATA:
            return line_ends(text)
        return text if self.plain else normalised(text, item != TEXT)

    def fail(self, text: str, at: int, condition: str = "not-well-formed") -> XmlError:
        """An XmlError for the byte at index `at`, to be raised."""
        self.error = XmlError(condition, text, self.base + at)
        return self.error
