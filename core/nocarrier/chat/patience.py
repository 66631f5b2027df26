"""How long the walk waits: for a page, or before it looks once more."""

from nocarrier.compat import const
from nocarrier.modular import ticks_add, ticks_diff

try:
    from typing import Optional
except ImportError:
    pass

_GRACE_MS = const(20_000)  # more, once, if the session was resumed meanwhile: what was lost may be on its way again


class Patience:
    """One wait at a time. It begins when time is told for the first time after wait()."""

    def __init__(self) -> None:
        self._wait_ms = 0
        self._due_ms: "Optional[int]" = None  # until then; None: time has not been told since
        self._grace = 1  # how often waiting may be prolonged
        self._resumed = False  # since time was told

    def wait(self, wait_ms: int) -> None:
        """So long from now on; 0: not at all."""
        self._wait_ms, self._due_ms, self._grace = wait_ms, None, 1

    def resumed(self) -> None:
        """The session goes on, on another stream. On a line that drops ever again waiting must have its end too."""
        self._resumed = True

    def over(self, now_ms: int) -> bool:
        """Time has passed. Returns whether that was all."""
        if self._wait_ms and self._due_ms is None:
            self._due_ms = ticks_add(now_ms, self._wait_ms)
        if self._resumed and self._due_ms is not None:
            later_ms = ticks_add(now_ms, min(self._wait_ms, _GRACE_MS))
            if self._grace and ticks_diff(later_ms, self._due_ms) > 0:
                self._grace -= 1
                self._due_ms = later_ms
        self._resumed = False
        return self._due_ms is not None and ticks_diff(now_ms, self._due_ms) >= 0

    def deadline_ms(self) -> "Optional[int]":
        """When over() becomes true, as far as time was told; None: never."""
        return self._due_ms
