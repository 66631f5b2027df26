"""TCP through PPP behind a modem: MicroPython's network.PPP (esp32, 1.27 or newer) on the stream of a call.

Theory of operation. The dialler calls; behind CONNECT the stream is PPP's, and when that has an address, another link
(tcp.py, domain.py) connects through it. Everything is made anew for each call, since a PPP object that has lost its
line is of no use any more; and it is taken down in the one order that does not crash: connection, PPP, until it says
that it is down, call. PPP notices a dead line late or never: the carrier does, where it is wired, and else the
session's own rule.
"""

from nocarrier.compat import const
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.links.link import Link, NetError, NoCarrier

try:
    from typing import Any, Callable, Optional

    from nocarrier_ports.links.dialler import Dialler
    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass

_IDLE = const(0)
_CALLING = const(1)
_NEGOTIATING = const(2)
_CONNECTING = const(3)
_UP = const(4)
_FALLING = const(5)  # PPP was told to end
_HANGING_UP = const(6)

_NEGOTIATE_MS = const(30_000)
_FALL_MS = const(5_000)
_STATUS = ("", "", "PPP", "net", "online", "hanging up", "hanging up")


class PppLink(Link):
    """dialler: the call. stream: the same port's, which PPP reads and writes meanwhile. inner: the link through it.

    make(stream): network.PPP, or what behaves so. user, key: what the provider wants, with CHAP, or with PAP where that
    is asked for; user "" for neither.
    """

    def __init__(
        self,
        dialler: "Dialler",
        stream: "Any",
        inner: Link,
        make: "Callable[[Any], Any]",
        user: str = "",
        key: str = "",
        pap: bool = False,
    ) -> None:
        self._dialler = dialler
        self._stream = stream
        self._inner = inner
        self._make = make
        self._user = user
        self._key = key
        self._pap = pap
        self._ppp: "Any" = None
        self._state = _IDLE
        self._due_ms = 0

    def open(self, now_ms: int) -> None:
        self._dialler.open(now_ms)
        self._state = _CALLING

    def ready(self, now_ms: int) -> bool:
        if self._state == _CALLING and self._dialler.ready(now_ms):
            self._negotiate(now_ms)
        if self._state == _NEGOTIATING:
            self._negotiating(now_ms)
        if self._state == _CONNECTING:
            self._check()
            if self._inner.ready(now_ms):
                self._state = _UP
        return self._state == _UP

    def _negotiate(self, now_ms: int) -> None:
        self._ppp = self._make(self._stream)
        ppp = self._ppp
        try:
            if self._user:
                ppp.connect(security=ppp.SEC_PAP if self._pap else ppp.SEC_CHAP, user=self._user, key=self._key)
            else:
                ppp.connect()
        except OSError as error:
            raise NetError("PPP: %s" % error) from None
        self._state = _NEGOTIATING
        self._due_ms = ticks_add(now_ms, _NEGOTIATE_MS)

    def _negotiating(self, now_ms: int) -> None:
        if self._ppp.isconnected():
            self._inner.open(now_ms)
            self._state = _CONNECTING
        elif self._dialler.carrier() is False:
            raise NoCarrier()
        elif ticks_diff(now_ms, self._due_ms) >= 0:
            raise NetError("PPP: no address")

    def _check(self) -> None:
        """Raises NoCarrier if the line, or PPP on it, is gone."""
        if self._dialler.carrier() is False or not self._ppp.isconnected():
            raise NoCarrier()

    def poll(self, now_ms: int) -> None:
        if self._state == _UP:
            self._check()
            self._inner.poll(now_ms)

    def closing(self, now_ms: int) -> bool:
        if self._state in (_NEGOTIATING, _CONNECTING, _UP):
            self._inner.close()
            self._ppp.disconnect()
            self._state = _FALLING
            self._due_ms = ticks_add(now_ms, _FALL_MS)
        elif self._state == _CALLING:
            self._state = _HANGING_UP
        if self._state == _FALLING and (not self._ppp.isconnected() or ticks_diff(now_ms, self._due_ms) >= 0):
            self._let_go()
            self._state = _HANGING_UP
        if self._state == _HANGING_UP and not self._dialler.closing(now_ms):
            self._state = _IDLE
        return self._state != _IDLE

    def close(self) -> None:
        """At once: the order is kept, but nothing is waited for."""
        self._inner.close()
        if self._ppp is not None:
            try:
                self._ppp.disconnect()
            except OSError:
                pass
            self._let_go()
        self._dialler.close()
        self._state = _IDLE

    def _let_go(self) -> None:
        """Takes the stream away: PPP that still waits for the other side's consent would read the modem's answers."""
        self._ppp.config(stream=None)
        self._ppp = None

    # -- what the link through it does ------------------------------------------------------------------------------

    def tls(self) -> "Optional[dict[str, bytes]]":
        return self._inner.tls()

    def starts_tls(self) -> bool:
        return self._inner.starts_tls()

    def start_tls(self, now_ms: int) -> None:
        self._inner.start_tls(now_ms)

    def stirred(self) -> bool:
        return self._inner.stirred()

    def read_into(self, buf: "Buffer") -> int:
        return self._inner.read_into(buf)

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        return self._inner.write(data)

    def carrier(self) -> "Optional[bool]":
        return self._dialler.carrier()

    def redirect(self, address: str) -> bool:
        return self._inner.redirect(address)

    def deadline_ms(self) -> "Optional[int]":
        if self._state in (_CALLING, _HANGING_UP):
            return self._dialler.deadline_ms()
        return self._inner.deadline_ms() if self._state in (_CONNECTING, _UP) else None

    def status(self) -> str:
        if self._state in (_CALLING, _HANGING_UP):
            return self._dialler.status()
        return _STATUS[self._state]
