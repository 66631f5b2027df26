"""A time server on loopback (SNTP, RFC 4330), with faults that can be switched on."""

import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType

_PACKET = struct.Struct(">BBBb11I")  # flags, stratum, poll, precision; delay, dispersion, id, and four times
_FROM_1900_S = 2_208_988_800
_CLIENT_MODE, _SERVER_MODE = 3, 4


class TimeServer:
    """A context manager. utc_s: what it says. drops: how many questions are not answered first. asked: how many came.

    stratum: 0 refuses. leap: 3 does not know. twist: called with each answer's bytes, returns those that are sent.
    """

    def __init__(self, utc_s: int) -> None:
        self.utc_s = utc_s
        self.asked = self.drops = self.leap = 0
        self.stratum = 1
        self.twist: Callable[[bytes], bytes] = lambda data: data
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "TimeServer":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.sendto(b"", self._socket.getsockname())  # wakes the thread, and ends it
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(512)
            if not question:
                return
            if len(question) < _PACKET.size or question[0] & 7 != _CLIENT_MODE:
                continue
            self.asked += 1
            if self.drops:
                self.drops -= 1
                continue
            now = (self.utc_s + _FROM_1900_S & 0xFFFFFFFF, 0)
            flags = self.leap << 6 | question[0] & 0x38 | _SERVER_MODE
            answer = _PACKET.pack(flags, self.stratum, 0, -20, 0, 0, 0, *now, 0, 0, *now, *now)
            answer = answer[:24] + question[40:48] + answer[32:]
            self._socket.sendto(self.twist(answer), client)
