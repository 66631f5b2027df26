"""XML for the exchange: expat in defusedxml's hardened set-up in, plain ElementTree elements out."""

import re
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element, SubElement, TreeBuilder
from xml.sax.saxutils import escape, quoteattr

from defusedxml.ElementTree import DefusedXMLParser

CLIENT = "jabber:client"
STREAM = "http://etherx.jabber.org/streams"
SM = "urn:xmpp:sm:3"
_CR = {"\r": "&#13;"}  # or else the reader would make a line feed of it
_TAG_SIGN = re.compile(b"[>'\"]")
_TAG_BYTES = 65_536  # of one tag
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Forbidden(Exception):
    """Well-formed XML that has no place in a stream (RFC 6120 §11). condition: of the stream error."""

    def __init__(self, condition: str) -> None:
        super().__init__(condition)
        self.condition = condition


class StreamReader:
    """Bytes of one stream to on_header(element), on_stanza(element), on_end().

    Raises xml.etree's ParseError, defusedxml's DefusedXmlException, or Forbidden.
    """

    def __init__(
        self,
        on_header: Callable[[Element], None],
        on_stanza: Callable[[Element], None],
        on_end: Callable[[], None],
    ) -> None:
        self._on = (on_header, on_stanza, on_end)
        self._builder = TreeBuilder()
        self._depth = 0
        self._parser = DefusedXMLParser(target=self, forbid_dtd=True)
        self._held = b""

    def feed(self, data: bytes) -> None:
        """Bytes of the stream, in any pieces.

        expat gets whole tags only. Since 2.6, and in older ones that distributions have mended, it looks again at a tag
        that came in pieces only when there is twice as much of it; on a slow line that would be never. Not every Python
        has the switch for it.
        """
        buf = self._held + data
        end = _end_of_whole_tags(buf)
        if len(buf) - end > _TAG_BYTES:
            raise Forbidden("policy-violation")
        self._held = buf[end:]
        if end:
            self._parser.feed(buf[:end])

    def finish(self) -> None:
        """The transport ended; raises ParseError if the stream had not."""
        self._parser.feed(self._held)
        self._parser.close()

    # What the parser calls.

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            self._on[0](Element(tag, attrs))
        else:
            self._builder.start(tag, attrs)

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._on[2]()
            return
        self._builder.end(tag)
        if self._depth == 1:
            stanza = self._builder.close()
            self._builder = TreeBuilder()
            self._on[1](stanza)

    def data(self, text: str) -> None:
        if self._depth > 1:
            self._builder.data(text)
        elif text.strip(" \t\r\n"):
            raise Forbidden("bad-format")

    def comment(self, text: str) -> None:
        raise Forbidden("restricted-xml")

    def pi(self, target: str, text: str | None = None) -> None:
        raise Forbidden("restricted-xml")

    def close(self) -> None:
        pass


def _end_of_whole_tags(buf: bytes) -> int:
    """Where the tag begins that has not come to its ">" yet; the length if there is none."""
    at = 0
    while (lt := buf.find(b"<", at)) >= 0:
        at = lt + 1
        if buf[at : at + 8] == b"![CDATA[":
            at = buf.find(b"]]>", at) + 3
            if at < 3:
                return lt
            continue
        quoted = buf[at : at + 1] not in (b"!", b"?")
        while True:
            found = _TAG_SIGN.search(buf, at)
            if found is None:
                return lt
            at = found.end()
            if found[0] == b">":
                break
            if quoted:
                close = buf.find(found[0], at)
                if close < 0:
                    return lt
                at = close + 1
    return len(buf)


def split(tag: str) -> tuple[str, str]:
    """(namespace, local name) of a tag."""
    if tag.startswith("{"):
        uri, _, name = tag[1:].partition("}")
        return uri, name
    return "", tag


def make(xmlns: str, name: str, *children: "Element | str", **attrs: "str | None") -> Element:
    """An element; children are elements, or one string as its text. `from_` stands for the attribute from."""
    given = {key.rstrip("_"): value for key, value in attrs.items() if value is not None}
    element = Element("{%s}%s" % (xmlns, name), given)
    for child in children:
        if isinstance(child, str):
            element.text = child
        else:
            element.append(child)
    return element


def sub(parent: Element, xmlns: str, name: str, **attrs: str) -> Element:
    """Adds a child."""
    return SubElement(parent, "{%s}%s" % (xmlns, name), attrs)


def serialize(element: Element, outer_ns: str = CLIENT) -> bytes:
    """The element as XML where outer_ns is the default namespace."""
    return "".join(_pieces(element, outer_ns)).encode()


def _pieces(element: Element, outer_ns: str) -> Iterator[str]:
    xmlns, name = split(element.tag)
    yield "<" + name
    if xmlns != outer_ns:
        yield " xmlns=" + quoteattr(xmlns)
    for key, value in element.attrib.items():
        yield " %s=%s" % ("xml:lang" if key == _XML_LANG else split(key)[1], quoteattr(value))
    if not len(element) and not element.text:
        yield "/>"
        return
    yield ">" + escape(element.text or "", _CR)
    for child in element:
        yield from _pieces(child, xmlns)
        yield escape(child.tail or "", _CR)
    yield "</%s>" % name
