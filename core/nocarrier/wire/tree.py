"""The bytes of one whole stanza to an Element: every rule of XML 1.0 and of Namespaces that framing has not checked.

The framing (parser.py) guarantees that `buf[start:end]` is a run of complete tokens with balanced tags; this module
checks names, tag pairs, attributes, references, characters and namespaces, and builds the tree.
"""

from nocarrier.compat import const
from nocarrier.errors import XmlError
from nocarrier.wire.chars import find_illegal, is_char, is_ncname, letter
from nocarrier.wire.element import Element
from nocarrier.wire.limits import WireLimits

try:
    from typing import Optional
except ImportError:
    pass

XML_NS = "http://www.w3.org/XML/1998/namespace"
XMLNS_NS = "http://www.w3.org/2000/xmlns/"

_LT = const(0x3C)
_GT = const(0x3E)
_SLASH = const(0x2F)
_BANG = const(0x21)
_EQUALS = const(0x3D)
_APOS = const(0x27)
_QUOT = const(0x22)
_CDATA_OPEN = const(9)  # len("<![CDATA[")

_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class Scope:
    """The namespace declarations in force: (prefix, uri) pairs, innermost last; prefix "" is the default."""

    def __init__(self) -> None:
        self.pairs: "list[tuple[str, str]]" = []

    def cut(self, count: int) -> None:
        """Forgets all but the outermost `count` declarations."""
        while len(self.pairs) > count:
            self.pairs.pop()

    def find(self, prefix: str) -> "Optional[str]":
        """The URI that the prefix stands for, or None."""
        for i in range(len(self.pairs) - 1, -1, -1):
            if self.pairs[i][0] == prefix:
                return self.pairs[i][1]
        return None


