"""Child by child through a stream: where they begin and end, and what stands around them.

The parser (parser.py) takes this way for every child that it does not know by its shape, and for the stream's own tags.
"""

from nocarrier.compat import const
from nocarrier.wire import framer
from nocarrier.wire.framer import Framer
from nocarrier.wire.markup import Markup
from nocarrier.wire.node import Node
from nocarrier.wire.skip import Skip
from nocarrier.wire.values import BAD_CHARACTER

try:
    from typing import Any, Callable, Optional, Sequence

    from nocarrier.wire.limits import WireLimits
    from nocarrier.wire.source import Data, Source

    Event = tuple[int, object]
    # Its start tag as a Node without children, None if that alone was over the limit; how many bytes it all was.
    TooLarge = tuple[Optional[Node], int]
except ImportError:
    pass

HEADER = const(1)  # value: the stream element as a Node, without children
STANZA = const(2)  # value: the depth-1 child as a Node
TOO_LARGE = const(3)  # value: TooLarge, of a child that was over the limits, and thrown away
END = const(4)  # value: None; the stream element was closed

# Where in the stream the parser is.
_NOWHERE = const(0)  # nothing has come yet, and the XML declaration may
_PROLOG = const(1)  # in front of the stream's start tag
_OPEN = const(2)
_EMPTY = const(3)  # behind a stream's tag that was its end too, of which is still to be told
ENDED = const(4)

# What it is going through.
_SPACE = const(0)  # what stands between children
_SHAPE = const(1)  # a child that may be a known one
_FRAMED = const(2)  # a child, or a tag of the stream's own, with the framer

_DECLARED = (b"version", b"encoding", b"standalone")  # in this order, the first always

GO_ON = (0, None)  # no event, and no need for more bytes


