"""The push parser: bytes in any pieces to the events of an XML stream.

Theory of operation. Bytes go into one buffer (source.py). A depth-1 child whose markup has been seen before is
recognised by it (shapes.py): C code finds and compares, and only the bytes of its values are looked at, in values.py.
Any other child is walked through token by token (walker.py, framer.py) until its depth is back at 1; then markup.py
checks every rule, and the child's shape is remembered. Either way the child is delivered as a window on the buffer
(node.py), which decodes what it is asked for.

A child over the limits is walked through in the same way, and its bytes are dropped as they come (skip.py).

What the bytes of a stream are answered with does not depend on how they are cut: every decision is made at a place in
the stream, not at the end of a chunk. A feed that completes nothing allocates nothing. After an error the object keeps
raising it.
"""

from nocarrier.compat import const
from nocarrier.errors import UsageError, XmlError
from nocarrier.wire import walker
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.source import Source
from nocarrier.wire.values import check_all

try:
    from typing import Optional, Sequence

    from nocarrier.wire.shapes import Shapes
    from nocarrier.wire.source import Data
except ImportError:
    pass

# Kinds of events.
HEADER = walker.HEADER
STANZA = walker.STANZA
TOO_LARGE = walker.TOO_LARGE
END = walker.END

# As in walker.py and shapes.py; once more, because only a constant of the same module costs nothing.
_SHAPE = const(1)
_TOKEN = const(2)
_NOT_ASKED = const(-1)
_MORE = const(0)
_MATCHED = const(1)

_ROOM_BYTES = const(16)  # for what may be left of a skipped stanza, beside its start tag


class StreamParser(walker.Walker):
    """Parser of one XML stream (RFC 6120 §4.2, §11)."""

    def __init__(self, limits: WireLimits, steady: "Sequence[str]" = ()) -> None:
        """steady: names of attributes whose values seldom change; it saves time to know them (shapes.py)."""
        self._size_bytes = limits.stanza_bytes + limits.chunk_bytes + _ROOM_BYTES
        super().__init__(limits, Source(self._size_bytes), steady)
        self._extend = self._buf.extend
        if limits.words:
            # Only here: where there is no memory for words there is none for the module.
            from nocarrier.wire.shapes import Shapes

            self._shapes = Shapes(self._source, limits.words, self._size_bytes)
        self.reset()

    def reset(self) -> None:
        """Begins anew on another transport: what is not parsed yet is thrown away. The memory is kept."""
        self._start = len(self._buf)
        self.restart()

    def feed(self, data: "Data") -> None:
        """Takes the next bytes of the stream; for limits.chunk_bytes there is always room.

        Raises UsageError if there is none: too many bytes, or the events of those before were not taken.
        """
        if len(self._buf) + len(data) > self._size_bytes:
            self._to_front()
            if len(self._buf) + len(data) > self._size_bytes:
                raise UsageError("%d bytes fed, and %d not parsed" % (len(data), len(self._buf)))
        if self._skip.active:
            self._skip.fed(data)
        self._extend(data)

    def next_event(self) -> "Optional[tuple[int, object]]":
        """The next event as (kind, value), or None when more bytes are needed. Raises XmlError, then for ever.

        A Node in a value is good until the next call of this parser.
        """
        if self._state == _SHAPE:
            self._found = self._shapes.match()
            if self._found == _MORE and len(self._buf) <= self._until:
                return None
        elif self._scan == len(self._buf) and self._depth == 1 and not self._ends_at_once:
            if self._source.error is None:
                return None
        return self._event_behind()

    def close(self) -> None:
        """The transport ended. Raises XmlError if the stream had not (RFC 6120 §4.4)."""
        if self._source.error is None and self._depth != walker.ENDED:
            at = self._source.base + len(self._buf)
            raise XmlError("not-well-formed", "the stream ended without its end tag", at)

    def _event_behind(self) -> "Optional[tuple[int, object]]":
        """The event that comes next, with self._found known."""
        if self._source.error is not None:
            raise self._source.error
        self._event = None
        while self._event is None:
            if not (self._known() if self._state == _SHAPE else self._step()):
                break
        return self._event

    def _to_front(self) -> None:
        """Drops what is behind us."""
        gap, self._start = self._start, 0
        self._source.drop(0, gap)
        self._skip.moved(gap)
        self._moved(gap)

    # --- a child that may be a known one

    def _known(self) -> bool:
        """The child at hand has matched a shape, or none, or may be too large. False if more bytes are needed."""
        known = self._shapes
        if self._found == _NOT_ASKED:
            self._found = known.match()
        if self._found == _MORE and len(self._buf) <= self._until:
            return False
        if self._found == _MATCHED and known.end <= self._until and self._is_good(known):
            self._delivered(known.end, known.shape, known.marks)
        else:
            self._state = _TOKEN
            self._framer.begin(self._start)
        return True

    def _is_good(self, known: "Shapes") -> bool:
        """False if its values are not; what is wrong, and where first, is then for framer and markup to say."""
        try:
            check_all(self._source, known.marks, known.count, self._limits.value_bytes)
        except XmlError:
            self._source.error = None
            return False
        return True
