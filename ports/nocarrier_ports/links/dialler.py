"""Calls one number through a modem (V.250) on a serial port: a telephone's, or a module's for GSM and LTE.

Theory of operation. The dialler is a link made of a link: it owns a serial port and speaks AT on it (at.py) until the
modem says CONNECT; behind that line every byte belongs to the call. Its states are the constants below; ready(), poll()
and closing() move them on, nothing waits. What is long has a part of its own: bringing the modem up (bringup.py), a
terminal server's questions (loginscript.py), hanging up (hangup.py). What modems differ in is in dialprofile.py.

Words like NO CARRIER may be the modem's or a message's. Where there is a carrier line, that says which. Else they are
only a hint (hints.py): when they stand alone and silence follows, doubtful() says so, and whoever reads the call asks
its server for a sign of life. Any byte that follows shows that they were data; calling the modem back to ask it would
put the escape sequence into the call.
"""

from nocarrier.compat import const
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.links.address import halves, redirected
from nocarrier_ports.links.at import AtPort, text_of
from nocarrier_ports.links.bringup import Access
from nocarrier_ports.links.dialprofile import DialProfile
from nocarrier_ports.links.hangup import HangUp
from nocarrier_ports.links.hints import Hints
from nocarrier_ports.links.link import Link, NoAnswer, NoCarrier
from nocarrier_ports.links.loginscript import LoginScript
from nocarrier_ports.links.start import Start

try:
    from typing import Optional

    from nocarrier_ports.links.at import SerialPort
    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass

_IDLE = const(0)
_STARTING = const(1)
_DIALLING = const(2)
_SCRIPT = const(3)
_ONLINE = const(4)
_HANGING_UP = const(5)

_STATUS = ("", "modem", "dialling", "logging in", "online", "hanging up")
_CONNECTED = (b"1", b"5")  # in digits; above 8 they mean CONNECT at some rate, on which vendors do not agree
_LAST_FAILURE = const(8)
_PLUS = const(0x2B)