class Walker:
    """What StreamParser is made of, but for the shapes that it knows."""

    def __init__(self, limits: WireLimits, source: Source, steady: "Sequence[str]", size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._stanza_bytes = limits.stanza_bytes
        self._source = source
        self._buf = source.bytes
        self._framer = Framer(source, limits)
        self._markup = Markup(source, limits, steady)
        self._skip = Skip(source)
        self._extend: "Callable[[Data], None]" = self._skip.keep
        self._shapes: "Any" = None
        self._start = 0

    def restart(self) -> None:
        """Begins a new stream (RFC 6120 §6.4.6). Bytes fed but not yet parsed belong to the new stream."""
        self._source.drop(0, self._start)
        self._source.base = 0
        self._source.error = None
        self._markup.reset()
        self._skip.active = False
        self._extend = self._skip.keep
        self._where = _NOWHERE
        self._state = _SPACE
        self._start = 0  # of the child at hand, or of what is not parsed yet
        self._until = self._size_bytes  # up to here bytes may be appended without a second thought
        self._tight = False  # the child at hand, that may be a known one, may be too large

    def _step(self) -> "Optional[Event]":
        """One child, or the text in front of it: its event, GO_ON, or None if more bytes are needed.

        No more is looked at than the limit allows, or than characters are known to be legal: what is said of a token
        must not depend on what came along in the same chunk.
        """
        skip, end = self._skip, len(self._buf)
        if self._where == _EMPTY:
            return self._ended()
        visible = skip.check() if skip.active else min(end, self._start + self._stanza_bytes)
        event = self._space(visible) if self._state == _SPACE else self._framed(visible)
        if event is not None:
            return event
        if skip.active:
            if skip.bad:
                raise self._source.fail(BAD_CHARACTER, visible)
            self._framer.moved(skip.forget(self._framer.at))
            return None
        if visible == end:
            return None
        if self._state == _FRAMED:  # what is at hand goes beyond what may be looked at
            if self._where != _OPEN or (self._framer.kind == framer.CLOSE and self._framer.depth == 0):
                raise self._source.fail("tag of the stream's over the limit", self._start, "policy-violation")
            self._begin_skip()
        return GO_ON

    def _space(self, end: int) -> "Optional[Event]":
        """To the next "<". Outside of stanzas only white space may stand (RFC 6120 §11.7), and it costs nothing."""
        buf = self._buf
        lt = buf.find(b"<", self._start, end)
        stop = end if lt < 0 else lt
        for i in range(self._start, stop):
            if buf[i] not in framer.SPACE:
                raise self._source.fail("text outside of a stanza", i)
        if self._where == _NOWHERE and stop > self._start:
            self._where = _PROLOG
        self._start = stop
        if lt < 0:
            return None
        if self._where == ENDED:
            raise self._source.fail("something follows the end of the stream", lt)
        if self._where == _OPEN and self._shapes is not None:
            self._may_be_known(lt)
        else:
            outside = framer.ANY if self._where == _NOWHERE else framer.TAG
            self._framer.begin(lt, framer.CHILD if self._where == _OPEN else outside)
            self._state = _FRAMED
        return GO_ON

    def _framed(self, visible: int) -> "Optional[Event]":
        """To the end of the child at hand, or of a tag of the stream's own."""
        found = self._framer.run(visible)
        if found == framer.CROWDED:
            if not self._skip.active:
                self._begin_skip()
                checked = self._skip.check()
                if self._skip.bad and checked < self._framer.at:
                    raise self._source.fail(BAD_CHARACTER, checked)
            return GO_ON
        if found < 0:
            return None
        # What may fail for want of memory comes first in each of these, so that it can be tried again.
        if self._where != _OPEN:
            return self._prolog(found)
        if self._framer.depth < 0:
            self._markup.end_of_stream(self._start, found)
            self._passed(found)
            return self._ended()
        return self._skipped(found) if self._skip.active else self._unknown(found)

    def _passed(self, end: int) -> None:
        """What is in front of index `end` has been dealt with."""
        self._start = end
        self._state = _SPACE

    def _prolog(self, end: int) -> "Event":
        """The XML declaration or the stream's start tag."""
        kind = self._framer.kind
        if kind == framer.DECLARATION:
            fault = _declaration_fault(bytes(self._buf[self._start + len(b"<?xml") : end - len(b"?>")]))
            if fault is not None:
                raise self._source.fail(fault[1], self._start, fault[0])
            self._where = _PROLOG
            self._passed(end)
            return GO_ON
        if kind == framer.CLOSE:
            raise self._source.fail("not the start of a stream", self._start)
        self._markup.head(self._start, end, True)
        event = HEADER, Node(self._source, 0, 1, self._source.xmlns)
        self._where = _OPEN if kind == framer.START else _EMPTY
        self._passed(end)
        return event

    def _ended(self) -> "Event":
        self._where = ENDED
        return END, None

    def _unknown(self, end: int) -> "Event":
        """A child that was not known has ended."""
        markup = self._markup
        markup.stanza(self._start, end)
        if markup.everywhere and self._shapes is not None:
            try:
                self._shapes.learn(markup, self._start + self._framer.head_bytes, end)
            except MemoryError:
                self._shapes.forget()
        return self._delivered(end)

    def _begin_skip(self) -> None:
        self._skip.begin(self._start, self._framer.head_bytes)
        self._extend = self._skip.pass_by

    def _skipped(self, end: int) -> "Event":
        skip, source = self._skip, self._source
        head: "Optional[Node]" = None
        size_bytes = skip.size_bytes(end)
        if skip.front > skip.start:
            base = source.base
            source.base = skip.origin - skip.start  # the head's, for what is wrong in it
            self._markup.head(skip.start, skip.front, False)
            source.base = base
            head = Node(source, 0, 1, source.xmlns)
        event = TOO_LARGE, (head, size_bytes)
        skip.active = False
        self._extend = skip.keep
        self._passed(end)
        return event

    def _delivered(self, end: int) -> "Event":
        """The event of a child that ends at index `end`."""
        event = STANZA, Node(self._source, 0, 1, self._source.xmlns)
        self._start = end
        if self._shapes is not None and self._buf.startswith(b"<", end):
            self._may_be_known(end)
        else:
            self._state = _SPACE
            self._until = self._size_bytes
        return event

    def _may_be_known(self, lt: int) -> None:
        """A child begins at index `lt` that may be a known one."""
        self._shapes.begin(lt)
        self._state = _SHAPE
        until = lt + self._stanza_bytes
        self._tight = len(self._buf) > until
        self._until = until if until < self._size_bytes else self._size_bytes


def _declaration_fault(body: bytes) -> "Optional[tuple[str, str]]":
    """What is wrong with the bytes between "<?xml" and "?>": (stream error condition, words), or None.

    XML 1.0 §2.8; a stream is XML 1.0 in UTF-8 (RFC 6120 §11.5, §11.6).
    """
    rest = body
    place = 0
    while rest.strip(framer.SPACE):
        if rest[0] not in framer.SPACE:
            return "not-well-formed", "white space is missing in the XML declaration"
        name, _, rest = rest.partition(b"=")
        name = name.strip(framer.SPACE)
        rest = rest.lstrip(framer.SPACE)
        quote = rest[:1]
        end = rest.find(quote, 1) if quote in (b"'", b'"') else -1
        if name not in _DECLARED[place:] or end < 0 or (place == 0) != (name == _DECLARED[0]):
            return "not-well-formed", "malformed XML declaration"
        place = _DECLARED.index(name) + 1
        fault = _pseudo_attribute_fault(name, rest[1:end])
        if fault is not None:
            return fault
        rest = rest[end + 1 :]
    return None if place else ("not-well-formed", "XML declaration without a version")


def _pseudo_attribute_fault(name: bytes, value: bytes) -> "Optional[tuple[str, str]]":
    if name == b"version" and value != b"1.0":
        return "not-well-formed", "not XML 1.0"
    if name == b"encoding" and value.lower() != b"utf-8":
        return "unsupported-encoding", "not UTF-8"
    if name == b"standalone" and value not in (b"yes", b"no"):
        return "not-well-formed", "malformed XML declaration"
    return None
