"""A Hayes modem (V.250), as a sans-I/O object: bytes of the terminal in and out, a line behind it, control lines.

Commands: AT with chained commands, spaces and lower case, A/ for the last line again; D H O E Q V X S &C &D &F Z I and
the harmless ones, which are answered OK. Escape by guard time, three S2 characters, guard time.
"""

import re
from collections.abc import Callable

from nocarrier_emulator.clock import Alarm, Clock
from nocarrier_emulator.escape import Escape
from nocarrier_emulator.line import Line, LineEnd
from nocarrier_emulator.phonebook import PhoneBook

_CODES = {
    "OK": 0, "CONNECT": 1, "RING": 2, "NO CARRIER": 3, "ERROR": 4, "NO DIALTONE": 6, "BUSY": 7, "NO ANSWER": 8,
}  # fmt: skip
_COMMAND = re.compile(r"(D.*|S\d+(?:=\d*|\?)|[&\\%]?[A-Z]\d*)")
_LINE_CHARS = 80
_LAMP_MS = 150  # how long SD and RD stay lit after a byte
_REGISTERS = 255
_WAITING_BYTES = 1024


class Modem:
    """on_dte(data): bytes for the terminal. dial_ms: from ATD to the result."""

    def __init__(self, clock: Clock, book: PhoneBook, rate_bps: int = 2400, latency_ms: float = 300) -> None:
        self._clock = clock
        self._book = book
        self.rate_bps = rate_bps
        self.latency_ms = latency_ms
        self.dial_ms = 1500.0
        self.think_ms = 0.0  # about each command line
        self.dialtone = True
        self.deaf = False  # switched off: answers nothing
        self.on_dte: Callable[[bytes], None] = lambda data: None
        self.on_room: Callable[[], None] = lambda: None
        self.on_wire: Callable[[str, bytes], None] = lambda way, data: None  # "up" or "down": what crosses the line
        self.dtr = True
        self.total_up = 0  # bytes that went over lines, both ways
        self.total_down = 0
        self._up_ms = self._down_ms = -1e9  # when the last of them passed
        self._connected_ms = 0.0  # of calls that are over
        self._since_ms = 0.0
        self.line: Line | None = None
        self._end: LineEnd | None = None
        self._online = False
        self._waiting = bytearray()  # of the call, while in command state
        self._dialling: Alarm | None = None
        self._text = ""
        self._last = ""
        self._escape = Escape(clock, self._escaped)
        self._defaults()

    def _defaults(self) -> None:
        self._echo, self._quiet, self._verbose = True, False, True
        self._hang_up_on_dtr = 2
        self._carrier_follows = 1
        self._registers = {0: 0, 2: 43, 3: 13, 4: 10, 5: 8, 7: 60, 8: 2, 12: 50}

    # -- control lines ----------------------------------------------------------------------------------------------

    @property
    def dcd(self) -> bool:
        """Data carrier detect, as &C says."""
        return self.connected if self._carrier_follows else True

    @property
    def connected(self) -> bool:
        """A call stands, in data mode or escaped from it."""
        return self.line is not None

    def connected_ms(self) -> float:
        """How long calls have stood, all together: what a telephone company charges for."""
        return self._connected_ms + (self._clock.now_ms() - self._since_ms if self.connected else 0)

    def lamps(self) -> dict[str, bool]:
        """The row of lamps, by the names that stand under them."""
        now_ms = self._clock.now_ms()
        return {
            "MR": not self.deaf,
            "TR": self.dtr,
            "OH": self.connected or self._dialling is not None,
            "CD": self.dcd,
            "SD": now_ms - self._up_ms < _LAMP_MS,
            "RD": now_ms - self._down_ms < _LAMP_MS,
        }

    def set_rate(self, rate_bps: int) -> None:
        """At once, for a call that stands too."""
        self.rate_bps = rate_bps
        if self.line is not None:
            self.line.rate_bps = rate_bps

    def set_plugged(self, plugged: bool) -> None:
        """The telephone plug: out, there is neither carrier nor dial tone."""
        self.dialtone = plugged
        if not plugged:
            self.drop_carrier()

    def set_dtr(self, on: bool) -> None:
        """The terminal raises or drops DTR; &D2 hangs up on its fall."""
        fell = self.dtr and not on
        self.dtr = on
        if not fell:
            return
        self._text = ""  # half a command is no part of the next one
        if self._hang_up_on_dtr >= 2 and (self.connected or self._dialling):
            self._hang_up()

    def drop_carrier(self) -> None:
        """The line is cut from outside."""
        if self.line is not None:
            self.line.drop()

    # -- the terminal -----------------------------------------------------------------------------------------------

    def room(self) -> int:
        """How many bytes write() would take: flow control."""
        if self._online and self.line is not None and self._end is not None:
            return self.line.buffer_bytes - self._end.backlog()
        return 256

    def write(self, data: bytes) -> int:
        """Bytes from the terminal; returns how many were taken."""
        if self.deaf or not data:
            return len(data)
        if self._online and self._end is not None:
            taken = self._end.write(data)
            self.total_up += taken
            self._up_ms = self._clock.now_ms()
            self.on_wire("up", data[:taken])
            self._escape.data(data[:taken], self._registers[2], self._registers[12] * 20)
            return taken
        for byte in data:
            self._command_byte(byte)
        return len(data)

    def _escaped(self) -> None:
        if self._online:
            self._online = False
            self._result("OK")

    def _command_byte(self, byte: int) -> None:
        if self._echo:
            self.on_dte(bytes([byte]))
        if self._dialling is not None:
            self._dialling.cancel()
            self._dialling = None
            self._result("NO CARRIER")
            return
        if byte == self._registers[3]:
            text, self._text = self._text, ""
            if self.think_ms:
                self._clock.call_later(self.think_ms, lambda: self._command_line(text))
            else:
                self._command_line(text)
        elif byte == self._registers[5]:
            self._text = self._text[:-1]
        elif len(self._text) < _LINE_CHARS and 32 <= byte < 127:
            self._text += chr(byte)
            if self._text.upper() == "A/":
                self._text = ""
                self._command_line(self._last)

    def _command_line(self, text: str) -> None:
        plain = text.replace(" ", "").upper()
        at = plain.find("AT")
        if at < 0:
            return
        self._last = text
        rest = plain[at + 2 :]
        while rest:
            match = _COMMAND.match(rest)
            if match is None:
                self._result("ERROR")
                return
            result = self._command(match.group(0))
            if result != "OK":
                if result:
                    self._result(result)
                return
            rest = rest[match.end() :]
        self._result("OK")

    def _command(self, word: str) -> str:
        """Carries out one command; "" if its result comes later."""
        number = int(digits) if (digits := re.sub(r"\D", "", word[1:])) else 0
        if word[0] == "D":
            return self._dial(word[1:])
        if word[0] == "S":
            return self._register(word)
        if word[0] == "H" and number == 0:
            if self.connected:
                self._hang_up(False)
        elif word[0] == "O":
            if not self.connected:
                return "NO CARRIER"
            self._online = True
            self._result("CONNECT %d" % self.rate_bps)
            waiting, self._waiting = bytes(self._waiting), bytearray()
            self._from_line(waiting)
            return ""
        elif word[0] == "E":
            self._echo = number == 1
        elif word[0] == "Q":
            self._quiet = number == 1
        elif word[0] == "V":
            self._verbose = number == 1
        elif word[0] == "Z" or word == "&F":
            if self.connected:
                self._hang_up(False)
            self._defaults()
        elif word[0] == "I":
            self._send(b"\r\nnocarrier modem\r\n")
        elif word[:2] == "&C":
            self._carrier_follows = number
        elif word[:2] == "&D":
            self._hang_up_on_dtr = number
        elif word[0] not in "BLMNPTWXY&\\%":
            return "ERROR"
        return "OK"

    def _register(self, word: str) -> str:
        name, is_set, value = word[1:].rstrip("?").partition("=")
        if not name or int(name) > _REGISTERS:
            return "ERROR"
        if word.endswith("?"):
            self._send(b"\r\n%03d\r\n" % self._registers.get(int(name), 0))
        elif is_set:
            self._registers[int(name)] = min(int(value or 0), 255)
        return "OK"

    def _dial(self, number: str) -> str:
        if self.connected:
            return "ERROR"
        if not self.dialtone:
            return "NO DIALTONE"
        self._dialling = self._clock.call_later(self.dial_ms, lambda: self._ring(number))
        return ""

    def _ring(self, number: str) -> None:
        if not self.dialtone:  # the plug was pulled while it dialled
            self._dialling = None
            self._result("NO CARRIER")
            return
        callee = self._book.find(number)
        heard = callee.ring()
        if heard == "NO ANSWER":
            self._dialling = self._clock.call_later(self._registers[7] * 1000, self._unanswered)
            return
        self._dialling = None
        if heard != "CONNECT":
            self._result(heard)
            return
        self.line = Line(self._clock, self.rate_bps, self.latency_ms)
        self._end = self.line.a
        self._end.on_receive = self._from_line
        self._end.on_drop = self._line_dropped
        self._end.on_room = lambda: self.on_room()
        self._result("CONNECT %d" % self.rate_bps)
        self._online = True
        self._waiting = bytearray()
        self._since_ms = self._clock.now_ms()
        self._escape.begin()
        callee.answer(self.line.b)

    def _unanswered(self) -> None:
        self._dialling = None
        self._result("NO ANSWER")

    def _from_line(self, data: bytes) -> None:
        if not self._online:  # escaped to command state: what comes waits for ATO
            self._waiting += data[: _WAITING_BYTES - len(self._waiting)]
        elif data:
            self.total_down += len(data)
            self._down_ms = self._clock.now_ms()
            self.on_wire("down", data)
            self._send(data)

    def _hang_up(self, say: bool = True) -> None:
        if self._dialling is not None:
            self._dialling.cancel()
            self._dialling = None
        self._connected_ms = self.connected_ms()
        line, self.line, self._end, self._online = self.line, None, None, False
        if line is not None:
            line.a.on_drop = lambda: None
            line.drop()
        if say:
            self._result("NO CARRIER")
        self.on_room()  # who waited for the line may now talk to the modem

    def _line_dropped(self) -> None:
        self._hang_up()

    def _result(self, text: str) -> None:
        if self._quiet:
            return
        if self._verbose:
            self._send(b"\r\n%s\r\n" % text.encode())
        else:
            self._send(b"%d\r" % _CODES.get(text, _CODES["CONNECT"]))

    def _send(self, data: bytes) -> None:
        if not self.deaf:
            self.on_dte(data)
