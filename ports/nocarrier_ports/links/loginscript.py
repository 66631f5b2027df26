"""What a terminal server wants to hear behind CONNECT: a login, a password, "connect host".

A script is rows of what to expect and what to send then. Nothing of what is sent is ever shown or logged.
"""

from nocarrier.compat import const
from nocarrier.errors import UsageError
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.links.link import LoginFailed, NoCarrier

try:
    from typing import Callable
except ImportError:
    pass

ROWS = const(8)  # at most
_EXPECT_BYTES = const(40)
_SEND_BYTES = const(80)
_LOST = b"\r\nNO CARRIER\r\n"


class LoginScript:
    """rows: (expect, send) each; "" as expect: send at once; "" as send: nothing, not even a line end.

    put(data): writes to the line. step_ms: how long each row may take. Raises UsageError if a row is too long.
    """

    def __init__(
        self, rows: "tuple[tuple[str, str], ...]", put: "Callable[[bytes], None]", step_ms: int = 30_000
    ) -> None:
        if len(rows) > ROWS:
            raise UsageError("login script: more than %d rows" % ROWS)
        for expect, send in rows:
            if len(expect.encode()) > _EXPECT_BYTES or len(send.encode()) > _SEND_BYTES:
                raise UsageError("login script: a row is too long")
        self._rows = rows
        self._put = put
        self._step_ms = step_ms
        self._row = 0
        self._seen = b""
        self.due_ms = 0

    def start(self, now_ms: int) -> bool:
        """The call stands; True if there is nothing to wait for."""
        self._row = -1
        return self._next(now_ms)

    def byte(self, byte: int, now_ms: int) -> bool:
        """Takes a byte of the terminal server; True if the script is through: the next byte is the call's."""
        expect = self._rows[self._row][0].encode()
        self._seen = (self._seen + bytes((byte,)))[-max(len(expect), len(_LOST)) :]
        if self._seen.endswith(expect):
            self._send(now_ms)
            return self._next(now_ms)
        # Without an answer no message can be in it: these are the modem's words.
        if self._seen.endswith(_LOST):
            raise NoCarrier()
        return False

    def check(self, now_ms: int) -> None:
        """Raises LoginFailed if the row's time is over."""
        if ticks_diff(now_ms, self.due_ms) >= 0:
            raise LoginFailed("expected " + self._rows[self._row][0])

    def _next(self, now_ms: int) -> bool:
        self._seen = b""
        while True:
            self._row += 1
            if self._row == len(self._rows):
                return True
            if self._rows[self._row][0]:
                self.due_ms = ticks_add(now_ms, self._step_ms)
                return False
            self._send(now_ms)

    def _send(self, now_ms: int) -> None:
        send = self._rows[self._row][1]
        if send:
            self._put(send.encode() + b"\r")
