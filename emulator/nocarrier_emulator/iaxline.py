"""A telephone exchange for software modems that speak IAX2 (RFC 5456), as small as can be: a caller hears one thing.

It takes calls on a UDP port of loopback and lets them ring, refuses them or says that the number is busy. No sound.
"""

import socket
import struct
import threading
from types import TracebackType

_HEADER = struct.Struct("!HHIBBBB")  # full frame (RFC 5456 §8.1.1)
_FULL = 0x8000
_CONTROL, _IAX = 4, 6
_NEW, _ACK, _REJECT, _ACCEPT = 1, 4, 6, 7
_RINGING, _BUSY = 3, 5
_FORMAT = struct.pack("!BBI", 9, 4, 64)  # information element: 16 bit linear
_OUR_CALL = 7
_POLL_S = 0.1

RINGS, BUSY, REFUSED = "rings", "busy", "refused"


class IaxLine:
    """A context manager. hears: what the next caller hears: RINGS, BUSY or REFUSED. calls: how many there were."""

    def __init__(self, hears: str = RINGS) -> None:
        self.hears = hears
        self.calls = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(_POLL_S)
        self.port: int = self._socket.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._sent = 0  # frames of the call, which are numbered

    def __enter__(self) -> "IaxLine":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                frame, caller = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            if len(frame) >= _HEADER.size and frame[0] & 0x80:
                self._frame(frame, caller)

    def _frame(self, frame: bytes, caller: tuple[str, int]) -> None:
        call, _, time_ms, number, _, kind, subclass = _HEADER.unpack_from(frame)

        def say(kind: int, subclass: int, elements: bytes = b"", counts: bool = True) -> None:
            head = _HEADER.pack(
                _FULL | _OUR_CALL, call & ~_FULL, time_ms + self._sent, self._sent, (number + 1) & 255, kind, subclass
            )
            self._socket.sendto(head + elements, caller)
            self._sent = (self._sent + counts) & 255

        if (kind, subclass) == (_IAX, _NEW):
            self.calls += 1
            self._sent = 0
            if self.hears == REFUSED:
                say(_IAX, _REJECT)
                return
            say(_IAX, _ACCEPT, _FORMAT)
            say(_CONTROL, _BUSY if self.hears == BUSY else _RINGING)
        elif (kind, subclass) != (_IAX, _ACK):
            say(_IAX, _ACK, counts=False)
