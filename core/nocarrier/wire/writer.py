"""Elements to bytes: one walk counts, the same walk writes, nothing is built by concatenation."""

from nocarrier.errors import UsageError
from nocarrier.wire.chars import encoded, is_ncname
from nocarrier.wire.element import Element

_ESCAPES = {
    0x26: b"&amp;", 0x3C: b"&lt;", 0x3E: b"&gt;", 0x27: b"&apos;",
    # Literal line ends and tabs would be normalised by the reader (XML 1.0 §2.11, §3.3.3).
    0x0D: b"&#13;", 0x0A: b"&#10;", 0x09: b"&#9;",
}  # fmt: skip
_IN_TEXT = b"&<>\r"
_IN_VALUE = b"&<>'\r\n\t"


class _Counter:
    """Counts what a walk would write."""

    def __init__(self) -> None:
        self.size = 0

    def put(self, data: "bytes | memoryview") -> None:
        self.size += len(data)


class _Filler:
    """Writes a walk into memory that was measured for it."""

    def __init__(self, size: int) -> None:
        self.out = bytearray(size)
        self.at = 0

    def put(self, data: "bytes | memoryview") -> None:
        end = self.at + len(data)
        self.out[self.at : end] = data
        self.at = end


def size(element: Element, outer_ns: str) -> int:
    """Bytes that encode() will need. Raises UsageError as encode() does."""
    counter = _Counter()
    _element(element, outer_ns, counter)
    return counter.size


def encode(element: Element, outer_ns: str, limit_bytes: int) -> bytearray:
    """The element as UTF-8 XML, for a place where `outer_ns` is the default namespace.

    Raises UsageError if it needs more than limit_bytes, or holds a name or character that XML cannot carry.
    """
    need = size(element, outer_ns)
    if need > limit_bytes:
        raise UsageError("stanza of %d bytes is over the limit of %d" % (need, limit_bytes))
    filler = _Filler(need)
    _element(element, outer_ns, filler)
    return filler.out


def _element(element: Element, outer_ns: str, sink: "_Counter | _Filler") -> None:
    name = _name(element.name)
    sink.put(b"<")
    sink.put(name)
    if element.xmlns != outer_ns:
        _attribute("xmlns", element.xmlns, sink)
    attrs = element.attrs
    for i in range(0, len(attrs), 2):
        _attribute(attrs[i], attrs[i + 1], sink)
    if not element.children:
        sink.put(b"/>")
        return
    sink.put(b">")
    for child in element.children:
        if isinstance(child, str):
            _escaped(child, _IN_TEXT, sink)
        else:
            _element(child, element.xmlns, sink)
    sink.put(b"</")
    sink.put(name)
    sink.put(b">")


def _name(name: str) -> bytes:
    data = encoded(name)
    if not is_ncname(name):
        raise UsageError("not an XML name: %r" % name)
    return data


def _attribute(name: str, value: str, sink: "_Counter | _Filler") -> None:
    # Of prefixed attributes XMPP's clients write only xml:lang; the rest would need declarations.
    sink.put(b" ")
    if name == "xml:lang":
        sink.put(b"xml:lang")
    else:
        sink.put(_name(name))
    sink.put(b"='")
    _escaped(value, _IN_VALUE, sink)
    sink.put(b"'")


def _escaped(text: str, special: bytes, sink: "_Counter | _Filler") -> None:
    """Puts text in runs between the characters that need an escape; all of these are ASCII."""
    data = encoded(text)
    # Most texts need none, and five searches are quicker than one look at every byte.
    for i in range(len(special)):
        if data.find(special[i : i + 1]) >= 0:
            break
    else:
        sink.put(data)
        return
    view = memoryview(data)
    start = 0
    for at in range(len(data)):
        if data[at] in special:
            sink.put(view[start:at])
            sink.put(_ESCAPES[data[at]])
            start = at + 1
    sink.put(view[start:])
