"""Sets the clock from the network, once, where the board has none that runs on (SNTP, RFC 4330 §5).

No certificate can be judged without one. Nothing waits; ready() goes on.
"""

import errno
import socket

from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.clock import EARLIEST_S
from nocarrier_ports.links.link import NetError

try:
    from typing import Callable, Optional
except ImportError:
    pass

_SIZE_BYTES = 48
_CLIENT = 0x23  # version 4, mode 3
_SERVER_MODE = 4
_NOT_SET = 3  # leap indicator of a server that does not know the time itself
_MOST_STRATUM = 15  # 0 is a refusal
_ERA_S = 1 << 32
_1970_S = 2_208_988_800  # from 1900
_LATER = (errno.EAGAIN, errno.ECONNREFUSED)


class NetClock:
    """server: address and port. entropy(n): n random bytes. utc_s(), set_utc(utc_s): the board's clock (clock.py).

    timeout_ms: how long the first answer may take, each further one twice as long. tries: questions.
    """

    def __init__(
        self,
        server: "tuple[str, int]",
        entropy: "Callable[[int], bytes]",
        utc_s: "Callable[[], int]",
        set_utc: "Callable[[int], None]",
        timeout_ms: int = 3_000,
        tries: int = 3,
    ) -> None:
        self._server = server
        self._entropy = entropy
        self._utc_s = utc_s
        self._set_utc = set_utc
        self._timeout_ms = timeout_ms
        self._tries = tries
        self._socket: "Optional[socket.socket]" = None
        self._try = self._due_ms = 0
        self._mark = b""

    def begin(self, now_ms: int) -> None:
        """Asks, unless the clock is set. Raises NetError if there is no such server."""
        self.close()
        if self._utc_s():
            return
        try:
            found = socket.getaddrinfo(self._server[0], self._server[1], 0, socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(found[0], found[1], found[2])
            self._socket.setblocking(False)
            self._socket.connect(found[-1])  # the system then takes answers from nobody else
        except (OSError, UnicodeError):
            self._fail("no such time server")
        self._try = 0
        self._send(now_ms)

    def ready(self, now_ms: int) -> bool:
        """True when the clock is set. Raises NetError if nobody tells the time."""
        while self._socket is not None:
            try:
                self._take(self._socket.recv(_SIZE_BYTES))
            except OSError as error:
                if error.errno not in _LATER:
                    self._fail(str(error))
                break
        if self._socket is not None and ticks_diff(now_ms, self._due_ms) >= 0:
            if self._try >= self._tries:
                self._fail("no answer from the time server")
            self._send(now_ms)
        return self._socket is None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, now_ms: int) -> None:
        """Instead of the time, which it has not, a number that the answer must repeat: others cannot guess it."""
        assert self._socket is not None
        self._mark = self._entropy(8)
        self._due_ms = ticks_add(now_ms, self._timeout_ms << self._try)
        self._try += 1
        try:
            self._socket.send(bytes((_CLIENT,)) + bytes(_SIZE_BYTES - 9) + self._mark)
        except OSError as error:
            if error.errno not in _LATER:
                self._fail(str(error))

    def _take(self, answer: bytes) -> None:
        if len(answer) < _SIZE_BYTES or answer[24:32] != self._mark:
            return  # somebody else's, or to an earlier question
        if answer[0] & 7 != _SERVER_MODE or answer[0] >> 6 == _NOT_SET or not 0 < answer[1] <= _MOST_STRATUM:
            return  # this one cannot say; ask again in time
        utc_s = int.from_bytes(answer[40:44], "big") - _1970_S
        utc_s += _ERA_S if utc_s < 0 else 0  # the count begins again in 2036
        if any(answer[40:48]) and utc_s >= EARLIEST_S:  # else it says that it has no time, or none that can be
            self._set_utc(utc_s)
            self.close()

    def _fail(self, why: str) -> None:
        self.close()
        raise NetError(why)