class TreeBuilder:
    """Builds elements out of one buffer.

    base: what to add to an index of the buffer to get the offset in the stream, for errors.
    """

    def __init__(self, buf: bytearray, limits: WireLimits) -> None:
        self._buf = buf
        self._limits = limits
        self.scope = Scope()
        self.base = 0

    def reset(self) -> None:
        """A new stream: no namespace is declared, and the buffer begins with its first byte."""
        self.scope.cut(0)
        self.scope.pairs.append(("", ""))
        self.scope.pairs.append(("xml", XML_NS))
        self.base = 0

    def stanza(self, start: int, end: int) -> Element:
        """The element whose tokens fill buf[start:end]. Raises XmlError."""
        buf = self._buf
        stack: "list[tuple[Element, bytes, int]]" = []
        outer = len(self.scope.pairs)
        at = start
        while True:
            lt = buf.find(b"<", at, end)
            if lt > at:
                stack[-1][0].children.append(self._text(at, lt))
            kind = buf[lt + 1]
            if kind == _BANG:
                at = buf.find(b"]]>", lt, end) + 3
                stack[-1][0].children.append(self._decode(lt + _CDATA_OPEN, at - 3))
                continue
            if kind == _SLASH:
                at = buf.find(b">", lt, end) + 1
                done = self._close(stack, lt, at)
            else:
                at, element, qname, empty = self.open_tag(lt, end)
                if stack:
                    stack[-1][0].children.append(element)
                stack.append((element, qname, len(self.scope.pairs)))
                done = self._pop(stack) if empty else None
            if done is not None:
                self.scope.cut(outer)
                return done

    def _close(self, stack: "list[tuple[Element, bytes, int]]", lt: int, end: int) -> "Optional[Element]":
        qname = bytes(self._buf[lt + 2 : end - 1]).rstrip(b" \t\r\n")
        if qname != stack[-1][1]:
            raise self.fail("end tag does not match its start tag", lt)
        return self._pop(stack)

    def _pop(self, stack: "list[tuple[Element, bytes, int]]") -> "Optional[Element]":
        """Ends the innermost element and its declarations; returns it if it was the outermost."""
        element = stack.pop()[0]
        if stack:
            self.scope.cut(stack[-1][2])
            return None
        return element

    def open_tag(self, lt: int, end: int) -> "tuple[int, Element, bytes, bool]":
        """The start tag at `lt`: index behind it, an element without children, its name as written, empty or not.

        Adds the tag's declarations to the scope; the caller takes them away.
        """
        buf = self._buf
        at = self._name_end(lt + 1)
        qname = bytes(buf[lt + 1 : at])
        raw: "list[str]" = []
        where: "list[int]" = []
        while True:
            gap = at
            while buf[at] in b" \t\r\n":
                at += 1
            byte = buf[at]
            if byte == _GT or byte == _SLASH:
                break
            if gap == at:
                raise self.fail("white space is missing before an attribute", at)
            where.append(at)
            at = self._attribute(at, end, raw)
            if len(where) > self._limits.attributes:
                raise self.fail("more than %d attributes" % self._limits.attributes, lt, "policy-violation")
        empty = byte == _SLASH
        if empty:
            at += 1
            if buf[at] != _GT:
                raise self.fail("'/' inside a tag", at)
        return at + 1, self._resolve(qname, raw, where, lt), qname, empty

    def _attribute(self, at: int, end: int, raw: "list[str]") -> int:
        """Reads name = 'value' at `at`; appends both to raw; returns the index behind."""
        buf = self._buf
        name_end = self._name_end(at)
        raw.append(self._decode(at, name_end))
        at = name_end
        while buf[at] in b" \t\r\n":
            at += 1
        if buf[at] != _EQUALS:
            raise self.fail("attribute without '='", at)
        at += 1
        while buf[at] in b" \t\r\n":
            at += 1
        quote = buf[at]
        if quote != _APOS and quote != _QUOT:
            raise self.fail("attribute value without quotes", at)
        close = buf.find(b"'" if quote == _APOS else b'"', at + 1, end)
        if close - at - 1 > self._limits.value_bytes:
            raise self.fail("attribute value over %d bytes" % self._limits.value_bytes, at, "policy-violation")
        if buf.find(b"<", at, close) >= 0:
            raise self.fail("'<' in an attribute value", at)
        value = self._decode(at + 1, close)
        for space in "\t\n":  # attribute-value normalisation, XML 1.0 §3.3.3; references are resolved after it
            if space in value:
                value = value.replace(space, " ")
        raw.append(self._references(value, at + 1) if "&" in value else value)
        return close + 1

    def _name_end(self, at: int) -> int:
        buf = self._buf
        start = at
        while buf[at] not in b" \t\r\n/>=<'\"&":
            at += 1
        if at - start > self._limits.name_bytes:
            raise self.fail("name over %d bytes" % self._limits.name_bytes, start, "policy-violation")
        return at

    def _resolve(self, qname: bytes, raw: "list[str]", where: "list[int]", lt: int) -> Element:
        """Declares the tag's namespaces, then expands its names; duplicates are found after expansion."""
        for i in range(0, len(raw), 2):
            if raw[i] == "xmlns":
                self._declare("", raw[i + 1], where[i // 2])
            elif raw[i].startswith("xmlns:"):
                self._declare(raw[i][6:], raw[i + 1], where[i // 2])
        if find_illegal(qname, 0, len(qname)) >= 0:
            raise self.fail("invalid UTF-8 or character in a name", lt)
        prefix, local = self._split(str(qname, "utf-8"), lt)
        element = Element(local, self._uri(prefix, lt))
        seen: "list[str]" = []
        for i in range(0, len(raw), 2):
            name = raw[i]
            if name in seen:
                raise self.fail("attribute given twice", where[i // 2])
            seen.append(name)
            if name == "xmlns" or name.startswith("xmlns:"):
                continue
            prefix, local = self._split(name, where[i // 2])
            if prefix and prefix != "xml":
                name = "{%s}%s" % (self._uri(prefix, where[i // 2]), local)
            if element.get(name) is not None:
                raise self.fail("attribute given twice", where[i // 2])
            element.attrs.append(name)
            element.attrs.append(raw[i + 1])
        return element

    def _declare(self, prefix: str, uri: str, at: int) -> None:
        """Namespaces in XML §3: what may be bound to what. A "}" is in no URI, and would end ours in "{uri}name"."""
        bad = "}" in uri or prefix == "xmlns" or uri == XMLNS_NS or (prefix == "xml") != (uri == XML_NS)
        if bad or (prefix and not uri) or (prefix and not is_ncname(prefix)):
            raise self.fail("namespace declaration that is not allowed", at)
        self.scope.pairs.append((prefix, uri))

    def _split(self, name: str, at: int) -> "tuple[str, str]":
        colon = name.find(":")
        prefix, local = (name[:colon], name[colon + 1 :]) if colon >= 0 else ("", name)
        if not is_ncname(local) or (colon >= 0 and not is_ncname(prefix)):
            raise self.fail("not a name", at)
        return prefix, local

    def _uri(self, prefix: str, at: int) -> str:
        uri = self.scope.find(prefix)
        if uri is None:
            raise self.fail("prefix without a declaration", at)
        return uri

    def _text(self, start: int, end: int) -> str:
        if self._buf.find(b"]]>", start, end) >= 0:
            raise self.fail("']]>' in text", start)
        text = self._decode(start, end)
        return self._references(text, start) if "&" in text else text

    def _decode(self, start: int, end: int) -> str:
        """UTF-8 to text with line ends normalised (XML 1.0 §2.11)."""
        bad = find_illegal(self._buf, start, end)
        if bad >= 0:
            raise self.fail("invalid UTF-8, or a character that XML forbids", bad)
        text = str(memoryview(self._buf)[start:end], "utf-8")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text

    def _references(self, text: str, at: int) -> str:
        """Into one buffer: a list of parts would be ten times as long as a text that is nothing but references."""
        out = bytearray()
        done = 0
        amp = text.find("&")
        while amp >= 0:
            semi = text.find(";", amp)
            if semi < amp + 2:
                raise self.fail("'&' without a reference", at)
            out.extend(text[done:amp].encode())
            out.extend(self._reference(text[amp + 1 : semi], at).encode())
            done = semi + 1
            amp = text.find("&", done)
        out.extend(text[done:].encode())
        return str(out, "utf-8")

    def _reference(self, name: str, at: int) -> str:
        if name in _ENTITIES:
            return _ENTITIES[name]
        if name[0] != "#":
            if is_ncname(name):
                raise self.fail("entity that XML does not predefine", at, "restricted-xml")
            raise self.fail("malformed reference", at)
        digits, base = (name[2:], 16) if name[1:2] == "x" else (name[1:], 10)
        code = 0
        for digit in digits.lower():
            value = "0123456789abcdef".find(digit)
            if not 0 <= value < base or code > 0x10FFFF:
                raise self.fail("malformed character reference", at)
            code = code * base + value
        if not digits or not is_char(code):
            raise self.fail("reference to a character that XML forbids", at)
        return letter(code)

    def fail(self, text: str, at: int, condition: str = "not-well-formed") -> XmlError:
        """An XmlError for the byte at index `at` of the buffer."""
        return XmlError(condition, text, self.base + at)
