"""The push parser: bytes in any pieces to the events of an XML stream.

Theory of operation. The parser owns one bytearray. feed() appends to it; next_event() moves a scan position over it,
token by token, keeping only a state, the depth, and whether the tag at hand closes. No byte is looked at twice,
however small the pieces are. When a depth-1 child is complete its bytes are handed to the tree builder, which checks
everything that framing has not. Framing itself knows just enough of XML to find the end of a token: quotes inside
tags, and CDATA.

A child over the limit is scanned alike, but its bytes are dropped. After an error the object keeps raising it.
"""

from nocarrier.compat import const
from nocarrier.errors import UsageError, XmlError
from nocarrier.wire.chars import find_illegal
from nocarrier.wire.declaration import fault_in
from nocarrier.wire.element import Element
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.tree import TreeBuilder

try:
    from typing import Optional
except ImportError:
    pass

HEADER = const(1)  # value: the stream element, without children
STANZA = const(2)  # value: the depth-1 child
TOO_LARGE = const(3)  # value: TooLarge
END = const(4)  # value: None; the stream element was closed

# What the scan position is in.
_TEXT = const(0)  # between tokens, at any depth
_MARKUP = const(1)  # behind "<": what kind of token is it?
_TAG = const(2)  # in a tag, outside quotes
_QUOT = const(3)  # in a tag, in "…"
_APOS = const(4)  # in a tag, in '…'
_CDATA = const(5)
_DECLARATION = const(6)  # in <?xml … ?>

_SPACE = b" \t\r\n"
_CDATA_START = b"<![CDATA["
_CLOSERS = {_QUOT: b'"', _APOS: b"'"}


class TooLarge:
    """What is known of a stanza that was over the limit and thrown away.

    head: the stanza's start tag as an Element without children, or None if that alone was over the limit.
    size_bytes: how long the whole stanza was.
    """

    def __init__(self, head: "Optional[Element]", size_bytes: int) -> None:
        self.head = head
        self.size_bytes = size_bytes


