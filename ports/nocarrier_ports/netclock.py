"""Sets the clock from the network, once, where the board has none that runs on (SNTP, RFC 4330 §5).

No certificate can be judged without one. Nothing waits; ready() goes on.
"""

from nocarrier_ports.clock import EARLIEST_S
from nocarrier_ports.links.udp import UdpQuestion

try:
    from typing import Callable
except ImportError:
    pass

_SIZE_BYTES = 48
_CLIENT = 0x23  # version 4, mode 3
_SERVER_MODE = 4
_NOT_SET = 3  # leap indicator of a server that does not know the time itself
_MOST_STRATUM = 15  # 0 is a refusal
_ERA_S = 1 << 32
_1970_S = 2_208_988_800  # from 1900


class NetClock:
    """server, timeout_ms, tries: see UdpQuestion. entropy(n): n random bytes. utc_s(), set_utc(utc_s): of clock.py."""

    def __init__(
        self,
        server: "tuple[str, int]",
        entropy: "Callable[[int], bytes]",
        utc_s: "Callable[[], int]",
        set_utc: "Callable[[int], None]",
        timeout_ms: int = 3_000,
        tries: int = 3,
    ) -> None:
        self._question = UdpQuestion(server, "time server", timeout_ms, tries)
        self._entropy = entropy
        self._utc_s = utc_s
        self._set_utc = set_utc
        self._mark = b""

    def begin(self, now_ms: int) -> None:
        """Asks, unless the clock is set. Raises NetError if there is no such server."""
        self.close()
        if not self._utc_s():
            self._question.open()
            self._question.begin()
            self._send(now_ms)

    def ready(self, now_ms: int) -> bool:
        """True when the clock is set. Raises NetError if nobody tells the time."""
        while True:
            answer = self._question.answer(_SIZE_BYTES)
            if answer is None:
                break
            self._take(answer)
        if self._question.overdue(now_ms):
            self._send(now_ms)
        return not self._question.is_open()

    def close(self) -> None:
        self._question.close()

    def _send(self, now_ms: int) -> None:
        """Instead of the time, which it has not, a number that the answer must repeat: others cannot guess it."""
        self._mark = self._entropy(8)
        self._question.ask(bytes((_CLIENT,)) + bytes(_SIZE_BYTES - 9) + self._mark, now_ms)

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
