"""The push parser: bytes in any pieces to the events of an XML stream.

Theory of operation. Bytes go into one buffer (source.py). A depth-1 child whose markup has been seen before is
recognised by it (shapes.py): C code finds and compares, and only the bytes of its values are looked at, in values.py.
Any other child is walked through token by token (walker.py, framer.py) until its depth is back at 1; then markup.py
checks every rule, and the child's shape is remembered. Either way the child is delivered as a window on the buffer
(node.py), which decodes what it is asked for.

A child over the limits is walked through in the same way, and its bytes are dropped as they come (skip.py).

What the bytes of a stream are answered with does not depend on how they are cut, nor on the shapes that are known:
every decision is made at a place in the stream, not at the end of a chunk. (Who knows shapes may look later: what is
wrong in a stanza is said when a stanza could end, or when close() is called.) A feed that completes nothing allocates
nothing. After an error the object keeps raising it; after a MemoryError the call can be made again: nothing is lost.
"""

from nocarrier.compat import const
from nocarrier.errors import UsageError, XmlError
from nocarrier.wire import walker
from nocarrier.wire.source import Source
from nocarrier.wire.values import check_all

try:
    from typing import Optional, Sequence

    from nocarrier.wire.limits import WireLimits
    from nocarrier.wire.source import Data
    from nocarrier.wire.walker import Event
except ImportError:
    pass

# Kinds of events.
HEADER = walker.HEADER
STANZA = walker.STANZA
TOO_LARGE = walker.TOO_LARGE
END = walker.END

# As in walker.py; once more, because only a constant of the same module costs nothing.
_OPEN = const(2)
_SHAPE = const(1)
_FRAMED = const(2)

# As in framer.py.
_CHILD = const(0)

# As in shapes.py.
_MORE = const(0)
_MATCHED = const(1)

_VALUES = const(32)  # of a stanza, for which there is room from the first on
_ROOM_BYTES = const(16)  # for what may be left of a skipped stanza, beside its start tag


class StreamParser(walker.Walker):
    """Parser of one XML stream (RFC 6120 §4.2, §11)."""

    def __init__(self, limits: WireLimits, steady: "Sequence[str]" = ()) -> None:
        """steady: names of attributes whose values seldom change; it saves time to know them (shapes.py)."""
        size_bytes = limits.stanza_bytes + limits.chunk_bytes + _ROOM_BYTES
        source = Source(size_bytes, limits.value_bytes, limits.words or _VALUES)
        super().__init__(limits, source, steady, size_bytes)
        if limits.words:
            # Only here: where there is no memory for words there is none for the module.
            from nocarrier.wire.shapes import Shapes

            self._shapes = Shapes(self._source, limits.words)
            self._match = self._shapes.match
        self.reset()

    def reset(self) -> None:
        """Begins anew on another transport: what is not parsed yet is thrown away. The memory is kept."""
        self._start = len(self._buf)
        self.restart()

    def feed(self, data: "Data") -> None:
        """Takes the next bytes of the stream; for limits.chunk_bytes there is always room.

        Raises UsageError if there is none: too many bytes, or the events of those before were not taken.
        """
        if len(self._buf) + len(data) > self._until:
            self._make_room(len(data))
        self._extend(data)

    def next_event(self) -> "Optional[Event]":
        """The next event as (kind, value), or None when more bytes are needed. Raises XmlError, then for ever.

        A Node in a value is good until the next call of this parser.
        """
        if self._state == _SHAPE:
            found = self._match()
            if found == _MORE:
                if not self._tight or not self._too_large():
                    return None
            end = self._shapes.end
            if found == _MATCHED and end <= self._start + self._stanza_bytes:
                try:
                    check_all(self._source, end - self._start)
                    return self._delivered(end)
                except XmlError:
                    self._source.error = None  # what is wrong, and where first, is for framer and markup to say
            self._unknown_shape()
        elif self._start == len(self._buf) and self._where == _OPEN:
            if self._source.error is None:
                return None
        return self._event_behind()

    def close(self) -> None:
        """The transport ended. Raises XmlError if the stream had not (RFC 6120 §4.4)."""
        if self._state == _SHAPE:  # what is there of a stanza may be wrong already
            self._unknown_shape()
            self._event_behind()
        if self._source.error is None and self._where != walker.ENDED:
            at = self._source.base + len(self._buf)
            raise XmlError("not-well-formed", "the stream ended without its end tag", at)

    def _unknown_shape(self) -> None:
        """The child at hand is no known one: it is to be walked through."""
        self._state = _FRAMED
        self._until = self._size_bytes
        self._framer.begin(self._start, _CHILD)

    def _event_behind(self) -> "Optional[Event]":
        """The event that comes next, if it is not a child that is known."""
        if self._source.error is not None:
            raise self._source.error
        event: "Optional[Event]" = walker.GO_ON
        while event is walker.GO_ON:
            if self._state == _SHAPE:
                return self.next_event()
            event = self._step()
        return event

    def _make_room(self, size: int) -> None:
        """For so many bytes more. With them the child at hand may become too large."""
        if len(self._buf) + size > self._size_bytes:
            gap, self._start = self._start, 0
            self._source.drop(0, gap)
            if self._state == _SHAPE:
                self._shapes.moved(gap)
                self._until = self._stanza_bytes
            elif self._state == _FRAMED:
                self._framer.moved(gap)
                self._skip.moved(gap)
            if len(self._buf) + size > self._size_bytes:
                raise UsageError("%d bytes fed, and %d not parsed" % (size, len(self._buf)))
        self._tight = len(self._buf) + size > self._until

    def _too_large(self) -> bool:
        """True if the child at hand, which may be a known one, has not ended within the limit."""
        return len(self._buf) > self._start + self._stanza_bytes
