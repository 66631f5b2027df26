"""Streams for differential tests: generated from a seed, mutated, and read by our parser and by expat alike."""

import functools
import random
import re
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException

from nocarrier.errors import XmlError
from nocarrier.wire import parser as wire
from nocarrier.wire.limits import WireLimits
from nocarrier_emulator.exchange.xml import Forbidden, StreamReader, split
from nocarrier_emulator.streams import flat

# Letters that expat's older tables know too: they are those of XML 1.0's first edition.
_NAMES = ("a", "message", "body", "iq", "_x", "é", "ж", "名", "x-1.2", "A9")
_PREFIXES = ("p", "r", "é")
_URIS = ("jabber:client", "urn:x", "urn:y", "http://example.org/ns?a=1&amp;b=2")
_TEXTS = (
    "hello", " ", "\n", "\r\n", "\r", "\t", "&amp;", "&lt;&gt;", "&quot;&apos;", "&#65;", "&#x20AC;", "Grüße", "привет",
    "你好", "😀", "]]&gt;", "a > b", "'\"", "\ufffd", "\u0085", "\u2028", "<![CDATA[<x>&y;]]>", "<![CDATA[]]]]>",
)  # fmt: skip
_HEADERS = (
    ("stream:stream", "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='x'>"),
    ("s", "<s xmlns='jabber:client'>"),
    ("q:s", "<q:s xmlns:q='urn:x'>"),
)
_SPACES = ("", " ", "\n", "\t", "\r\n ")
_BITES = (
    b"<", b">", b"&", b"'", b'"', b"/", b"=", b"]]>", b"<!--", b"-->", b"<?", b"?>", b"<![CDATA[", b"&#0;", b"&#xD800;",
    b"&lol;", b"\x00", b"\x0b", b"\x7f", b"\xff", b"\xc0\xbc", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82",
    b"\xef\xbf\xbe", b" ", b"xmlns=''", b"xmlns:p=''", b" p:x='1'", b":", b"-", b"1", b"<!DOCTYPE x>",
    b"<a/>", b"</a>", b"<?xml version='1.0'?>", b" a='1' a='2'",
)  # fmt: skip


class Documents:
    """Well-formed streams of a few stanzas, and what becomes of them when they are damaged."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def document(self, most_bytes: int = 1 << 30) -> bytes:
        """One whole stream; of those that come to mind the first that is no longer than this, about."""
        while True:
            document = self._document()
            if len(document) <= most_bytes or self._random.random() < 0.1:
                return document

    def _document(self) -> bytes:
        pick = self._random
        declaration = pick.choice(("", "<?xml version='1.0'?>", '<?xml version="1.0" encoding="UTF-8"?>\n'))
        name, header = pick.choice(_HEADERS)
        stanzas = [self._element(0, ()) + pick.choice(_SPACES) for _ in range(pick.randrange(1, 4))]
        return (declaration + header + "".join(stanzas) + "</%s>" % name).encode()

    def mutated(self, document: bytes) -> bytes:
        """The document with some bytes put in, taken out, changed, doubled, or its end cut off."""
        pick = self._random
        data = bytearray(document)
        for _ in range(pick.randrange(1, 4)):
            at = pick.randrange(len(data) + 1)
            kind = pick.randrange(6)
            if kind == 0:
                data[at:at] = pick.choice(_BITES)
            elif kind == 1:
                del data[at : at + pick.randrange(1, 8)]
            elif kind == 2 and at < len(data):
                data[at] = pick.randrange(256)
            elif kind == 3:
                data[at:at] = data[at : at + pick.randrange(1, 20)]
            elif kind == 4 and at < len(data):
                data[at] ^= 1 << pick.randrange(8)
            elif kind == 5 and pick.random() < 0.2:
                del data[at:]
            if not data:
                data += b"<"
        return bytes(data)

    def _element(self, depth: int, prefixes: tuple[str, ...]) -> str:
        pick = self._random
        attributes = []
        if pick.random() < 0.2:
            attributes.append("xmlns=" + self._quoted(pick.choice(_URIS)))
        if pick.random() < 0.25:
            prefix = pick.choice(_PREFIXES)
            prefixes = (*prefixes, prefix)
            attributes.append("xmlns:%s=%s" % (prefix, self._quoted(pick.choice(_URIS))))
        for name in pick.sample(_NAMES, pick.randrange(3)):
            attributes.append("%s%s=%s" % (name, pick.choice(("", " ")), self._quoted(self._value())))
        if prefixes and pick.random() < 0.3:
            attributes.append("%s:z=%s" % (pick.choice(prefixes), self._quoted(self._value())))
        if pick.random() < 0.1:
            attributes.append("xml:lang='de'")
        pick.shuffle(attributes)
        name = pick.choice(_NAMES)
        if prefixes and pick.random() < 0.3:
            name = pick.choice(prefixes) + ":" + name
        start = "<" + name + "".join(pick.choice((" ", "\n", "  ")) + a for a in attributes) + pick.choice(_SPACES)
        if pick.random() < 0.2:
            return start + "/>"
        children = []
        for _ in range(pick.randrange(4)):
            if depth < 4 and pick.random() < 0.5:
                children.append(self._element(depth + 1, prefixes))
            else:
                children.append(pick.choice(_TEXTS))
        return start + ">" + "".join(children) + "</" + name + pick.choice(_SPACES) + ">"

    def _value(self) -> str:
        texts = [text for text in _TEXTS if "<" not in text]
        return "".join(self._random.choice(texts) for _ in range(self._random.randrange(3)))

    def _quoted(self, text: str) -> str:
        quote = self._random.choice("'\"")
        return quote + text.replace(quote, "&quot;" if quote == '"' else "&apos;") + quote


class Recordings:
    """Pieces of what real servers have said (tests/oracle/recorded), as streams of one or two stanzas."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def document(self) -> bytes:
        """One whole stream."""
        header, stanzas = self._random.choice(recorded())
        first = self._random.randrange(len(stanzas))
        return header + b"".join(stanzas[first : first + self._random.randrange(1, 3)]) + b"</stream:stream>"


