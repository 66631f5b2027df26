"""A Hayes modem on a serial link (V.250): init strings, dialling, the CONNECT line, hanging up.

Theory of operation. The dialler is a link made of a link: it owns a serial port and speaks AT on it until the modem
says CONNECT; behind that line's CR LF every byte belongs to the call. States are the constants below; ready() and
closing() move them on, nothing waits.

A modem that does not answer its first command may still be in a call of which nobody here knows (the handheld was
restarted): it is then called back by the escape sequence and hung up, once, before the silence counts as a fault.

The words NO CARRIER may be the modem's or the call's. They are the modem's when they stand alone at the end of what was
received, and the carrier line has fallen or, where there is none, a second of silence follows; until then they are held
back from the data, so that whoever reads the call never sees them.
"""

from nocarrier.compat import const
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.links.link import Link, NoCall, NoCarrier, Timeout
from nocarrier_ports.links.stream import StreamLink

try:
    from typing import TYPE_CHECKING, Optional, Union

    from nocarrier_ports.links.link import Buffer

    if TYPE_CHECKING:
        from nocarrier_ports.links.desktop_serial import DesktopSerialLink

        SerialPort = Union[StreamLink, DesktopSerialLink]
except ImportError:
    pass

_IDLE = const(0)
_COMMAND = const(1)  # an init string was sent, its result is awaited
_DIALLING = const(2)
_ONLINE = const(3)
_GUARD = const(4)  # silence before the escape sequence
_ESCAPING = const(5)  # the sequence was sent; silence, or OK
_HANGING_UP = const(6)  # ATH was sent
_DTR_LOW = const(7)

# Final results of a dial command, in words and, for modems that cannot be talked out of it, digits (V.250 §6.3); what
# the user is told, and how long to wait before the next try. None: the modem refuses the number, as V.250 leaves it to
# the country, and trying would make it worse.
_NO_ANSWER = const("no answer")
_NO_ANSWER_MS = const(30_000)
_FAILURES = (
    ((b"NO CARRIER", b"VOICE", b"ERROR", b"3", b"4"), "no carrier", 2_000),
    ((b"BUSY", b"7"), "number is busy", 15_000),
    ((b"NO ANSWER", b"8"), _NO_ANSWER, _NO_ANSWER_MS),
    ((b"NO DIALTONE", b"NO DIAL TONE", b"6"), "no dial tone", 30_000),
    ((b"BLACKLISTED", b"BLACKLIST FULL", b"DELAYED"), "modem refuses the number", None),
)
_CONNECTED = (b"1", b"5")
_STALE_READS = const(16)
_LOST = b"\r\nNO CARRIER\r\n"
_LINE_BYTES = const(80)
_DTR_MS = const(300)


class DialProfile:
    """What a modem and its line need.

    init:       command lines without "AT", sent one by one, so that an ERROR costs no more than that one.
    guard_ms:   silence around the escape sequence (S12).
    answer_ms:  how long a command may take; connect_ms: how long the call may (more than the modem's S7).
    """

    def __init__(
        self,
        init: "tuple[str, ...]" = ("E0Q0V1", "X4", "&C1", "&D2", "S0=0"),
        guard_ms: int = 1_100,
        answer_ms: int = 3_000,
        connect_ms: int = 75_000,
    ) -> None:
        self.init = init
        self.guard_ms = guard_ms
        self.answer_ms = answer_ms
        self.connect_ms = connect_ms


