"""Gets a modem to where it can call, whatever state somebody else has left it in.

It is brought up step by step (bringup.py). A modem that does not answer its first command may still be in a call of
which nobody here knows, since the handheld was restarted: it is then called back by the escape sequence, or by DTR, and
hung up, once, before the silence counts as a fault.
"""

from nocarrier_ports.links.bringup import BringUp
from nocarrier_ports.links.link import Timeout

try:
    from typing import Optional

    from nocarrier_ports.links.at import AtPort
    from nocarrier_ports.links.bringup import Access
    from nocarrier_ports.links.dialprofile import DialProfile
    from nocarrier_ports.links.hangup import HangUp
except ImportError:
    pass


class Start:
    """hangup: the owner's; while calling_back() is True it is at work for this one."""

    def __init__(self, at: "AtPort", profile: "DialProfile", access: "Access", hangup: "HangUp") -> None:
        self._at = at
        self._hangup = hangup
        self._bringup = BringUp(at, profile, access)
        self._called_back = self._calling_back = self._dtr_works = False

    @property
    def signal_dbm(self) -> "Optional[int]":
        """How strong the network is; None where the modem does not tell."""
        return self._bringup.signal_dbm

    def take_signal(self, line: bytes) -> None:
        """An answer to +CSQ, asked for later."""
        self._bringup.take_signal(line)

    def calling_back(self) -> bool:
        return self._calling_back

    def begin(self, dtr_works: bool, now_ms: int) -> bool:
        """Sends the first command; True if there is none."""
        self._dtr_works = dtr_works
        self._called_back = self._calling_back = False
        return self._bringup.start(now_ms)

    def step(self, now_ms: int) -> bool:
        """Goes on; True if the modem can call now. Raises LinkError."""
        if self._calling_back:
            if self._hangup.step(now_ms):
                return False
            self._calling_back = False
            if self._bringup.start(now_ms):
                return True
        while True:
            line = self._at.line()
            if line is None:
                break
            if self._bringup.line(line, now_ms):
                return True
        return self._at.overdue(now_ms) and self._overdue(now_ms)

    def _overdue(self, now_ms: int) -> bool:
        try:
            return self._bringup.overdue(now_ms)
        except Timeout:
            if self._called_back or not self._bringup.silent():
                raise
        self._called_back = self._calling_back = True
        self._hangup.begin(True, self._dtr_works, now_ms)
        return False
