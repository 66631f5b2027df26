"""One XML element, as it is to be written. One that was read is a Node (node.py)."""

try:
    from typing import Optional, Sequence, Union

    Child = Union["Element", str]
except ImportError:
    pass


class Element:
    """An element: name, namespace, attributes and children.

    name:     local name.
    xmlns:    namespace URI; "" for none.
    attrs:    flat list: name, value, name, value … A pair whose value is None is left out.
    children: elements and strings in document order.
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
