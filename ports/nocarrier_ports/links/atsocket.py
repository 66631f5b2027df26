"""One TCP connection of a module for GSM or LTE that hands over data in portions (atmodem.py), as a link.

What is written goes as one portion at a time, and is kept until the module has taken it; a module without room is asked
again. What has arrived waits in the module until there is room here.
"""

from nocarrier.compat import const
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.links.address import halves, redirected
from nocarrier_ports.links.link import Link, LinkError, NetError, NoCarrier

try:
    from typing import Optional

    from nocarrier_ports.links.atmodem import AtModem
    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass

# What the connection is.
CLOSED = const(0)
WANTED = const(1)  # the module is to open it, as soon as it can
OPENING = const(2)
OPEN = const(3)
ENDING = const(4)  # the module is to close it

_FULL_MS = const(500)  # before a module that had no room is asked again
_FULL_TRIES = const(60)
_POLL_MS = const(10_000)  # in case the module has not said that something has arrived
_STATUS = ("", "modem", "connecting", "online", "hanging up")


class AtSocket(Link):
    """address: host:port. window_bytes: how much that has arrived is kept here."""

    def __init__(self, modem: "AtModem", address: str, window_bytes: int = 256) -> None:
        self.modem = modem
        self.address = self._home = address
        self._elsewhere = ""  # where the next connection goes, and only that
        self.window_bytes = window_bytes
        self.state = CLOSED
        self.number = 0
        self.outgoing = b""  # the portion that the module has not taken yet
        self.incoming = bytearray()
        self.unread = False  # something waits in the module
        self._fault: "Optional[LinkError]" = None
        self._due_ms = 0
        self._asked_ms = 0
        self._again_ms: "Optional[int]" = None
        self._tries = 0
        self._now_ms = 0

    # -- as a link --------------------------------------------------------------------------------------------------

    def open(self, now_ms: int) -> None:
        self.address, self._elsewhere = self._elsewhere or self._home, ""
        self.outgoing = b""
        self.incoming = bytearray()
        self.unread = False
        self._fault = None
        self._again_ms = None
        self._tries = 0
        self._asked_ms = now_ms
        self.modem.attach(self, now_ms)
        self.state = WANTED

    def ready(self, now_ms: int) -> bool:
        self.poll(now_ms)
        self._check()
        if self.state == OPENING and ticks_diff(now_ms, self._due_ms) >= 0:
            self.state = ENDING
            raise NetError("no connection")
        return self.state == OPEN

    def poll(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self.modem.step(now_ms)

    def read_into(self, buf: "Buffer") -> int:
        """What arrived before the connection ended is read before that is told."""
        if not self.incoming:
            if not self.unread:
                self._check()
            return 0
        n = min(len(buf), len(self.incoming))
        buf[:n] = self.incoming[:n]
        self.incoming = self.incoming[n:]
        return n

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        if self._fault is not None:
            return 0  # read_into() tells, after the last words
        if self.outgoing or self.state != OPEN:
            return 0
        self.outgoing = bytes(data[: self.modem.profile.portion_bytes])
        self.modem.step(self._now_ms)
        return min(len(data), self.modem.profile.portion_bytes)

    def closing(self, now_ms: int) -> bool:
        if self.state in (OPENING, OPEN):
            self.state = ENDING
        elif self.state == WANTED:
            self.state = CLOSED
        if self.modem.off():
            self.state = CLOSED
        if self.state == ENDING and self._fault is None:
            try:
                self.modem.step(now_ms)
            except LinkError:
                self.state = CLOSED
        return self.state == ENDING and self._fault is None

    def close(self) -> None:
        self.state = CLOSED
        self.modem.detach(self)

    def deadline_ms(self) -> "Optional[int]":
        """The module may say something at any time; what this link itself waits for is here."""
        if self._again_ms is not None:
            return self._again_ms
        modem_ms = self.modem.deadline_ms()
        return ticks_add(self._asked_ms, _POLL_MS) if modem_ms is None and self.state == OPEN else modem_ms

    def redirect(self, address: str) -> bool:
        found = redirected(address, halves(self._home)[1])
        if found is not None:
            self._elsewhere = ":".join(found)
        return found is not None

    def status(self) -> str:
        return _STATUS[self.state]

    # -- for the modem ----------------------------------------------------------------------------------------------

    def fail(self, fault: LinkError) -> None:
        """The connection is gone."""
        if self._fault is None:
            self._fault = fault
        self.unread = False
        self.state = CLOSED

    def end(self, fault: LinkError) -> None:
        """The other side has closed it; what waits in the module is read before that is told."""
        if not self.unread:
            self.fail(fault)
        elif self._fault is None:
            self._fault = fault

    def nothing_left(self) -> None:
        """All that waited in the module has been read."""
        self.unread = False
        if self._fault is not None:
            self.state = CLOSED

    def wait_for_opening(self, wait_ms: int, now_ms: int) -> None:
        """The module tries now."""
        self.state = OPENING
        self._due_ms = ticks_add(now_ms, wait_ms)

    def opened(self) -> None:
        if self.state == OPENING:
            self.state = OPEN

    def wants_read(self, now_ms: int) -> bool:
        """True if the module is to be asked for data now."""
        if self.state != OPEN or len(self.incoming) >= self.window_bytes:
            return False
        if not self.unread and ticks_diff(now_ms, self._asked_ms) < _POLL_MS:
            return False
        self._asked_ms = now_ms
        return True

    def wants_send(self, now_ms: int) -> bool:
        """True if the module is to take the portion now."""
        if self.state != OPEN or not self.outgoing or self._fault is not None:
            return False
        return self._again_ms is None or ticks_diff(now_ms, self._again_ms) >= 0

    def taken(self, size_bytes: int, now_ms: int) -> None:
        """The module has taken so much of the portion; 0: it has no room."""
        self.outgoing = self.outgoing[size_bytes:]
        self._tries = 0 if size_bytes else self._tries + 1
        self._again_ms = ticks_add(now_ms, _FULL_MS) if self.outgoing else None
        if self._tries > _FULL_TRIES:
            self.fail(NoCarrier("the module takes nothing"))

    def _check(self) -> None:
        if self._fault is not None:
            raise self._fault
