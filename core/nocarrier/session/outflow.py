"""Bytes on their way to the line: in order, bounded, handed out about a second's worth at a time."""

from nocarrier import ns
from nocarrier.errors import UsageError
from nocarrier.session.line import LineProfile
from nocarrier.wire.element import Element
from nocarrier.wire.writer import encode

_LEAST_BYTES = 10_000  # RFC 6120 §13.12
_USUAL_BYTES = 448  # what waits at most while a login is under way


class Outflow:
    """What waits to be taken.

    limit_bytes: how much may wait before add() refuses; stanza_bytes: size of one element.
    """

    def __init__(self, line: LineProfile, limit_bytes: int, stanza_bytes: int) -> None:
        self._line = line
        self._limit_bytes = limit_bytes
        self._most_bytes = self._stanza_bytes = stanza_bytes
        self._alone = 0  # so much of what waits goes in a write of its own
        self.held = False  # that has gone, and the rest is to follow when it has crossed the line
        self._waiting = bytearray(min(limit_bytes, _USUAL_BYTES))
        self.clear()

    def clear(self) -> None:
        """The transport is gone, or new."""
        self._stanza_bytes = self._most_bytes
        self._alone = 0
        self.held = False
        self._waiting[:] = b""  # MicroPython keeps the memory: later there may be none in one piece

    def limit_stanza(self, max_bytes: int) -> None:
        """The server takes no larger element, until clear(). It has to take _LEAST_BYTES."""
        self._stanza_bytes = min(self._stanza_bytes, max(max_bytes, _LEAST_BYTES))

    def encode(self, element: Element) -> bytes:
        """The element's bytes inside a client stream. Raises UsageError if it cannot be written, or is too large."""
        return bytes(encode(element, ns.CLIENT, self._stanza_bytes))

    def put(self, element: Element) -> None:
        """Adds what the stream itself needs: a few bytes, never refused."""
        self._waiting.extend(encode(element, ns.CLIENT, self._most_bytes))

    def put_bytes(self, data: bytes) -> None:
        """Adds what is no whole element: the stream's own tags, white space."""
        self._waiting.extend(data)

    def put_first(self, data: bytes) -> None:
        """Adds it before what waits, of which nothing may have been taken yet."""
        self._waiting[:0] = data

    def part(self) -> None:
        """What waits by now goes in a write of its own: who reads it can answer while the rest is on its way."""
        self._alone = len(self._waiting)

    def add(self, stanza: bytes) -> None:
        """Adds an encoded stanza. Raises UsageError if there is no room for it."""
        if len(stanza) > self.room():
            raise UsageError("more than %d bytes wait" % self._limit_bytes)
        self._waiting.extend(stanza)

    def room(self) -> int:
        """How many bytes add() would still take."""
        return self._limit_bytes - len(self._waiting)

    def hungry(self) -> bool:
        """True if less waits than the line carries in a second, so that more should be added."""
        return self._line.transfer_ms(len(self._waiting)) < 1000

    def waiting(self) -> int:
        """How many bytes wait."""
        return len(self._waiting)

    def take(self, limit: int) -> bytes:
        """Up to `limit` bytes, in order."""
        limit = min(limit, self._alone or limit)
        data = bytes(self._waiting[:limit])
        self._waiting[:limit] = b""
        self.held = 0 < self._alone == len(data)
        self._alone = max(0, self._alone - len(data))
        return data
