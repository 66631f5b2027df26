"""Everything that a stream parser says of a stream, cut in every way, for tests. Runs on MicroPython too."""

from nocarrier.errors import XmlError
from nocarrier.wire import parser as p
from nocarrier.wire.limits import WireLimits

try:
    from typing import Any, Optional, Sequence

    from nocarrier.wire.node import Node
except ImportError:
    pass

HEADER = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams' id='a1' version='1.0'>"
)


def flat(element: "Node") -> "tuple[Any, ...]":
    """An element as nested tuples; neighbouring text is joined."""
    children: "list[Any]" = []
    for child in element.content():
        if isinstance(child, str):
            if children and isinstance(children[-1], str):
                children[-1] += child
            else:
                children.append(child)
        else:
            children.append(flat(child))
    return (element.xmlns, element.name, tuple(element.attributes()), tuple(children))


def heard(parser: p.StreamParser, pieces: "Sequence[bytes]") -> "list[tuple[Any, ...]]":
    """What the parser says of a stream in these pieces: of each event its kind and value; or what it refuses, last."""
    parser.reset()
    out: "list[tuple[Any, ...]]" = []
    for piece in pieces:
        parser.feed(piece)
        while True:
            try:
                event = parser.next_event()
            except XmlError as error:
                out.append(("error", error.condition, error.offset, error.text))
                return out
            if event is None:
                break
            kind, value = event  # type: int, Any
            if kind == p.TOO_LARGE:
                head, size_bytes = value
                out.append((kind, head and (head.name, head.get("id")), size_bytes))
            else:
                out.append((kind, value and flat(value)))
    return out


def every_way(document: bytes, limits: "Optional[WireLimits]" = None) -> "list[tuple[Any, ...]]":
    """What a parser says of the document, after checking that no two-way split and no byte-wise feed changes it.

    Nor whether the parser remembers the shapes of stanzas: the second one knows all of them from the third time on.
    """
    limits = limits or WireLimits(chunk_bytes=4096)
    bytewise = [document[i : i + 1] for i in range(len(document))]
    whole = heard(p.StreamParser(limits), [document])
    for words in (0, 40):
        limits.words = words
        parser = p.StreamParser(limits, ("type",))
        for _ in range(3):
            assert heard(parser, [document]) == whole, document
        assert heard(parser, bytewise) == whole, document
        for cut in range(1, len(document)):
            assert heard(parser, [document[:cut], document[cut:]]) == whole, (document, cut, words)
    limits.words = 0
    return whole
