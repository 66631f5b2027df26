"""Token by token through a stream: where children begin and end, and what stands around them.

The parser (parser.py) takes this way for every child that it does not know by its shape, and for the stream's own tags.
"""

from nocarrier.compat import const
from nocarrier.wire import framer
from nocarrier.wire.declaration import fault_in
from nocarrier.wire.framer import Framer
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.markup import Markup
from nocarrier.wire.node import Node
from nocarrier.wire.skip import Skip, TooLarge
from nocarrier.wire.source import Source
from nocarrier.wire.values import BAD_CHARACTER

try:
    from typing import Any, Callable, Optional, Sequence

    from nocarrier.wire.source import Data, Shape
except ImportError:
    pass

HEADER = const(1)  # value: the stream element as a Node, without children
STANZA = const(2)  # value: the depth-1 child as a Node
TOO_LARGE = const(3)  # value: TooLarge
END = const(4)  # value: None; the stream element was closed

# What the scan position is in.
TEXT = const(0)  # between tokens
SHAPE = const(1)  # in a child that may be a known one
TOKEN = const(2)  # in a token that the framer walks through

ENDED = const(-1)  # the depth behind the stream's end


class Walker:
    """What StreamParser is made of, but for the shapes that it knows."""

    def __init__(self, limits: WireLimits, source: Source, steady: "Sequence[str]", size_bytes: int) -> None:
        self._limits = limits
        self._size_bytes = size_bytes
        self._stanza_bytes = limits.stanza_bytes
        self._value_bytes = limits.value_bytes
        self._source = source
        self._buf = source.bytes
        self._framer = Framer(source)
        self._markup = Markup(source, limits, steady)
        self._skip = Skip(source)
        # Bound once: a method that is looked up anew is an allocation.
        self._extend_kept: "Callable[[Data], None]" = self._buf.extend
        self._extend: "Callable[[Data], None]" = self._buf.extend
        self._extend_skipped = self._skip.extend
        # Bound for speed as well: a method is looked for among all attributes first.
        self._deliver = self._delivered
        self._make_node = self._node
        self._begin_known = self._may_be_known
        self._shapes: "Any" = None
        self._start = 0

    def restart(self) -> None:
        """Begins a new stream (RFC 6120 §6.4.6). Bytes fed but not yet parsed belong to the new stream."""
        self._source.drop(0, self._start)
        self._source.base = 0
        self._markup.reset()
        self._skip.active = False
        self._extend = self._extend_kept
        self._state = TEXT
        self._depth = 0
        self._start = 0  # of the child at hand, or of what is not parsed yet
        self._scan = 0  # what is in front of it was looked at
        self._until = self._size_bytes  # up to here bytes may be appended without a second thought
        self._tight = False  # the child at hand, that may be a known one, may be too large
        self._head_bytes = 0  # of the start tag of the child at hand, once its end is known
        self._elements = 0  # of the child at hand
        self._begun = False
        self._ends_at_once = False
        self._root = b""
        self._xmlns = ""
        self._event: "Optional[tuple[int, object]]" = None
        self._source.error = None

    def _moved(self, gap: int) -> None:
        """So many bytes in front of the scan position were taken out."""
        self._scan -= gap
        if self._until < self._size_bytes:
            self._until -= gap
        self._framer.moved(gap)
        if self._state == SHAPE:
            self._shapes.moved(gap)

    def _node(self, shape: "Shape", marks: "Sequence[int]") -> Node:
        """The element that this shape begins with."""
        source = self._source
        source.serial += 1
        source.shape = shape
        source.marks = marks
        return Node(source, 0, 1, self._xmlns)

    def _step(self) -> bool:
        """One token, or the text in front of it. False if more bytes are needed.

        No more is looked at than the limit allows, or than characters are known to be legal: what is said of a token
        must not depend on what came along in the same chunk.
        """
        skip, end = self._skip, len(self._buf)
        if self._ends_at_once:
            self._ends_at_once = False
            self._ended()
            return True
        visible = skip.check() if skip.active else min(end, self._start + self._stanza_bytes)
        more = self._text(visible) if self._state == TEXT else self._token(visible)
        if more:
            return True
        if visible < end:
            self._over(visible)
            return True
        if skip.active:
            self._moved(skip.forget(self._framer.at if self._state == TOKEN else self._scan))
        return False

    def _over(self, visible: int) -> None:
        """What is at hand goes beyond what may be looked at."""
        if self._skip.active:
            raise self._source.fail(BAD_CHARACTER, visible)
        if self._depth > 0 and (self._depth > 1 or self._state == TOKEN):
            self._begin_skip(self._head_bytes if self._depth > 1 else 0)
        elif self._state == TOKEN:
            raise self._source.fail("stream header over the limit", self._start, "policy-violation")

    def _text(self, end: int) -> bool:
        """To the next "<". Outside of stanzas only white space may stand (RFC 6120 §11.7), and it costs nothing."""
        buf = self._buf
        lt = buf.find(b"<", self._scan, end)
        stop = end if lt < 0 else lt
        if self._depth < 2:
            for i in range(self._scan, stop):
                if buf[i] not in framer.SPACE:
                    raise self._source.fail("text outside of a stanza", i)
            self._begun = self._begun or stop > self._start
            self._start = stop
        self._scan = stop
        if lt < 0:
            return False
        if self._depth == ENDED:
            raise self._source.fail("something follows the end of the stream", lt)
        if self._depth == 1 and self._shapes is not None:
            self._may_be_known(lt)
        else:
            self._framer.begin(lt, not self._begun)
            self._state = TOKEN
        return True

    def _token(self, visible: int) -> bool:
        """To the end of the token at hand."""
        end = self._framer.run(visible)
        if end < 0:
            return False
        self._state = TEXT
        lt, self._scan = self._scan, end
        if self._depth == 0:
            self._prolog(lt, end)
        elif self._depth > 1 or not self._outside(lt, end):
            self._inside(end)
        return True

    def _prolog(self, lt: int, end: int) -> None:
        """The XML declaration or the stream's start tag."""
        kind = self._framer.kind
        self._begun = True
        self._start = end
        if kind == framer.DECLARATION:
            fault = fault_in(bytes(self._buf[lt + len(b"<?xml") : end - len(b"?>")]))
            if fault is not None:
                raise self._source.fail(fault[1], lt, fault[0])
            return
        if kind != framer.START and kind != framer.EMPTY:
            raise self._source.fail("not the start of a stream", lt)
        self._xmlns = self._markup.head(lt, True)
        self._root = self._markup.name
        self._depth = 1
        self._ends_at_once = kind == framer.EMPTY
        self._event = HEADER, self._node((self._markup.items, self._markup.places), self._markup.marks)

    def _outside(self, lt: int, end: int) -> bool:
        """True if the token between two stanzas is the stream's end tag."""
        kind = self._framer.kind
        if kind == framer.CDATA:
            raise self._source.fail("text outside of a stanza", lt)
        if kind != framer.CLOSE:
            return False
        if bytes(self._buf[lt + 2 : end - 1]).rstrip(framer.SPACE) != self._root:
            raise self._source.fail("end tag does not match the stream's", lt)
        self._start = end
        self._ended()
        return True

    def _ended(self) -> None:
        self._depth = ENDED
        self._event = END, None

    def _inside(self, end: int) -> None:
        """A token of a child."""
        kind = self._framer.kind
        if kind == framer.START or kind == framer.EMPTY:
            self._elements += 1
            if self._depth == 1:
                self._elements = 1
                self._head_bytes = end - self._start
            if self._elements > self._limits.elements and not self._skip.active:
                self._begin_skip(self._head_bytes)
                bad = self._skip.check()
                if bad < end:
                    raise self._source.fail(BAD_CHARACTER, bad)
        if kind == framer.CLOSE:
            self._depth -= 1
        elif kind == framer.START:
            self._depth += 1
            if self._depth > self._limits.depth:
                raise self._source.fail("nesting deeper than %d" % self._limits.depth, end, "policy-violation")
        if self._depth == 1:
            if self._skip.active:
                self._skipped(end)
            else:
                self._learnt(end)

    def _learnt(self, end: int) -> None:
        """A child that was not known has ended."""
        markup = self._markup
        markup.stanza(self._start, end)
        shape = markup.items, markup.places
        if markup.everywhere and self._shapes is not None:
            self._learn(markup, end)
        self._event = self._delivered(end, shape, markup.marks)
        markup.begin(0)  # which lets go of them as soon as the next child is delivered

    def _learn(self, markup: Markup, end: int) -> None:
        """Remembers the shape of the child that ends at index `end`, if there is memory for it."""
        try:
            self._shapes.learn(markup, self._start + self._head_bytes, end)
        except MemoryError:
            self._shapes.forget()

    def _begin_skip(self, head_bytes: int) -> None:
        self._skip.begin(self._start, head_bytes)
        self._extend = self._extend_skipped

    def _skipped(self, end: int) -> None:
        skip = self._skip
        skip.active = False
        self._extend = self._extend_kept
        head: "Optional[Node]" = None
        if skip.front > skip.start:
            self._markup.head(skip.start, False)
            head = self._node((self._markup.items, self._markup.places), self._markup.marks)
        self._start = self._scan = end
        self._event = TOO_LARGE, TooLarge(head, skip.size_bytes(end))

    def _delivered(self, end: int, shape: "Shape", marks: "Sequence[int]") -> "tuple[int, object]":
        """The event of a child that ends at index `end`."""
        self._start = self._scan = end
        if self._shapes is not None and self._buf.startswith(b"<", end):
            self._begin_known(end)
        else:
            self._state = TEXT
            self._until = self._size_bytes
        return STANZA, self._make_node(shape, marks)

    def _may_be_known(self, lt: int) -> None:
        """A child begins at index `lt` that may be a known one."""
        self._shapes.begin(lt)
        self._state = SHAPE
        until = lt + self._stanza_bytes
        self._tight = len(self._buf) > until
        self._until = until if until < self._size_bytes else self._size_bytes