@functools.cache
def recorded() -> list[tuple[bytes, list[bytes]]]:
    """Of each recording the stream header and the stanzas, each as its own bytes."""
    out = []
    for path in sorted((Path(__file__).parents[2] / "tests" / "oracle" / "recorded").glob("*.xml")):
        data = path.read_bytes()
        cut = depth = 0
        pieces = []
        for token in re.finditer(rb"<\?[^>]*>|<(/?)[^>]*?(/?)>", data):
            if token[0].startswith(b"<?"):
                continue
            depth += 0 if token[2] else -1 if token[1] else 1
            if depth == 1:
                pieces.append(data[cut : token.end()])
                cut = token.end()
        out.append((pieces[0], pieces[1:]))
    return out


def our_events(pieces: list[bytes], limits: WireLimits, parser: wire.StreamParser | None = None) -> list[Any]:
    """What our parser says: header, stanzas, "end"; "error" last if it refuses, or if the stream is not at its end.

    parser: one that has read other streams before; else a new one.
    """
    if parser is None:
        parser = wire.StreamParser(limits)
    parser.reset()
    out: list[Any] = []
    try:
        for piece in pieces:
            parser.feed(piece)
            while (event := parser.next_event()) is not None:
                kind, value = event  # type: int, Any
                out.append("end" if kind == wire.END else flat(value))
        parser.close()
    except XmlError:
        out.append("error")
    return out


def expat_events(pieces: list[bytes]) -> list[Any]:
    """What expat says of the same, in the same words."""
    out: list[Any] = []
    reader = StreamReader(lambda e: out.append(_expats(e)), lambda e: out.append(_expats(e)), lambda: out.append("end"))
    try:
        for piece in pieces:
            reader.feed(piece)
        reader.finish()
    except (ParseError, DefusedXmlException, Forbidden, LookupError):
        out.append("error")
    return out


def splits_differ(document: bytes, expected: list[Any], parser: wire.StreamParser) -> bool:
    """True if our parser says something else when the document comes byte by byte, or in any two pieces."""
    limits = WireLimits()
    if our_events([document[i : i + 1] for i in range(len(document))], limits, parser) != expected:
        return True
    return any(
        our_events([document[:cut], document[cut:]], limits, parser) != expected for cut in range(1, len(document))
    )


def differ(document: bytes, limits: WireLimits) -> bool:
    """True if the two parsers read the document differently, and none of the exceptions below explains it."""
    ours, expats = our_events([document], limits), expat_events([document])
    if ours == expats:
        return False
    plain = _NEWER_LETTERS.sub("x", document.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    for pattern, instead in _STRICTER:
        plain = pattern.sub(instead, plain)
    return plain == document or our_events([plain], limits) != expat_events([plain])


# Letters that names may have since the 5th edition of XML 1.0; expat's tables are those of the first.
_NEWER_LETTERS = re.compile(
    "[\u00c0-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff"
    "\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff\u0300-\u036f\u203f\u2040\u00b7]"
)
# What expat lets pass and a stream must not have: other versions, other names for UTF-8, a prefix of no letters.
_STRICTER = (
    (re.compile(rb"^(<\?xml\s+version\s*=\s*)(['\"])[\w.:-]*\2"), rb"\1'1.0'"),
    (re.compile(rb"^(<\?xml[^?]*encoding\s*=\s*)(['\"])[\w.:-]*\2"), rb"\1'UTF-8'"),
    (re.compile(rb"xmlns:\s*="), rb"xmlns="),
)


def _expats(element: Any) -> Any:
    """As flat() writes ours: attributes in document order too."""
    lang = "{http://www.w3.org/XML/1998/namespace}"
    attrs = tuple(part for key, value in element.attrib.items() for part in (key.replace(lang, "xml:"), value))
    children: list[Any] = [element.text] if element.text else []
    for child in element:
        children.append(_expats(child))
        if child.tail:
            children.append(child.tail)
    return (*split(element.tag), attrs, tuple(children))
