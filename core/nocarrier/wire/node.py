"""One element of a stanza, as the parser has found it: read in place, decoded when asked for."""

from nocarrier.compat import const
from nocarrier.errors import UsageError

try:
    from typing import Iterator, Optional, Union

    from nocarrier.wire.source import Source
except ImportError:
    pass

# As in source.py; once more, because only a constant of the same module costs nothing.
_CLOSE = const(0)
_TEXT = const(1)
_CDATA = const(2)
_NAME = const(0)
_XMLNS = const(1)
_DEFAULT = const(2)
_VALUES = const(3)
_ATTRIBUTES = const(4)


class Node:
    """An element: name, namespace, attributes and content.

    It is a window on the parser's buffer and ends with the parser's next call: whatever is to outlive the handling of
    the stanza is taken out as text. Later use raises UsageError.

    name:  local name.
    xmlns: namespace URI; "" for none.
    """

    def __init__(self, source: Source, index: int, value: int, default: str) -> None:
        """Item `index` of the stanza, a Tag. value: number of its first value. default: namespace where it stands."""
        tag = source.items[index]
        self.name: str = tag[_NAME]
        self.xmlns: str = default if tag[_XMLNS] is None else tag[_XMLNS]
        # One tuple: every attribute of an object costs time when it is made.
        self._place = source, source.serial, index, value, default

    def get(self, name: str) -> "Optional[str]":
        """The attribute's value, or None. A namespaced attribute is "{uri}local"; xml's own keep their prefix."""
        source, _, index, value, _ = self._checked()
        tag = source.items[index]
        for i in range(_ATTRIBUTES, len(tag), 2):
            known = tag[i + 1]
            if tag[i] == name:
                return source.value(value, None) if known is None else known  # type: ignore[no-any-return]
            if known is None:
                value += 1
        return None

    def attributes(self) -> "list[str]":
        """Names and values in document order, flat: name, value, name, value …"""
        source, _, index, value, _ = self._checked()
        out = list(source.items[index][_ATTRIBUTES:])
        for i in range(1, len(out), 2):
            if out[i] is None:
                out[i] = source.value(value, None)
                value += 1
        return out

    def is_a(self, name: str, xmlns: str) -> bool:
        """True if local name and namespace are these."""
        return self.name == name and self.xmlns == xmlns

    def content(self) -> "Iterator[Union[Node, str]]":
        """Child elements and texts in document order; neighbouring texts are not joined, empty ones left out."""
        source = self._place[0]
        for index, value, default in self._walk():
            item = source.items[index]
            if not isinstance(item, int):
                yield Node(source, index, value, default)
                continue
            text = source.value(value, item)
            if text:
                yield text

    def elements(self) -> "Iterator[Node]":
        """The child elements, without the text between them."""
        source = self._place[0]
        for index, value, default in self._walk():
            if not isinstance(source.items[index], int):
                yield Node(source, index, value, default)

    def child(self, name: str, xmlns: str) -> "Optional[Node]":
        """The first child element of that name and namespace, or None."""
        source = self._place[0]
        for index, value, default in self._walk():
            item = source.items[index]
            if not isinstance(item, int) and item[_NAME] == name:
                if (default if item[_XMLNS] is None else item[_XMLNS]) == xmlns:
                    return Node(source, index, value, default)
        return None

    def first(self) -> "Optional[Node]":
        """The first child element of any name, or None."""
        for element in self.elements():
            return element
        return None

    def text(self) -> str:
        """The text directly inside this element, joined."""
        parts = [part for part in self.content() if isinstance(part, str)]
        return parts[0] if len(parts) == 1 else "".join(parts)  # no copy of what is long, and nearly always alone

    def child_text(self, name: str, xmlns: str) -> "Optional[str]":
        """The text of the first such child, or None if there is no such child."""
        found = self.child(name, xmlns)
        return None if found is None else found.text()

    def _checked(self) -> "tuple[Source, int, int, int, str]":
        place = self._place
        if place[1] != place[0].serial:
            raise UsageError("the parser has gone on; this element is no more")
        return place

    def _walk(self) -> "Iterator[tuple[int, int, str]]":
        """Of each child and text directly inside: index of the item, number of its first value; default namespace."""
        source, serial, own, value, default = self._checked()
        items = source.items
        if items[own][_DEFAULT] is not None:
            default = items[own][_DEFAULT]
        value += items[own][_VALUES]
        depth = 0
        for index in range(own + 1, len(items)):
            if serial != source.serial:
                self._checked()
            item = items[index]
            if item == _CLOSE:
                if depth == 0:
                    return
                depth -= 1
                continue
            if depth == 0:
                yield index, value, default
            if item == _TEXT or item == _CDATA:
                value += 1
            else:
                value += item[_VALUES]
                depth += 1
