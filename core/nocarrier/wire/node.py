"""One element of a stanza, as the parser has found it: read in place, decoded when asked for."""

from nocarrier.errors import UsageError
from nocarrier.wire.source import CDATA, CLOSE, DEFAULT, NAME, NAMES, TEXT, XMLNS, Source

try:
    from typing import Iterator, Optional, Union
except ImportError:
    pass

_ATTRIBUTE = -1  # an item that is neither TEXT nor CDATA


class Node:
    """An element: name, namespace, attributes and content.

    It is a window on the parser's buffer and ends with the parser's next call: whatever is to outlive the handling of
    the stanza is taken out as text. Later use raises UsageError.

    name:  local name.
    xmlns: namespace URI; "" for none.
    """

    def __init__(self, source: Source, index: int, value: int, default: str) -> None:
        """Item `index` of the stanza, a Tag. value: number of its first value. default: namespace where it stands."""
        tag = source.shape[0][index]
        self.name: str = tag[NAME]
        self.xmlns: str = default if tag[XMLNS] is None else tag[XMLNS]
        # One tuple: every attribute of an object costs time when it is made.
        self._place = source, source.serial, index, value, default

    def get(self, name: str) -> "Optional[str]":
        """The attribute's value, or None. A namespaced attribute is "{uri}local"; xml's own keep their prefix."""
        source, _, index, value, _ = self._checked()
        for each in source.shape[0][index][NAMES]:
            if each == name:
                return source.value(value, _ATTRIBUTE)
            value += 1
        return None

    def attributes(self) -> "list[str]":
        """Names and values in document order, flat: name, value, name, value …"""
        source, _, index, value, _ = self._checked()
        out: "list[str]" = []
        for name in source.shape[0][index][NAMES]:
            out.append(name)
            out.append(source.value(value, _ATTRIBUTE))
            value += 1
        return out

    def is_a(self, name: str, xmlns: str) -> bool:
        """True if local name and namespace are these."""
        return self.name == name and self.xmlns == xmlns

    def content(self) -> "Iterator[Union[Node, str]]":
        """Child elements and texts in document order; neighbouring texts are not joined, empty ones left out."""
        source = self._place[0]
        for index, value, default in self._walk():
            item = source.shape[0][index]
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
            if not isinstance(source.shape[0][index], int):
                yield Node(source, index, value, default)

    def child(self, name: str, xmlns: str) -> "Optional[Node]":
        """The first child element of that name and namespace, or None."""
        source = self._place[0]
        for index, value, default in self._walk():
            item = source.shape[0][index]
            if not isinstance(item, int) and item[NAME] == name:
                if (default if item[XMLNS] is None else item[XMLNS]) == xmlns:
                    return Node(source, index, value, default)
        return None

    def first(self) -> "Optional[Node]":
        """The first child element of any name, or None."""
        for element in self.elements():
            return element
        return None

    def text(self) -> str:
        """The text directly inside this element, joined."""
        return "".join([part for part in self.content() if isinstance(part, str)])

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
        source, _, own, value, default = self._checked()
        items = source.shape[0]
        if items[own][DEFAULT] is not None:
            default = items[own][DEFAULT]
        value += len(items[own][NAMES])
        depth = 0
        for index in range(own + 1, len(items)):
            item = items[index]
            if item == CLOSE:
                if depth == 0:
                    return
                depth -= 1
                continue
            if depth == 0:
                yield index, value, default
            if item == TEXT or item == CDATA:
                value += 1
            else:
                value += len(item[NAMES])
                depth += 1
