"""Where a child of the stream ends: the little of XML that it takes to find its tokens, and to count how deep they go.

The framer stands behind a "<" and walks on as bytes come in; it looks at none twice, keeps none, and allocates nothing.
It refuses what RFC 6120 §11.1 restricts. What stands inside the tokens is checked elsewhere (markup.py).
"""

from nocarrier.compat import const

try:
    from typing import Optional

    from nocarrier.wire.limits import WireLimits
    from nocarrier.wire.source import Source
except ImportError:
    pass

# Kinds of tokens.
START = const(1)  # <a>
EMPTY = const(2)  # <a/>
CLOSE = const(3)  # </a>
DECLARATION = const(4)  # <?xml … ?>

# What begin() is told.
CHILD = const(0)
TAG = const(1)
ANY = const(2)

# What run() finds, if not the end.
_MORE = const(-1)  # more bytes are needed
CROWDED = const(-2)  # one element more than the limit

# Where the framer is.
_TEXT = const(0)  # between tokens
_MARKUP = const(1)  # behind "<": which kind will it be?
_IN_TAG = const(2)
_CDATA = const(3)
_DECLARATION = const(4)

_CDATA_START = b"<![CDATA["
_CDATA_END = b"]]>"
_DECLARATION_START = b"<?xml"
_DECLARATION_END = b"?>"
_APOS = b"'"
_QUOT = b'"'
SPACE = b" \t\r\n"


class Framer:
    """Finds the end of one child, or of one token of the stream's own.

    at:         index of the next byte to look at.
    kind:       of the last token, when run() has found its end.
    depth:      how many elements are open; -1 behind an end tag that none of them had begun with.
    head_bytes: how long the first token was; 0 before its end.
    """

    def __init__(self, source: Source, limits: WireLimits) -> None:
        self._source = source
        self._buf = source.bytes
        self._find = self._buf.find  # bound once: a method that is looked up anew is an allocation
        self._depth = limits.depth - 1  # the stream element is counted too
        self._elements = limits.elements + 1
        self.begin(0, CHILD)

    def begin(self, lt: int, what: int) -> None:
        """At index `lt` begins a CHILD, a stream's TAG, or in front of that perhaps the XML declaration: ANY."""
        self._lt = lt  # where the token begins
        self.at = self._clean = lt + 1  # in front of _clean there is no "<" in the tag
        self._what = what
        self._state = _MARKUP
        self._closer: "Optional[bytes]" = None  # in a quoted value: its quote
        self._end = 0
        self._done = False
        self._left = self._elements
        self.kind = START
        self.depth = self.head_bytes = 0

    def moved(self, gap: int) -> None:
        """The bytes were moved to the front by so many places."""
        self._lt -= gap
        self.at -= gap
        self._clean -= gap

    def run(self, end: int) -> int:
        """Index behind the child, or _MORE than the bytes up to index `end` are needed, or CROWDED. Raises XmlError.

        After CROWDED it goes on, and elements are not counted any more. Behind the end it stays there.
        """
        self._end = end
        while not self._done:
            if self._state == _IN_TAG:
                found = self._tag()
                self._no_tag_inside(self.at)
                if not found:
                    return _MORE
                self._done = self._counted()
                if self._left == 0:
                    self._left = -1
                    return CROWDED
            elif self._state == _TEXT:
                self._lt = self._find(b"<", self.at, end)
                if self._lt < 0:
                    self.at = end
                    return _MORE
                self.at = self._clean = self._lt + 1
                self._state = _MARKUP
            elif self._state == _MARKUP:
                if not self._markup():
                    return _MORE
            else:
                if not self._section():
                    return _MORE
                self._done = self.depth == 0
        return self.at

    def _markup(self) -> bool:
        """One byte behind "<" tells the token's kind, except for CDATA and the declaration."""
        if self.at >= self._end:
            return False
        byte = self._buf[self.at]
        if byte == 0x21:  # "!"
            return self._word(_CDATA_START, _CDATA, "comment or declaration")
        if byte == 0x3F:  # "?"
            return self._word(_DECLARATION_START, _DECLARATION, "processing instruction")
        self.kind = CLOSE if byte == 0x2F else START  # "/"
        self._state = _IN_TAG
        return True

    def _word(self, word: bytes, state: int, otherwise: str) -> bool:
        """The token must begin with this word; the declaration's is followed by white space."""
        end = self._end
        size = len(word) + (state == _DECLARATION)
        allowed = state == _CDATA or self._what == ANY
        for i in range(min(size, end - self._lt)):
            byte = self._buf[self._lt + i]
            if not allowed or (byte != word[i] if i < len(word) else byte not in SPACE):
                raise self._source.fail(otherwise, self._lt, "restricted-xml")
        if end - self._lt < size:
            return False
        if state == _CDATA and self.depth == 0:
            raise self._source.fail("text outside of a stanza", self._lt)
        self.at = self._lt + size
        self._state = state
        return True

    def _tag(self) -> bool:
        """From quote to quote to the tag's ">": True behind it.

        Few locals: a call with more than eleven words of state takes them from MicroPython's heap.
        """
        find = self._find
        at = self.at
        closer = self._closer
        stop = -1  # the next ">", or the end
        while True:
            if closer is not None:
                at = find(closer, at, self._end) + 1
                if at == 0:
                    break
                closer = None
            if stop < at:
                stop = find(b">", at, self._end)
                if stop < 0:
                    stop = self._end
            quote = find(_APOS, at, stop)
            closer = _APOS
            if quote < 0 or find(_QUOT, at, quote) >= 0:
                quote = find(_QUOT, at, stop)
                closer = _QUOT
            if quote < 0:
                closer = None
                at = stop
                break
            at = quote + 1
        self._closer = closer
        self.at = self._end if closer is not None else at
        if self.at == self._end:
            return False
        self.at += 1
        return True

    def _no_tag_inside(self, end: int) -> None:
        """There is no "<" between the one that the tag begins with and index `end`."""
        lt = self._find(b"<", self._clean, end)
        if lt >= 0:
            raise self._source.fail("'<' inside a tag", lt)
        self._clean = end

    def _counted(self) -> bool:
        """A tag has ended. True if it was all that is wanted."""
        self._state = _TEXT
        if not self.head_bytes:
            self.head_bytes = self.at - self._lt
        if self.kind == CLOSE:
            self.depth -= 1
            return self.depth <= 0
        self._left -= 1
        if self._what == CHILD and self.depth >= self._depth:
            raise self._source.fail("nesting deeper than %d" % (self._depth + 1), self.at, "policy-violation")
        if self._buf[self.at - 2] == 0x2F:
            self.kind = EMPTY
        else:
            self.depth += 1
        return self.depth == 0 or self._what != CHILD

    def _section(self) -> bool:
        """To the end of a CDATA section or of the declaration."""
        closer = _CDATA_END if self._state == _CDATA else _DECLARATION_END
        found = self._find(closer, self.at, self._end)
        if found < 0:
            # The closer may be cut in two: its first bytes are looked at again.
            self.at = max(self.at, self._end - len(closer) + 1)
            return False
        self.kind = DECLARATION
        self.at = found + len(closer)
        self._state = _TEXT
        return True
