"""Every rule of XML 1.0 and of Namespaces in XML, for a whole stanza whose shape is not known.

The framer has found where its tokens end: quotes and brackets are balanced. Names, attributes, declarations, end tags
and values are checked here, in document order. What has passed is remembered (shapes.py).
"""

from array import array

from nocarrier.compat import const
from nocarrier.wire.chars import NAME_BYTES, is_ncname
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.source import CDATA, CLOSE, TEXT, TO_NEXT_MARK, Source
from nocarrier.wire.values import check, check_characters, normalised

try:
    from typing import Any, Optional, Sequence

    from nocarrier.wire.source import Tag

    # One attribute as written: name, index of it, begin and end of its value.
    Attribute = tuple[str, int, int, int]
except ImportError:
    pass

XML_NS = "http://www.w3.org/XML/1998/namespace"
XMLNS_NS = "http://www.w3.org/2000/xmlns/"

_GT = const(0x3E)
_SLASH = const(0x2F)
_BANG = const(0x21)
_EQUALS = const(0x3D)
_APOS = const(0x27)
_QUOT = const(0x22)
_SPACE = b" \t\r\n"
_CDATA_OPEN = const(9)  # len("<![CDATA[")
_CDATA_CLOSE = const(3)
_STEADY_BYTES = const(64)


