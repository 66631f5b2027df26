"""Where a token ends: the little of XML that it takes to find the ">" of a tag, or the end of a CDATA section.

The framer stands behind a "<" and walks on as bytes come in; it looks at none twice, keeps none, and allocates nothing.
It refuses what RFC 6120 §11.1 restricts. What stands inside a token is checked elsewhere (tag.py).
"""

from nocarrier.compat import const
from nocarrier.wire.source import Source

# Kinds of tokens.
START = const(1)  # <a>
EMPTY = const(2)  # <a/>
CLOSE = const(3)  # </a>
CDATA = const(4)
DECLARATION = const(5)  # <?xml … ?>

# Where the framer is.
_MARKUP = const(0)  # behind "<": which kind will it be?
_TAG = const(1)  # in a tag, outside quotes
_QUOT = const(2)  # in a tag, in "…"
_APOS = const(3)  # in a tag, in '…'
_CDATA = const(4)
_DECLARATION = const(5)

_CLOSERS = (b"", b"", b'"', b"'", b"]]>", b"?>")  # by state
_CDATA_START = b"<![CDATA["
_DECLARATION_START = b"<?xml"
SPACE = b" \t\r\n"


class Framer:
    """Finds the end of one token at a time.

    at:   index of the next byte to look at.
    kind: of the token, when run() has found its end.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._buf = source.bytes
        self._find = self._buf.find  # bound once: a method that is looked up anew is an allocation
        self._state = _MARKUP
        self._may_declare = False
        self._lt = 0
        self._end = 0
        self.at = 0
        self.kind = START

    def begin(self, lt: int, may_declare: bool = False) -> None:
        """A token begins at index `lt`. may_declare: it may be the XML declaration."""
        self._lt = lt
        self.at = lt + 1
        self._may_declare = may_declare
        self._state = _MARKUP

    def moved(self, gap: int) -> None:
        """The bytes were moved to the front by so many places."""
        self._lt -= gap
        self.at -= gap

    def run(self, end: int) -> int:
        """Index behind the token, or -1 when more bytes than those up to index `end` are needed. Raises XmlError."""
        self._end = end
        while True:
            if self._state == _MARKUP:
                if not self._markup():
                    return -1
            elif self._state == _TAG:
                found = self._tag()
                if found:
                    return found
            else:
                state = self._state
                if not self._until_closer():
                    return -1
                if state == _CDATA or state == _DECLARATION:
                    self.kind = CDATA if state == _CDATA else DECLARATION
                    return self.at
                self._state = _TAG

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
        self._state = _TAG
        return True

    def _word(self, word: bytes, state: int, otherwise: str) -> bool:
        """The token must begin with this word; the declaration's is followed by white space."""
        end = self._end
        size = len(word) + (state == _DECLARATION)
        allowed = state == _CDATA or self._may_declare
        for i in range(min(size, end - self._lt)):
            byte = self._buf[self._lt + i]
            if not allowed or (byte != word[i] if i < len(word) else byte not in SPACE):
                raise self._source.fail(otherwise, self._lt, "restricted-xml")
        if end - self._lt < size:
            return False
        self.at = self._lt + size
        self._state = state
        return True

    def _tag(self) -> int:
        """To the tag's ">" or to its next quote, whichever is first; index behind the ">", 0 at a quote, or -1."""
        find = self._find
        at = self.at
        gt = find(b">", at, self._end)
        stop = self._end if gt < 0 else gt
        quot = find(b'"', at, stop)
        apos = find(b"'", at, stop if quot < 0 else quot)
        quote = quot if apos < 0 else apos
        self._no_tag_inside(at, stop if quote < 0 else quote)
        if quote >= 0:
            self._state = _QUOT if apos < 0 else _APOS
            self.at = quote + 1
            return 0
        if gt < 0:
            self.at = stop
            return -1
        self.at = gt + 1
        if self.kind == START and self._buf[gt - 1] == 0x2F:
            self.kind = EMPTY
        return self.at

    def _until_closer(self) -> bool:
        """To the end of a quoted value, of a CDATA section or of the declaration."""
        closer = _CLOSERS[self._state]
        end = self._end
        found = self._buf.find(closer, self.at, end)
        if self._state == _QUOT or self._state == _APOS:
            self._no_tag_inside(self.at, end if found < 0 else found)
        if found < 0:
            # The closer may be cut in two: its first bytes are looked at again.
            self.at = max(self.at, end - len(closer) + 1)
            return False
        self.at = found + len(closer)
        return True

    def _no_tag_inside(self, begin: int, end: int) -> None:
        lt = self._buf.find(b"<", begin, end)
        if lt >= 0:
            raise self._source.fail("'<' inside a tag", lt)
