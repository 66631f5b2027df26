"""Every rule of XML 1.0 and of Namespaces in XML, for a whole stanza whose shape is not known.

The framer has found where its tokens end: quotes and brackets are balanced. Names, attributes, declarations, end tags
and values are checked here, in document order. What has passed is remembered (shapes.py).
"""

from nocarrier.compat import const
from nocarrier.wire.chars import LETTER, NAME_BYTES, PLAIN_NAME_BYTES, is_ncname
from nocarrier.wire.values import check_all, check_characters, checked

try:
    from typing import Any, Sequence

    from nocarrier.wire.limits import WireLimits
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

XML_NS = "http://www.w3.org/XML/1998/namespace"
XMLNS_NS = "http://www.w3.org/2000/xmlns/"

_GT = const(0x3E)
_SLASH = const(0x2F)
_BANG = const(0x21)
_EQUALS = const(0x3D)
_APOS = const(0x27)
_QUOT = const(0x22)
_CDATA_OPEN = const(9)  # len("<![CDATA[")
_CDATA_CLOSE = const(3)
_STEADY_BYTES = const(64)


class Markup:
    """Reads stanzas in place, into source.items and source.marks.

    count:      how many marks there are.
    everywhere: its markup means the same in any place of this stream and of all others.
    """

    def __init__(self, source: Source, limits: WireLimits, steady: "Sequence[str]") -> None:
        """steady: names of attributes whose values seldom change, and count as markup."""
        self._source = source
        self._buf = source.bytes
        self._limit = limits.attributes
        self._name_bytes = limits.name_bytes
        self._steady = steady
        self._items: "list[Any]" = []
        self.reset()

    def reset(self) -> None:
        """A new stream: no namespace is declared but what XML itself binds."""
        self._scope: "list[tuple[str, str]]" = [("", ""), ("xml", XML_NS)]  # (prefix, uri), innermost last
        self._outer = len(self._scope)  # those of the stream
        self._expanded_bytes = 0  # of names that were expanded
        self._name = self._root = b""
        self._name_end = 0
        self.count = 0
        self.everywhere = True
        # The Tag at hand; the names of its attributes as written, with declarations; where those with prefixes are to
        # be found in the first, and in the buffer.
        self._tag: "list[Any]" = ["", None, None, 0]
        self._names: "list[str]" = []
        self._prefixed: "list[tuple[int, int]]" = []

    def stanza(self, start: int, end: int) -> None:
        """Reads the element in buf[start:end]. Raises XmlError."""
        find = self._buf.find
        self._begin(start)
        opened: "list[tuple[bytes, int]]" = []  # of each element its name, and how many declarations hold around it
        at = start
        while at < end:
            lt = find(b"<", at, end)
            if lt > at:
                self._value(_TEXT, at, lt)
            kind = self._buf[lt + 1]
            if kind == _SLASH:
                at = find(b">", lt, end) + 1
                name, declared = opened.pop()
                self._end_tag(name, lt, at)
                self._cut(declared)
            elif kind == _BANG:
                at = find(b"]]>", lt, end) + _CDATA_CLOSE
                self._value(_CDATA, lt + _CDATA_OPEN, at - _CDATA_CLOSE)
                self.everywhere = False
            else:
                declared = len(self._scope)
                at = self._start_tag(lt)
                if self._buf[at - 2] == _SLASH:
                    self._items.append(_CLOSE)
                    self._cut(declared)
                else:
                    opened.append((self._name, declared))
        self._ends(end - start)

    def head(self, start: int, end: int, is_stream: bool) -> None:
        """Reads the start tag in buf[start:end] only; the stream's, or that of a child which was too large."""
        self._begin(start)
        self._start_tag(start)
        if is_stream:
            self._root = self._name
            self._outer = len(self._scope)
            self._source.xmlns = self._scope[self._declaration("")][1]
        else:
            self._cut(self._outer)
        self._ends(end - start)

    def end_of_stream(self, start: int, end: int) -> None:
        """Reads the end tag in buf[start:end], which is to be the stream's."""
        self._end_tag(self._root, start, end)

    def _begin(self, start: int) -> None:
        """Nothing is read yet of what begins at index `start`."""
        self._source.serial += 1
        self._source.items = self._items
        del self._items[:]
        self._source.marks[0] = start
        self.count = 1
        self._expanded_bytes = 0
        # If the last one was given up half-way, for want of memory, something may be left of it.
        self._cut(self._outer)
        self.everywhere = True

    def _ends(self, size: int) -> None:
        """All tags are read, of so many bytes."""
        self._source.marks[self.count] = 0
        check_all(self._source, size)

    def _cut(self, count: int) -> None:
        """Forgets all but the outermost `count` declarations."""
        while len(self._scope) > count:
            self._scope.pop()

    def _value(self, item: int, begin: int, end: int) -> None:
        """A text or a CDATA section."""
        self._items.append(item)
        self._mark(begin, end)

    def _mark(self, begin: int, end: int) -> None:
        """The next value is there."""
        marks = self._source.marks
        count = self.count
        if count + 3 > len(marks):
            for _ in range(count):
                marks.append(0)
        marks[count] = begin
        marks[count + 1] = end
        self.count = count + 2

    def _end_tag(self, name: bytes, lt: int, end: int) -> None:
        """The end tag is the start tag's, but for white space at its end (XML 1.0 §3.1)."""
        size = lt + 2 + len(name)
        if not self._buf.startswith(name, lt + 2) or (size + 1 < end and self._space_end(size) + 1 != end):
            raise self._source.fail("end tag does not match its start tag", lt)
        self._items.append(_CLOSE)

    def _start_tag(self, lt: int) -> int:
        """The start tag at index `lt`: index behind it."""
        buf = self._buf
        qname = self._name_at(lt + 1)
        at = self._name_end
        self._name = bytes(buf[lt + 1 : at])
        del self._tag[_ATTRIBUTES:]
        del self._names[:]
        del self._prefixed[:]
        self._tag[_DEFAULT] = None
        self._tag[_VALUES] = 0
        while buf[at] != _GT:
            if buf[at] == 0x20 and NAME_BYTES[buf[at + 1]]:  # as nearly always
                at = self._attribute(at + 1)
                continue
            gap = at
            at = self._space_end(at)
            if buf[at] == _SLASH:
                at += 1
                if buf[at] != _GT:
                    raise self._source.fail("'/' inside a tag", at)
            elif buf[at] != _GT:
                if gap == at:
                    raise self._source.fail("white space is missing before an attribute", at)
                at = self._attribute(at)
        if self._prefixed:
            self._expand()
        self._tag[_NAME], self._tag[_XMLNS] = qname, self._tag[_DEFAULT]
        if ":" in qname:
            prefix, self._tag[_NAME] = self._split(qname)
            self._tag[_XMLNS] = self._uri(prefix, lt)
        self._items.append(tuple(self._tag))
        return at + 1

    def _attribute(self, at: int) -> int:
        """The attribute at index `at`: index behind it."""
        buf = self._buf
        name = self._name_at(at)
        end = self._name_end
        if buf[end] != _EQUALS:
            end = self._space_end(end)
            if buf[end] != _EQUALS:
                raise self._source.fail("attribute without '='", end)
        end += 1
        quote = buf[end]
        if quote != _APOS and quote != _QUOT:
            end = self._space_end(end)
            quote = buf[end]
            if quote != _APOS and quote != _QUOT:
                raise self._source.fail("attribute value without quotes", end)
        end += 1
        begin, end = end, buf.find(b"'" if quote == _APOS else b'"', end)
        if name in self._names:
            raise self._source.fail("attribute given twice", at)
        if len(self._names) == self._limit:
            raise self._source.fail("more than %d attributes" % self._limit, at, "policy-violation")
        self._names.append(name)
        if name == "xmlns" or ":" in name:
            colon = name.find(":")
            if colon < 0 or name[:colon] == "xmlns":
                self._declare(name[6:], checked(self._source, begin, end), at)
                return end + 1
            if name[:colon] != "xml":
                self._prefixed.append((len(self._tag), at))
        self._tag.append(name)
        if name in self._steady and end - begin <= _STEADY_BYTES:
            self._tag.append(checked(self._source, begin, end))
        else:
            self._tag.append(None)
            self._tag[_VALUES] += 1
            self._mark(begin, end)
        return end + 1

    def _expand(self) -> None:
        """Expands the names of attributes with prefixes; duplicates are found after it (Namespaces in XML §6.3)."""
        for index, at in self._prefixed:
            prefix, local = self._split(self._tag[index])
            uri = self._uri(prefix, at)
            self._expanded_bytes += len(uri) + len(local)
            if (
                self._expanded_bytes > self._name_bytes * self._limit
            ):  # what is short on the wire must not grow and grow
                raise self._source.fail("names too long when they are expanded", at, "policy-violation")
            name = "{%s}%s" % (uri, local)
            if name in self._names:
                raise self._source.fail("attribute given twice", at)
            self._names.append(name)
            self._tag[index] = name

    def _declare(self, prefix: str, uri: str, at: int) -> None:
        """Namespaces in XML §3: what may be bound to what. A "}" is in no URI, and would end ours in "{uri}name"."""
        bad = "}" in uri or prefix == "xmlns" or uri == XMLNS_NS or (prefix == "xml") != (uri == XML_NS)
        if bad or (prefix and not uri):
            raise self._source.fail("namespace declaration that is not allowed", at)
        self._scope.append((prefix, uri))
        if not prefix:
            self._tag[_DEFAULT] = uri

    def _space_end(self, at: int) -> int:
        buf = self._buf
        while buf[at] == 0x20 or buf[at] == 0x0A or buf[at] == 0x09 or buf[at] == 0x0D:
            at += 1
        return at

    def _name_at(self, begin: int) -> str:
        """The name at index `begin`, as written, which is a QName; _name_end is the index behind it."""
        buf = self._buf
        kinds = PLAIN_NAME_BYTES
        at = begin
        while kinds[buf[at]]:
            at += 1
        plain = not NAME_BYTES[buf[at]]
        while NAME_BYTES[buf[at]]:
            at += 1
        self._name_end = at
        if at - begin > self._name_bytes:
            raise self._source.fail("name over %d bytes" % self._name_bytes, begin, "policy-violation")
        if not plain:
            check_characters(self._source, begin, at)
            parts = self._source.text(begin, at).split(":")
            plain = len(parts) < 3 and is_ncname(parts[0]) and is_ncname(parts[-1])
        elif NAME_BYTES[buf[begin]] != LETTER:
            plain = False
        if not plain:
            raise self._source.fail("not a name", begin)
        return self._source.text(begin, at)

    def _split(self, name: str) -> "tuple[str, str]":
        """Prefix and local part of a name with a colon."""
        colon = name.find(":")
        return name[:colon], name[colon + 1 :]

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
