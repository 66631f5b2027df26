"""The bare loop of a device: step, look at the keys, sleep a little."""

import sys
import time

from nocarrier.modular import TICKS_MASK, ticks_diff
from nocarrier.session.ladder import LOGIN_ONLY

try:
    from typing import Callable

    from nocarrier_ports.handset.app import App
except ImportError:
    pass

# What takes no memory when it is not needed.
_SELDOM = LOGIN_ONLY + (
    "nocarrier.chat.archive", "nocarrier.queue.compaction", "nocarrier.queue.history", "nocarrier_ports.handset.field",
)  # fmt: skip


class Ticks:
    """The device's clock, `speed` times as fast: 1 in life, more in demonstrations."""

    def __init__(self, speed: int = 1) -> None:
        self._speed = speed
        self._last = time.ticks_ms()
        self._now_ms = 0

    def now_ms(self) -> int:
        now = time.ticks_ms()
        self._now_ms = (self._now_ms + time.ticks_diff(now, self._last) * self._speed) & TICKS_MASK
        self._last = now
        return self._now_ms


def drop(names: "tuple[str, ...]") -> None:
    """Forgets modules: their memory is free as soon as nobody uses them. Importing them again is quick where they are
    frozen."""
    for name in names:
        package, _, last = name.rpartition(".")
        if sys.modules.pop(name, None) is not None and hasattr(sys.modules[package], last):
            delattr(sys.modules[package], last)  # it keeps them too


def run(
    app: "App", poll: "Callable[[App], bool]", ticks: Ticks, utc_s: "Callable[[], int]", sleep_ms: int = 10
) -> None:
    """Runs until poll(app), which hands keys and commands to the app, returns False.

    utc_s(): seconds since 1970, 0 where the board has no clock. What is seldom needed is forgotten whenever a login
    comes a step further, and when the line comes or goes.
    """
    phase = -1
    while True:
        now_ms = ticks.now_ms()
        app.step(now_ms, utc_s())
        now = app.runner.state << 8 | app.client.session.state
        if now != phase:
            phase = now
            drop(_SELDOM)
        if not poll(app):
            return
        due_ms = app.runner.deadline_ms()
        # A key that is derived in slices would take longer by all the pauses between them.
        if due_ms is None or ticks_diff(due_ms, now_ms) > 0:
            time.sleep_ms(sleep_ms)
