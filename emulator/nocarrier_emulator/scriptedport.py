"""A serial port whose other end is a test: what it says is read, what is written to it is kept."""

from nocarrier_ports.links.stream import StreamLink


class ScriptedPort(StreamLink):
    """has_lines: whether DTR and DCD are wired. pieces: how many bytes one read returns at most; 0: what there is."""

    def __init__(self, has_lines: bool = True, pieces: int = 0) -> None:
        self.incoming = bytearray()
        self.written = bytearray()
        self.dcd = False
        self.dtr: list[bool] = []
        self._pieces = pieces
        lines = (self.dtr.append, lambda: self.dcd) if has_lines else (None, None)
        super().__init__(self, *lines)

    def says(self, data: bytes) -> None:
        """The other end sends this."""
        self.incoming += data

    def heard(self) -> bytes:
        """What was written since the last call."""
        written, self.written = bytes(self.written), bytearray()
        return written

    # What StreamLink asks of its stream.

    def readinto(self, buf: bytearray) -> "int | None":
        n = min(len(buf), len(self.incoming), self._pieces or len(buf))
        if n == 0:
            return None
        buf[:n] = self.incoming[:n]
        del self.incoming[:n]
        return n

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        self.written += data
        return len(data)
