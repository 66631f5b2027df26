"""The bare loop of a device: step, look at the keys, sleep a little."""

import time

try:
    from typing import Callable, Optional

    from nocarrier_ports.handset.app import App
except ImportError:
    pass


def run(
    app: "App",
    poll_keys: "Callable[[App], bool]",
    sleep_ms: int = 10,
    utc_s: "Optional[Callable[[], int]]" = None,
) -> None:
    """Runs until poll_keys(app), which hands key presses to the app, returns False.

    utc_s(): seconds since 1970, where the board has a clock.
    """
    while True:
        app.step(time.ticks_ms(), utc_s() if utc_s is not None else 0)
        if not poll_keys(app):
            return
        time.sleep_ms(sleep_ms)
