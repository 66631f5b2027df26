"""A stand-in for MicroPython's network.PPP, which no port has that runs here: its rules, and its ways to fail.

It is strict: what real versions do not take (an object used again, arguments without their names) raises here.
"""

from collections.abc import Callable
from typing import Any


class FakePPP:
    """up_ms, down_ms: how long negotiating and falling take, by now_ms(). never: it does not get an address.

    wants: (security, user, key) that the provider lets in; None: anybody.
    """

    SEC_NONE, SEC_PAP, SEC_CHAP = 0, 1, 2

    def __init__(
        self,
        stream: Any,
        now_ms: Callable[[], float],
        up_ms: float = 1_500,
        down_ms: float = 800,
        never: bool = False,
        wants: tuple[int, str, str] | None = None,
    ) -> None:
        self.stream = stream
        self._now_ms = now_ms
        self._up_ms = up_ms
        self._down_ms = down_ms
        self._never = never
        self._wants = wants
        self._begun_ms: float | None = None
        self._ended_ms: float | None = None
        self.lost = False  # the other side is gone, and it has noticed

    def connect(self, *, security: int = SEC_NONE, user: str | None = None, key: str | None = None) -> None:
        if self._begun_ms is not None:
            raise RuntimeError("a PPP object is used once")
        if self._wants is not None and self._wants != (security, user, key):
            self._never = True
        self._begun_ms = self._now_ms()

    def isconnected(self) -> bool:
        if self._ended_ms is not None:
            return self._was_up() and self._now_ms() - self._ended_ms < self._down_ms
        return self._was_up() and not self.lost

    def disconnect(self) -> None:
        if self._ended_ms is None:
            self._ended_ms = self._now_ms()

    def config(self, *, stream: Any) -> None:
        """None: it reads and writes no more."""
        self.stream = stream

    def _was_up(self) -> bool:
        if self._begun_ms is None or self._never:
            return False
        end_ms = self._ended_ms if self._ended_ms is not None else self._now_ms()
        return end_ms - self._begun_ms >= self._up_ms
