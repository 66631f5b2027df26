"""One direction of a stream, cut where a reader wants to see it cut: headers, stanzas, keepalives."""

import re
from collections.abc import Iterator

_TAG = re.compile(rb"<(?:!\[CDATA\[.*?\]\]|[^>'\"]|'[^']*'|\"[^\"]*\")*>", re.DOTALL)
_MOST_BYTES = 65_536  # of one piece; longer ones are cut


class StanzaCutter:
    """feed() returns each piece when it is whole. What is no XML, a login's dialogue or TLS, is a piece as it comes."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._at = 0  # where the first tag begins that is not whole
        self._depth = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Bytes of the stream, in any pieces."""
        self._data += data
        while self._data:
            end = self._end()
            if end == 0:
                return
            yield self._taken(end)

    def cut(self) -> bytes:
        """The stream is over: what was not whole."""
        self._depth = 0
        return self._taken(len(self._data))

    def _taken(self, end: int) -> bytes:
        piece = bytes(self._data[:end])
        del self._data[:end]
        self._at = 0
        return piece

    def _end(self) -> int:
        """Of the first piece; 0 if it is not whole."""
        data = self._data
        start = data.lstrip()
        if not start:
            return len(data)  # keepalives
        if self._at == 0 and self._depth <= 1 and start[:1] != b"<":
            return len(data)  # no XML
        while match := _TAG.search(data, self._at):
            self._at = match.end()
            self._depth = self._deeper(match[0])
            if self._depth <= 1 and not match[0].startswith(b"<?"):
                return self._at
        return len(data) if len(data) > _MOST_BYTES else 0

    def _deeper(self, tag: bytes) -> int:
        if tag.startswith(b"<stream:stream"):
            return 1  # a stream within the connection is no child of the one before
        if tag.startswith(b"</"):
            return max(0, self._depth - 1)
        return self._depth + (0 if tag.startswith((b"<?", b"<!")) or tag.endswith(b"/>") else 1)