class StreamParser:
    """Parser of one XML stream (RFC 6120 §4.2, §11)."""

    def __init__(self, limits: WireLimits) -> None:
        self._limits = limits
        self._buf = bytearray(limits.stanza_bytes + limits.chunk_bytes)
        self._tree = TreeBuilder(self._buf, limits)
        self._scan = 0
        self.reset()

    def reset(self) -> None:
        """Begins anew on another transport: what is not parsed yet is thrown away. The memory is kept."""
        self._end = self._start = 0
        self.restart()

    def restart(self) -> None:
        """Begins a new stream (RFC 6120 §6.4.6). Bytes fed but not yet parsed belong to the new stream."""
        self._drop(self._start)
        self._scan = 0
        self._tree.reset()
        self._state = _TEXT
        self._depth = 0
        self._closing = False
        self._begun = False
        self._declared = False
        self._ends_at_once = False
        self._skipping = False
        self._dropped = 0
        self._head_bytes = 0  # of the start tag of the stanza at hand, once that is scanned
        self._head: "Optional[Element]" = None
        self._root = b""
        self._error: "Optional[XmlError]" = None

    def feed(self, data: "bytes | bytearray | memoryview") -> None:
        """Takes the next bytes of the stream, at most limits.chunk_bytes.

        Raises UsageError if that is exceeded, or if the events of the bytes before were not taken.
        """
        size = len(data)
        if size > self._limits.chunk_bytes:
            raise UsageError("%d bytes fed at once, limit %d" % (size, self._limits.chunk_bytes))
        if self._end + size > len(self._buf):
            self._drop(self._start)
            if self._end + size > len(self._buf):
                raise UsageError("feed() before the events of the last bytes were taken")
        self._buf[self._end : self._end + size] = data
        self._end += size

    def next_event(self) -> "Optional[tuple[int, object]]":
        """The next event as (kind, value), or None when more bytes are needed. Raises XmlError, then for ever."""
        if self._error is not None:
            raise self._error
        try:
            return self._next()
        except XmlError as error:
            self._error = error
            raise

    def close(self) -> None:
        """The transport ended. Raises XmlError if the stream had not (RFC 6120 §4.4)."""
        if self._error is None and self._depth != -1:
            raise self._fail("the stream ended without its end tag", self._end)

    def _next(self) -> "Optional[tuple[int, object]]":
        if self._ends_at_once:
            self._ends_at_once = False
            self._depth = -1
            return END, None
        while True:
            if self._state == _TEXT:
                more = self._text()
            elif self._state == _MARKUP:
                more = self._markup()
            elif self._state == _TAG:
                more = self._tag()
                if more and self._state == _TEXT:
                    event = self._tag_done()
                    if event is not None:
                        return event
            else:
                more = self._until_closer()
            if not more:
                self._check_size()
                return None

    def _text(self) -> bool:
        """To the next "<". Outside stanzas only white space may stand, and it costs nothing."""
        lt = self._buf.find(b"<", self._scan, self._end)
        stop = self._end if lt < 0 else lt
        if self._depth < 2:
            for i in range(self._scan, stop):
                if self._buf[i] not in _SPACE:
                    raise self._fail("text outside of a stanza", i)
            if stop > self._scan:
                self._begun = self._begun or self._depth < 1
            self._start = stop
        self._scan = stop
        if lt < 0:
            return False
        if self._depth < 0:
            raise self._fail("something follows the end of the stream", lt)
        self._scan = lt + 1
        self._state = _MARKUP
        return True

    def _markup(self) -> bool:
        """One byte behind "<" tells the token's kind, except that CDATA needs eight more."""
        if self._scan == self._end:
            return False
        lt = self._scan - 1
        byte = self._buf[self._scan]
        if byte == 0x21:  # "!"
            have = min(self._end - lt, len(_CDATA_START))
            if self._buf[lt : lt + have] != _CDATA_START[:have]:
                raise self._fail("comment or declaration", lt, "restricted-xml")
            if have < len(_CDATA_START):
                return False
            if self._depth < 2:
                raise self._fail("text outside of a stanza", lt)
            self._scan = lt + have
            self._state = _CDATA
        elif byte == 0x3F:  # "?"
            self._instruction(lt)
            if self._state == _MARKUP:
                return False
        else:
            self._closing = byte == 0x2F  # "/"
            if self._depth == 0 and self._closing:
                raise self._fail("end tag without a start tag", lt)
            self._state = _TAG
        return True

    def _instruction(self, lt: int) -> None:
        """Of everything that begins with "<?", only the declaration at the very start is allowed."""
        have = min(self._end - lt, 6)
        word = bytes(self._buf[lt : lt + have])
        named = b"<?xml".startswith(word[:5]) and (have < 6 or word[5] in _SPACE)
        if self._begun or self._declared or not named:
            raise self._fail("processing instruction", lt, "restricted-xml")
        if have == 6:
            self._state = _DECLARATION

    def _tag(self) -> bool:
        """To the tag's ">" or to its next quote, whichever is first."""
        gt = self._buf.find(b">", self._scan, self._end)
        stop = self._end if gt < 0 else gt
        quot = self._buf.find(b'"', self._scan, stop)
        apos = self._buf.find(b"'", self._scan, stop if quot < 0 else quot)
        if apos >= 0:
            self._scan = apos + 1
            self._state = _APOS
            return True
        if quot >= 0:
            self._scan = quot + 1
            self._state = _QUOT
            return True
        if gt < 0:
            self._scan = stop
            return False
        self._scan = gt + 1
        self._state = _TEXT
        return True

    def _until_closer(self) -> bool:
        """To the end of a quoted value, of a CDATA section or of the XML declaration."""
        state = self._state
        closer = b"]]>" if state == _CDATA else b"?>" if state == _DECLARATION else _CLOSERS[state]
        at = self._buf.find(closer, self._scan, self._end)
        if at < 0:
            # The closer may be cut in two: its first bytes are looked at again.
            self._scan = max(self._scan, self._end - len(closer) + 1)
            return False
        self._scan = at + len(closer)
        if state == _DECLARATION:
            fault = fault_in(bytes(self._buf[self._start + len(b"<?xml") : at]))
            if fault is not None:
                raise self._fail(fault[1], self._start, fault[0])
            self._declared = self._begun = True
            self._start = self._scan
        self._state = _TEXT if state == _CDATA or state == _DECLARATION else _TAG
        return True

    def _tag_done(self) -> "Optional[tuple[int, object]]":
        """A tag has ended in front of the scan position; returns the event that it completes, if any."""
        self._begun = True
        empty = not self._closing and self._buf[self._scan - 2] == 0x2F
        if self._depth == 0:
            return self._header(empty)
        if self._closing:
            self._depth -= 1
            if self._depth == 0:
                return self._stream_end()
        else:
            if self._depth == 1:
                self._head_bytes = self._scan - self._start
            if not empty:
                self._depth += 1
            if self._depth > self._limits.depth:
                raise self._fail("nesting deeper than %d" % self._limits.depth, self._scan, "policy-violation")
        if self._depth > 1:
            return None
        if self._skipping or self._scan - self._start > self._limits.stanza_bytes:
            return self._skipped()
        start, self._start = self._start, self._scan
        return STANZA, self._tree.stanza(start, self._scan)

    def _header(self, empty: bool) -> "tuple[int, object]":
        if self._scan - self._start > self._limits.stanza_bytes:
            raise self._fail("stream header over the limit", self._start, "policy-violation")
        _, element, self._root, _ = self._tree.open_tag(self._start, self._scan)
        self._depth = 1
        self._ends_at_once = empty
        self._start = self._scan
        return HEADER, element

    def _stream_end(self) -> "tuple[int, object]":
        name = bytes(self._buf[self._start + 2 : self._scan - 1]).rstrip(_SPACE)
        if name != self._root:
            raise self._fail("end tag does not match the stream's", self._start)
        self._depth = -1
        self._start = self._scan
        return END, None

    def _check_size(self) -> None:
        """Called when all bytes are scanned: an over-long child is from now on dropped as it comes."""
        if not self._skipping and self._end - self._start > self._limits.stanza_bytes:
            if self._depth < 1:
                raise self._fail("stream header over the limit", self._start, "policy-violation")
            self._begin_skip()
        if self._skipping:
            # One byte is kept, since a "/" in front of ">" decides; an unclassified "<" stays too.
            self._forget(self._scan - 1)

    def _begin_skip(self) -> None:
        self._skipping = True
        self._dropped = 0
        self._head = None
        if (self._depth > 1 or self._state == _TEXT) and self._head_bytes <= self._limits.stanza_bytes:
            outer = len(self._tree.scope.pairs)
            self._head = self._tree.open_tag(self._start, self._end)[1]
            self._tree.scope.cut(outer)

    def _skipped(self) -> "tuple[int, object]":
        if not self._skipping:
            self._begin_skip()
        self._forget(self._scan, True)
        event = TooLarge(self._head, self._dropped)
        self._skipping = False
        self._head = None
        return TOO_LARGE, event

    def _forget(self, to: int, at_its_end: bool = False) -> None:
        """Drops the bytes of a skipped stanza up to index `to`, where a character may be cut unless it ends there."""
        bad = find_illegal(self._buf, self._start, to)
        if bad >= 0:
            if at_its_end or to - bad > 3:
                raise self._fail("invalid UTF-8, or a character that XML forbids", bad)
            to = bad
        self._dropped += to - self._start
        self._start = to
        self._drop(to)

    def _drop(self, to: int) -> None:
        """Moves what is kept to the front of the buffer."""
        if to == 0:
            return
        view = memoryview(self._buf)  # not slices: nothing is copied twice
        view[0 : self._end - to] = view[to : self._end]
        self._start -= to
        self._scan -= to
        self._end -= to
        self._tree.base += to

    def _fail(self, text: str, at: int, condition: str = "not-well-formed") -> XmlError:
        return XmlError(condition, text, self._tree.base + at)
