"""What a modem in command state says (V.250 §5.7), line by line, and what is said to it.

Theory of operation. There is one reader for everything: results, information text and what a modem says unasked may
come anywhere, split anywhere, so nobody else reads the port while a modem is in command state. A line ends with LF; a
result in digits ends with CR alone, and so does the echo of a command, which is told by what was sent. Where data of a
known length follows a line, and behind CONNECT, take() hands out bytes as they are.
"""

from nocarrier.compat import const
from nocarrier.modular import ticks_add, ticks_diff

try:
    from typing import TYPE_CHECKING, Optional, Union

    from nocarrier_ports.links.link import Buffer

    if TYPE_CHECKING:
        from nocarrier_ports.links.desktop_serial import DesktopSerialLink
        from nocarrier_ports.links.stream import StreamLink

        SerialPort = Union[StreamLink, DesktopSerialLink]
except ImportError:
    pass

_READ_BYTES = const(64)
_LINE_BYTES = const(160)  # an over-long line is noise and is cut
_STALE_READS = const(16)
_CR = const(13)
_LF = const(10)
_PROMPT = const(62)
PROMPT = b">"  # the modem waits for data; no line, since no end follows it

# Final result codes of a command, in words and digits (V.250 table 1, 3GPP TS 27.007 §9.2).
_ENDS_WELL = (b"OK", b"0", b"SHUT OK", b"CLOSE OK")  # the last two: SIMCom's for +CIPSHUT and +CIPCLOSE
_ENDS_BADLY = (b"ERROR", b"4")
_ENDS_BADLY_BEGIN = (b"+CME ERROR:", b"+CMS ERROR:")


def verdict(line: bytes) -> "Optional[bool]":
    """Whether the line ends a command well (True) or badly (False); None if it is no final result code."""
    if line in _ENDS_WELL:
        return True
    if line in _ENDS_BADLY or line.startswith(_ENDS_BADLY_BEGIN[0]) or line.startswith(_ENDS_BADLY_BEGIN[1]):
        return False
    return None


def text_of(line: bytes) -> str:
    """A line for people: noise is shown as question marks."""
    return "".join([chr(byte) if 32 <= byte < 127 else "?" for byte in line])


class AtPort:
    """A serial port with a modem in command state. Nothing waits: line() says what has come so far.

    due_ms: when the command that was sent last is overdue.
    """

    def __init__(self, port: "SerialPort") -> None:
        self.port = port
        self.due_ms = 0
        self._buf = bytearray(_READ_BYTES)
        self._at = self._end = 0  # what has been read and not looked at
        self._line = bytearray()
        self._unsent = b""
        self._sent = b""  # the last command, whose echo is no answer

    def open(self, now_ms: int) -> None:
        """Opens the port and forgets the answers to somebody else's commands."""
        self.port.open(now_ms)
        self._at = self._end = 0
        self._line = bytearray()
        self._unsent = b""
        for _ in range(_STALE_READS):
            if self.port.read_into(self._buf) == 0:
                break

    def send(self, command: str, wait_ms: int, now_ms: int) -> None:
        """Sends "AT" and the command; its answer is due in wait_ms."""
        self._sent = ("AT" + command).encode()
        self.put(self._sent + b"\r")
        self.due_ms = ticks_add(now_ms, wait_ms)

    def put(self, data: bytes) -> None:
        """Writes what the port takes now; the rest goes with the next call, which line() makes too."""
        self._unsent += data
        if self._unsent:
            self._unsent = self._unsent[self.port.write(self._unsent) :]

    def unsent(self) -> bool:
        """True if the port has not taken everything yet."""
        return bool(self._unsent)

    def overdue(self, now_ms: int) -> bool:
        """True if the answer should have come by now."""
        return ticks_diff(now_ms, self.due_ms) >= 0

    def line(self) -> "Optional[bytes]":
        """The next line that is complete, without its ends and never empty; None if none is."""
        self.put(b"")
        while True:
            if self._at == self._end:
                self._at, self._end = 0, self.port.read_into(self._buf)
                if self._end == 0:
                    return None
            byte = self._buf[self._at]
            self._at += 1
            line = self._byte(byte)
            if line:
                return line

    def take(self, buf: "Buffer") -> int:
        """Bytes behind the last line, as they are; returns how many, 0 if there are none."""
        n = min(self._end - self._at, len(buf))
        if n == 0:
            return self.port.read_into(buf)
        buf[:n] = self._buf[self._at : self._at + n]
        self._at += n
        return n

    def _byte(self, byte: int) -> bytes:
        """The line that this byte completes, or b""."""
        line = self._line
        if byte == _LF or byte == _CR:
            text = bytes(line).strip()
            # The echo ends with CR; so do digits, and only those are whole without LF.
            if byte == _CR and text != self._sent and not text.isdigit():
                return b""
            self._line = bytearray()
            return b"" if text == self._sent else text
        if len(line) < _LINE_BYTES:
            line.append(byte)
        if byte == _PROMPT and len(line) == 1:
            self._line = bytearray()
            return PROMPT
        return b""
