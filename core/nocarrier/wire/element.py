"""One XML element, as parsed and as to be written."""

try:
    from typing import Iterator, Optional, Sequence, Union

    Child = Union["Element", str]
except ImportError:
    pass


class Element:
    """An element: name, namespace, attributes and children.

    name:     local name.
    xmlns:    namespace URI; "" for none.
    attrs:    flat list: name, value, name, value … A namespaced attribute's name is "{uri}local", except that
              the prefix which XML itself binds is kept as it is: "xml:lang".
    children: elements and strings in document order.

    To build one, pass attributes as a flat sequence; a pair whose value is None is left out.
    """

    def __init__(
        self,
        name: str,
        xmlns: str = "",
        attrs: "Sequence[Optional[str]]" = (),
        children: "Sequence[Child]" = (),
    ) -> None:
        self.name = name
        self.xmlns = xmlns
        self.attrs: "list[str]" = []
        for i in range(0, len(attrs), 2):
            key, value = attrs[i], attrs[i + 1]
            if key is not None and value is not None:
                self.attrs.append(key)
                self.attrs.append(value)
        self.children: "list[Child]" = list(children)

    def get(self, name: str) -> "Optional[str]":
        """The attribute's value, or None."""
        for i in range(0, len(self.attrs), 2):
            if self.attrs[i] == name:
                return self.attrs[i + 1]
        return None

    def is_a(self, name: str, xmlns: str) -> bool:
        """True if local name and namespace are these."""
        return self.name == name and self.xmlns == xmlns

    def elements(self) -> "Iterator[Element]":
        """The child elements, without the text between them."""
        for child in self.children:
            if isinstance(child, Element):
                yield child

    def child(self, name: str, xmlns: str) -> "Optional[Element]":
        """The first child element of that name and namespace, or None."""
        for element in self.elements():
            if element.is_a(name, xmlns):
                return element
        return None

    def first(self) -> "Optional[Element]":
        """The first child element of any name, or None."""
        for element in self.elements():
            return element
        return None

    def text(self) -> str:
        """The text directly inside this element, joined."""
        return "".join([child for child in self.children if isinstance(child, str)])

    def child_text(self, name: str, xmlns: str) -> "Optional[str]":
        """The text of the first such child, or None if there is no such child."""
        found = self.child(name, xmlns)
        return None if found is None else found.text()