class Dialler(Link):
    """Calls one number: digits, or host:port where the profile is a data service's.

    port: the serial link to the modem. access: what a network wants to know. script: of a terminal server behind it.
    connect_text: the modem's words when the call stood.
    """

    def __init__(
        self,
        port: "SerialPort",
        number: str,
        profile: "Optional[DialProfile]" = None,
        access: "Optional[Access]" = None,
        script: "tuple[tuple[str, str], ...]" = (),
    ) -> None:
        self._port = port
        self._number = number
        self._elsewhere = ""  # where the next call goes, and only that
        self._profile = profile = profile or DialProfile()
        self._at = at = AtPort(port)
        self._script = LoginScript(script, at.put)
        self._hangup = HangUp(at, profile)
        self._start = Start(at, profile, access or Access(), self._hangup)
        self._hints = Hints(profile.lost)
        self._state = _IDLE
        self._dtr_works = False
        self._data = b""  # of the call, told from hints
        self._byte = bytearray(1)
        self._now_ms = self._heard_ms = self._written_ms = 0
        self._doubtful = self._doubted = self._script_done = False
        self._plus_waits = self._plus_alone = False
        self.connect_text = ""

    @property
    def signal_dbm(self) -> "Optional[int]":
        """How strong the network was before the call; None where the modem does not tell."""
        return self._start.signal_dbm

    def open(self, now_ms: int) -> None:
        self._at.open(now_ms)
        self._dtr_works = self._port.set_dtr(True)
        self._hints.clear()
        self._hangup.cancel()
        self._data = b""
        self._doubtful = self._doubted = self._plus_waits = self._plus_alone = False
        self._state = _STARTING
        if self._start.begin(self._dtr_works, now_ms):
            self._dial(now_ms)

    def ready(self, now_ms: int) -> bool:
        self._now_ms = now_ms
        if self._state == _STARTING and self._start.step(now_ms):
            self._dial(now_ms)
        while self._state == _DIALLING:
            line = self._at.line()
            if line is None:
                break
            self._line(line, now_ms)
        if self._state == _DIALLING and self._at.overdue(now_ms):
            self._at.put(b"\r")
            self._state = _IDLE
            raise NoAnswer()
        if self._state == _SCRIPT:
            self._run_script(now_ms)
        return self._state == _ONLINE

    def poll(self, now_ms: int) -> None:
        """Tells the time while the call stands. Raises NoCarrier when the modem has said so, and it is true."""
        self._now_ms = now_ms
        hints = self._hints
        if not hints.held or ticks_diff(now_ms, self._heard_ms) < self._profile.guard_ms:
            return
        carrier = self._port.carrier()
        if carrier is False and hints.complete:
            raise NoCarrier()
        if carrier or not hints.complete:
            self._data += hints.held
            hints.clear()
        elif not self._doubted:
            self._doubtful = self._doubted = True

    def doubtful(self) -> bool:
        doubtful, self._doubtful = self._doubtful, False
        return doubtful

    def read_into(self, buf: "Buffer") -> int:
        """As every link; buf holds more than hints.HELD_BYTES."""
        if self._data:
            n = min(len(self._data), len(buf))
            buf[:n] = self._data[:n]
            self._data = self._data[n:]
            return n
        n = 0
        while n == 0:  # 0 would mean that nothing more is there
            held = len(self._hints.held)
            buf[:held] = self._hints.held
            n = self._at.take(memoryview(buf)[held:])
            if n == 0:
                break
            self._heard_ms = self._now_ms
            self._doubtful = self._doubted = False
            n = self._hints.keep(buf, held + n)
        return n

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        """As every link, but never so that data could be the escape sequence: silence, three pluses, silence.

        Writes may end anywhere, since a port takes what it can; a plus that begins one after a silence goes alone, and
        the next one only when the modem no longer counts it.
        """
        if not data:
            return 0
        if data[0] == _PLUS:
            silent = ticks_diff(self._now_ms, self._written_ms) >= self._profile.guard_ms
            if self._plus_alone and not silent:
                self._plus_waits = True
                return 0
            if silent:
                data = data[:1]
        else:
            silent = False
        n = self._port.write(data)
        if n:
            self._plus_alone = silent
            self._plus_waits = False
            self._written_ms = self._now_ms
        return n

    def carrier(self) -> "Optional[bool]":
        return self._port.carrier()

    def closing(self, now_ms: int) -> bool:
        """By DTR if there is such a line (&D2), else, or if the carrier stays, by escape sequence and commands."""
        if self._state == _IDLE:
            return False
        if self._state != _HANGING_UP:
            if not (self._state == _STARTING and self._start.calling_back()):
                in_call = self._state in (_SCRIPT, _ONLINE)
                self._hangup.begin(in_call, self._dtr_works, now_ms)
            self._state = _HANGING_UP
        if not self._hangup.step(now_ms):
            self._state = _IDLE
        return self._state != _IDLE

    def close(self) -> None:
        self._state = _IDLE
        self._port.close()

    def deadline_ms(self) -> "Optional[int]":
        if self._state == _IDLE:
            return None
        if self._state == _SCRIPT:
            return self._script.due_ms
        if self._state != _ONLINE:
            return self._at.due_ms
        if self._hints.held and not self._doubted:
            return ticks_add(self._heard_ms, self._profile.guard_ms)
        return ticks_add(self._written_ms, self._profile.guard_ms) if self._plus_waits else None

    def redirect(self, address: str) -> bool:
        """Only a data service can be told an address."""
        found = redirected(address, halves(self._number)[1]) if "{host}" in self._profile.dial else None
        self._elsewhere = ":".join(found) if found is not None else ""
        return found is not None

    def status(self) -> str:
        return _STATUS[self._state]

    # -- until the call stands --------------------------------------------------------------------------------------

    def _dial(self, now_ms: int) -> None:
        host, port = halves(self._number)
        if self._elsewhere:
            host, port = halves(self._elsewhere)
            self._elsewhere = ""
        self._state = _DIALLING
        command = self._profile.dial.format(number=self._number, host=host, port=port)
        self._at.send(command, self._profile.connect_ms, now_ms)

    def _line(self, line: bytes, now_ms: int) -> None:
        for words, failure in self._profile.failures:
            if _is_one_of(line, words):
                self._state = _STARTING  # the modem is in command state
                raise failure(text_of(line))
        if line.startswith(b"CONNECT") or line in _CONNECTED or (line.isdigit() and int(line) > _LAST_FAILURE):
            self.connect_text = text_of(line)
            self._written_ms = now_ms
            self._script_done = self._script.start(now_ms)
            self._state = _SCRIPT

    def _run_script(self, now_ms: int) -> None:
        """Until it is through, and the port has taken all of it: what follows belongs to somebody else."""
        self._at.put(b"")
        while not self._script_done:
            if self._at.take(self._byte) == 0:
                if self._port.carrier() is False:
                    raise NoCarrier()
                self._script.check(now_ms)
                return
            self._script_done = self._script.byte(self._byte[0], now_ms)
        if not self._at.unsent():
            self._state = _ONLINE


def _is_one_of(line: bytes, words: "tuple[bytes, ...]") -> bool:
    """Words that end with ":" stand for all lines that begin so, but for those that report 0, which is success."""
    for word in words:
        if line == word or (word.endswith(b":") and line.startswith(word) and not line.endswith(b",0")):
            return True
    return False