class Dialler(Link):
    """Calls one number. port: the serial link to the modem."""

    def __init__(self, port: "SerialPort", number: str, profile: "Optional[DialProfile]" = None) -> None:
        self._port = port
        self._number = number
        self._profile = profile or DialProfile()
        self._state = _IDLE
        self._step = 0
        self._due_ms = 0
        self._called_back = False  # the modem was silent, and its old call has been hung up once
        self._reopen = False  # after hanging up go on with the init strings
        self._escaped_ms = 0
        self._unsent = b""  # of a command
        self._dtr_works = False
        self._buf = bytearray(64)
        self._line = bytearray()
        self._data = bytearray()  # behind the CONNECT line in the same read
        self._held = bytearray()  # what may be the beginning of NO CARRIER
        self._held_ms = 0
        self._now_ms = 0
        self.connect_text = ""

    def open(self, now_ms: int) -> None:
        self._port.open(now_ms)
        self._dtr_works = self._port.set_dtr(True)
        self._line = bytearray()
        self._data = bytearray()
        self._held = bytearray()
        self._called_back = self._reopen = False
        self._unsent = b""
        for _ in range(_STALE_READS):  # the answers to somebody else's commands
            if self._port.read_into(self._buf) == 0:
                break
        self._command(0, now_ms)

    def ready(self, now_ms: int) -> bool:
        self._now_ms = now_ms
        self._put(b"")
        while self._state != _ONLINE:
            n = self._port.read_into(self._buf)
            for i in range(n):
                self._byte(self._buf[i], now_ms)
                if self._state == _ONLINE:
                    self._data.extend(memoryview(self._buf)[i + 1 : n])
                    break
            if n == 0:
                break
        if self._state != _ONLINE and ticks_diff(now_ms, self._due_ms) >= 0:
            self._overdue(now_ms)
        return self._state == _ONLINE

    def read_into(self, buf: "Buffer") -> int:
        """As every link; buf holds more than the 14 bytes that may be held back."""
        n = 0
        while n == 0:  # 0 would mean that nothing more is there
            held = len(self._held)
            buf[:held] = self._held
            n = self._fill(memoryview(buf)[held:])
            if n == 0:
                return self._silence(held)
            self._held = bytearray()
            n = self._hold_back(buf, held + n)
        return n

    def _silence(self, held: int) -> int:
        """Nothing came behind what is held back: how much of it is data."""
        if ticks_diff(self._now_ms, self._held_ms) < self._profile.guard_ms:
            return 0
        if held == len(_LOST) and not self._port.carrier():
            raise NoCarrier()
        self._held = bytearray()
        return held

    def _fill(self, view: memoryview) -> int:
        """What came in the same read as the CONNECT line, then what the port has."""
        if not self._data:
            return self._port.read_into(view)
        n = min(len(self._data), len(view))
        view[:n] = self._data[:n]
        self._data = self._data[n:]
        return n

    def poll(self, now_ms: int) -> None:
        """Tells the time while the call stands."""
        self._now_ms = now_ms

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        return self._port.write(data)

    def carrier(self) -> "Optional[bool]":
        return self._port.carrier()

    def closing(self, now_ms: int) -> bool:
        """By DTR if there is such a line (&D2), else, or if the carrier stays, by escape sequence and ATH."""
        if self._state == _IDLE:
            return False
        self._reopen = False
        if self._state in (_COMMAND, _DIALLING):
            self._put(b"\r")  # any character aborts a dial command (V.250 §5.6.1)
            self._hang_up(now_ms)
        elif self._state == _ONLINE:
            self._begin_hang_up(now_ms)
        else:
            self.ready(now_ms)
        return self._state != _IDLE

    def close(self) -> None:
        self._state = _IDLE
        self._port.close()

    def deadline_ms(self) -> "Optional[int]":
        if self._state == _ONLINE:
            return ticks_add(self._held_ms, self._profile.guard_ms) if self._held else None
        return None if self._state == _IDLE else self._due_ms

    def status(self) -> str:
        words = ("", "modem", "dialling", "online", "hanging up", "hanging up", "hanging up", "hanging up")
        return words[self._state]

    # -- the modem's side -------------------------------------------------------------------------------------------

    def _send(self, command: str, wait_ms: int, now_ms: int) -> None:
        self._put(("AT%s\r" % command).encode())
        self._due_ms = ticks_add(now_ms, wait_ms)

    def _put(self, data: bytes) -> None:
        """Writes to the modem what the port takes now; the rest goes with the next call."""
        self._unsent += data
        if self._unsent:
            self._unsent = self._unsent[self._port.write(self._unsent) :]

    def _command(self, step: int, now_ms: int) -> None:
        self._step = step
        if step < len(self._profile.init):
            self._state = _COMMAND
            self._send(self._profile.init[step], self._profile.answer_ms, now_ms)
        else:
            self._state = _DIALLING
            self._send("DT" + self._number, self._profile.connect_ms, now_ms)

    def _byte(self, byte: int, now_ms: int) -> None:
        """Collects a line; an over-long one is noise and is cut."""
        if byte != 0x0A:
            if byte != 0x0D and len(self._line) < _LINE_BYTES:
                self._line.append(byte)
            # Digits end with CR alone, and a modem that echoes ends our own command so.
            if byte != 0x0D or not bytes(self._line).isdigit():
                return
        line = bytes(self._line).strip()
        self._line = bytearray()
        if line:
            self._result(line, now_ms)

    def _result(self, line: bytes, now_ms: int) -> None:
        if self._state == _DIALLING:
            # Digits above 8 mean CONNECT at some rate; which, vendors do not agree on.
            if line.startswith(b"CONNECT") or line in _CONNECTED or (line.isdigit() and len(line) > 1):
                self.connect_text = str(line, "ascii") if max(line) < 128 else "CONNECT"
                self._state = _ONLINE
            for words, text, retry_ms in _FAILURES:
                if line in words:
                    self._state = _COMMAND
                    raise NoCall(text, retry_ms, str(line, "ascii"))
        elif self._state == _COMMAND and line in (b"OK", b"ERROR", b"0", b"4"):
            self._command(self._step + 1, now_ms)
        elif self._state == _ESCAPING and line in (b"OK", b"0"):
            # Before the guard time is over it can only be data that was on its way.
            if ticks_diff(now_ms, self._escaped_ms) >= self._profile.guard_ms:
                self._hang_up(now_ms)
        elif self._state == _HANGING_UP and line in (b"OK", b"ERROR", b"0", b"4"):
            self._hung_up(now_ms)

    def _overdue(self, now_ms: int) -> None:
        """The step's time is over."""
        if self._state == _COMMAND and self._step == 0 and not self._called_back:
            self._called_back = self._reopen = True
            self._begin_hang_up(now_ms)
        elif self._state == _GUARD:
            self._put(b"+++")
            self._escaped_ms = now_ms
            self._wait(_ESCAPING, 2 * self._profile.guard_ms, now_ms)
        elif self._state == _ESCAPING:
            self._hang_up(now_ms)
        elif self._state == _DTR_LOW:
            self._port.set_dtr(True)
            if self._port.carrier():  # this modem does not look at DTR
                self._wait(_GUARD, self._profile.guard_ms, now_ms)
            else:
                self._hung_up(now_ms)
        elif self._state == _HANGING_UP:
            self._hung_up(now_ms)
        else:
            dialling = self._state == _DIALLING
            if dialling:
                self._put(b"\r")
            self._state = _IDLE
            raise NoCall(_NO_ANSWER, _NO_ANSWER_MS) if dialling else Timeout()

    def _wait(self, state: int, delay_ms: int, now_ms: int) -> None:
        self._state = state
        self._due_ms = ticks_add(now_ms, delay_ms)

    def _begin_hang_up(self, now_ms: int) -> None:
        if self._dtr_works:
            self._port.set_dtr(False)
            self._wait(_DTR_LOW, _DTR_MS, now_ms)
        else:
            self._wait(_GUARD, self._profile.guard_ms, now_ms)

    def _hang_up(self, now_ms: int) -> None:
        self._state = _HANGING_UP
        self._send("H", self._profile.answer_ms, now_ms)

    def _hung_up(self, now_ms: int) -> None:
        """After a silent modem's hang-up the call goes on with the init strings; else the line is free."""
        if self._reopen:
            self._reopen = False
            self._command(0, now_ms)
        else:
            self._state = _IDLE

    def _hold_back(self, buf: "Buffer", n: int) -> int:
        """Keeps back the longest end of buf[:n] that may begin NO CARRIER; returns how much is data."""
        for size in range(min(n, len(_LOST)), 0, -1):
            if bytes(buf[n - size : n]) == _LOST[:size]:
                self._held = bytearray(_LOST[:size])
                self._held_ms = self._now_ms
                return n - size
        return n
