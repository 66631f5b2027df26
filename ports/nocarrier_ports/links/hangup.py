"""Ends a call politely: by DTR, or by the escape sequence and the modem's own commands (V.250 §5.2, §6.3).

Dropping DTR is the sure way, where that line is wired and the modem looks at it; if the carrier stays, and wherever
there is no such line, the modem is called back to command state: silence, three characters, silence.
"""

from nocarrier.compat import const
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.links.at import verdict

try:
    from nocarrier_ports.links.at import AtPort
    from nocarrier_ports.links.dialprofile import DialProfile
except ImportError:
    pass

_ESCAPE = b"+++"

_IDLE = const(0)
_DTR_LOW = const(1)
_GUARD = const(2)  # silence before the sequence
_ESCAPING = const(3)  # it was sent; silence, or OK
_COMMAND = const(4)

_DTR_MS = const(300)


class HangUp:
    """Nothing waits: step() goes on until it returns False. When it wants to be called: at.due_ms."""

    def __init__(self, at: "AtPort", profile: "DialProfile") -> None:
        self._at = at
        self._profile = profile
        self._state = _IDLE
        self._step = 0
        self._escaped_ms = 0

    def cancel(self) -> None:
        self._state = _IDLE

    def begin(self, online: bool, dtr_works: bool, now_ms: int) -> None:
        """online: the modem is in data state, or nobody knows in which."""
        if not online:
            self._at.put(b"\r")  # any character aborts a dial command (V.250 §6.3.1)
            self._command(0, now_ms)
        elif dtr_works and self._profile.by_dtr:
            self._at.port.set_dtr(False)
            self._wait(_DTR_LOW, _DTR_MS, now_ms)
        else:
            self._wait(_GUARD, self._profile.guard_ms, now_ms)

    def step(self, now_ms: int) -> bool:
        """True while there is more to do."""
        while self._state != _IDLE:
            line = self._at.line()
            if line is None:
                break
            self._line(line, now_ms)
        if self._state != _IDLE and self._at.overdue(now_ms):
            self._overdue(now_ms)
        return self._state != _IDLE

    def _line(self, line: bytes, now_ms: int) -> None:
        if self._state == _COMMAND and verdict(line) is not None:
            self._command(self._step + 1, now_ms)
        elif self._state == _ESCAPING and verdict(line):
            # Before the guard time is over it can only be data that was on its way.
            if ticks_diff(now_ms, self._escaped_ms) >= self._profile.guard_ms:
                self._command(0, now_ms)

    def _overdue(self, now_ms: int) -> None:
        if self._state == _DTR_LOW:
            self._at.port.set_dtr(True)
            if self._at.port.carrier():  # this modem does not look at DTR
                self._wait(_GUARD, self._profile.guard_ms, now_ms)
            else:
                self._state = _IDLE
        elif self._state == _GUARD:
            self._at.put(_ESCAPE)
            self._escaped_ms = now_ms
            self._wait(_ESCAPING, 2 * self._profile.guard_ms, now_ms)
        elif self._state == _ESCAPING:
            self._command(0, now_ms)
        else:
            self._command(self._step + 1, now_ms)

    def _wait(self, state: int, delay_ms: int, now_ms: int) -> None:
        self._state = state
        self._at.due_ms = ticks_add(now_ms, delay_ms)

    def _command(self, step: int, now_ms: int) -> None:
        self._step = step
        if step == len(self._profile.hang_up):
            self._state = _IDLE
            return
        self._state = _COMMAND
        self._at.send(self._profile.hang_up[step], self._profile.answer_ms, now_ms)