class Markup:
    """Reads stanzas in place.

    items:      what the last one consists of (source.py).
    marks:      where it begins; then where what varies in it begins and ends.
    places:     where its values are, by the marks (source.py).
    name:       of its first tag, as written.
    everywhere: its markup means the same in any place of this stream and of all others.
    """

    def __init__(self, source: Source, limits: WireLimits, steady: "Sequence[str]") -> None:
        """steady: names of attributes whose values seldom change, and count as markup."""
        self._source = source
        self._buf = source.bytes
        self._limits = limits
        self._steady = steady
        self._code = "H" if limits.stanza_bytes + limits.chunk_bytes < 0xFF00 else "I"
        self.reset()

    def reset(self) -> None:
        """A new stream: no namespace is declared but what XML itself binds."""
        self._scope: "list[tuple[str, str]]" = [("", ""), ("xml", XML_NS)]  # (prefix, uri), innermost last
        self._outer = 0
        self.begin(0)

    def stanza(self, start: int, end: int) -> None:
        """Reads the element in buf[start:end]. Raises XmlError."""
        find = self._buf.find
        self.begin(start)
        self._outer = len(self._scope)
        self._source.plain = True
        opened: "list[tuple[bytes, int]]" = []
        at = start
        while at < end:
            lt = find(b"<", at, end)
            if lt > at:
                check(self._source, at, lt, True, 0)
                self._value(TEXT, at, lt)
            kind = self._buf[lt + 1]
            if kind == _BANG:
                at = find(b"]]>", lt, end) + _CDATA_CLOSE
                check_characters(self._source, lt + _CDATA_OPEN, at - _CDATA_CLOSE)
                self._value(CDATA, lt + _CDATA_OPEN, at - _CDATA_CLOSE)
                self.everywhere = False
            elif kind == _SLASH:
                at = find(b">", lt, end) + 1
                name, declared = opened.pop()
                self._end_tag(name, lt, at)
                self._cut(declared)
            else:
                declared = len(self._scope)
                at, name, empty = self._start_tag(lt)
                if empty:
                    self.items.append(CLOSE)
                    self._cut(declared)
                else:
                    opened.append((name, declared))
        self._cut(self._outer)

    def head(self, start: int, stays: bool) -> str:
        """Reads the start tag at index `start` only. stays: its declarations stay in force. The default namespace."""
        self.begin(start)
        self._outer = len(self._scope)
        self._source.plain = True
        self._start_tag(start)
        if not stays:
            self._cut(self._outer)
        return self._scope[self._declaration("")][1]

    def _cut(self, count: int) -> None:
        """Forgets all but the outermost `count` declarations."""
        while len(self._scope) > count:
            self._scope.pop()

    def begin(self, start: int) -> None:
        """Nothing is read yet of what begins at index `start`."""
        self.items: "list[Any]" = []
        self.marks = array(self._code, [start])
        self.places = array(self._code)
        self.name = b""
        self.everywhere = True

    def _value(self, item: int, begin: int, end: int) -> None:
        self.items.append(item)
        self._varies(begin, end)

    def _varies(self, begin: int, end: int) -> None:
        """The next value is there, and is no markup."""
        for number in (len(self.marks), 0, TO_NEXT_MARK):
            self.places.append(number)
        self.marks.append(begin)
        self.marks.append(end)

    def _stays(self, begin: int, end: int) -> None:
        """The next value is there, and counts as markup."""
        for number in (len(self.marks) - 1, begin - self.marks[-1], end - begin):
            self.places.append(number)

    def _end_tag(self, name: bytes, lt: int, end: int) -> None:
        """The end tag is the start tag's, but for white space at its end (XML 1.0 §3.1)."""
        if bytes(self._buf[lt + 2 : end - 1]).rstrip(_SPACE) != name:
            raise self._source.fail("end tag does not match its start tag", lt)
        self.items.append(CLOSE)

    def _start_tag(self, lt: int) -> "tuple[int, bytes, bool]":
        """The start tag at index `lt`: index behind it, its name as written, empty or not.

        Its declarations are added to the scope, itself to the items and its values to the marks.
        """
        buf = self._buf
        name_end = at = self._name_end(lt + 1)
        attributes: "list[Attribute]" = []
        while True:
            gap = at
            at = self._skip_space(at)
            byte = buf[at]
            if byte == _GT or byte == _SLASH:
                break
            if gap == at:
                raise self._source.fail("white space is missing before an attribute", at)
            attributes.append(self._attribute(at))
            at = attributes[-1][3] + 1
            if len(attributes) > self._limits.attributes:
                raise self._source.fail("more than %d attributes" % self._limits.attributes, lt, "policy-violation")
        empty = byte == _SLASH
        if empty:
            at += 1
            if buf[at] != _GT:
                raise self._source.fail("'/' inside a tag", at)
        self.items.append(self._resolved(self._name(lt + 1, name_end), attributes, lt))
        name = bytes(buf[lt + 1 : name_end])
        self.name = self.name or name
        return at + 1, name, empty

    def _attribute(self, at: int) -> "Attribute":
        """The attribute at index `at`."""
        buf = self._buf
        name_end = self._name_end(at)
        equals = self._skip_space(name_end)
        if buf[equals] != _EQUALS:
            raise self._source.fail("attribute without '='", equals)
        begin = self._skip_space(equals + 1)
        quote = buf[begin]
        if quote != _APOS and quote != _QUOT:
            raise self._source.fail("attribute value without quotes", begin)
        begin += 1
        end = buf.find(b"'" if quote == _APOS else b'"', begin)
        check(self._source, begin, end, False, self._limits.value_bytes)
        return self._name(at, name_end), at, begin, end

    def _resolved(self, qname: str, attributes: "list[Attribute]", lt: int) -> "Tag":
        """Declares the tag's namespaces, then expands its names; duplicates are found after expansion."""
        default: "Optional[str]" = None
        for name, at, begin, end in attributes:
            prefix = _declared(name)
            if prefix is not None:
                uri = normalised(self._source.text(begin, end), True)
                self._declare(prefix, uri, at)
                if not prefix:
                    default = uri
        prefix, local = self._split(qname, lt)
        names: "list[str]" = []
        seen: "list[str]" = []
        for name, at, begin, end in attributes:
            declares = _declared(name) is not None
            if not declares:
                name = self._expanded(name, at)
            if name in seen:
                raise self._source.fail("attribute given twice", at)
            seen.append(name)
            if not declares:
                names.append(name)
                if name in self._steady and self._is_short_and_plain(begin, end):
                    self._stays(begin, end)
                else:
                    self._varies(begin, end)
        return local, self._uri(prefix, lt) if prefix else default, default, tuple(names)

    def _is_short_and_plain(self, begin: int, end: int) -> bool:
        """True if a value may count as markup: its place fits into bytes, and it stands for itself."""
        if end - begin > _STEADY_BYTES or begin - self.marks[-1] > 255 or len(self.marks) > 255:
            return False
        for special in (b"&", b"\t", b"\n", b"\r"):
            if self._buf.find(special, begin, end) >= 0:
                return False
        return True

    def _declare(self, prefix: str, uri: str, at: int) -> None:
        """Namespaces in XML §3: what may be bound to what. A "}" is in no URI, and would end ours in "{uri}name"."""
        bad = "}" in uri or prefix == "xmlns" or uri == XMLNS_NS or (prefix == "xml") != (uri == XML_NS)
        if bad or (prefix and (not uri or not is_ncname(prefix))):
            raise self._source.fail("namespace declaration that is not allowed", at)
        self._scope.append((prefix, uri))

    def _name_end(self, at: int) -> int:
        buf = self._buf
        kinds = NAME_BYTES
        start = at
        while kinds[buf[at]]:
            at += 1
        if at - start > self._limits.name_bytes:
            raise self._source.fail("name over %d bytes" % self._limits.name_bytes, start, "policy-violation")
        return at

    def _skip_space(self, at: int) -> int:
        buf = self._buf
        while buf[at] == 0x20 or buf[at] == 0x0A or buf[at] == 0x09 or buf[at] == 0x0D:
            at += 1
        return at

    def _name(self, begin: int, end: int) -> str:
        for i in range(begin, end):
            if self._buf[i] >= 0x80:
                check_characters(self._source, begin, end)
                break
        return self._source.text(begin, end)

    def _expanded(self, name: str, at: int) -> str:
        prefix, local = self._split(name, at)
        if not prefix or prefix == "xml":
            return name
        return "{%s}%s" % (self._uri(prefix, at), local)

    def _split(self, name: str, at: int) -> "tuple[str, str]":
        colon = name.find(":")
        prefix, local = (name[:colon], name[colon + 1 :]) if colon >= 0 else ("", name)
        if not is_ncname(local) or (colon >= 0 and not is_ncname(prefix)):
            raise self._source.fail("not a name", at)
        return prefix, local

    def _uri(self, prefix: str, at: int) -> str:
        index = self._declaration(prefix)
        if index < 0:
            raise self._source.fail("prefix without a declaration", at)
        if index < self._outer:
            self.everywhere = False
        return self._scope[index][1]

    def _declaration(self, prefix: str) -> int:
        """Which declaration the prefix stands for; -1 if there is none."""
        for i in range(len(self._scope) - 1, -1, -1):
            if self._scope[i][0] == prefix:
                return i
        return -1


def _declared(name: str) -> "Optional[str]":
    """The prefix that an attribute of this name declares, "" for the default one; None if it declares nothing."""
    return "" if name == "xmlns" else name[6:] if name.startswith("xmlns:") else None
