"""What every device does between its switch and its first call: settings, flash, client, link, handset. And running."""

import gc
import os

from nocarrier.client import Client
from nocarrier.queue.store import Store
from nocarrier_ports.flash import FolderFlash
from nocarrier_ports.handset.app import App
from nocarrier_ports.handset.screen import Screen
from nocarrier_ports.links.choice import link_of
from nocarrier_ports.loop import Ticks, drop
from nocarrier_ports.loop import run as run_loop
from nocarrier_ports.runner import Runner

try:
    from typing import Any, Callable

    from nocarrier_ports.links.stream import StreamLink
except ImportError:
    pass

_PAGE_CHARS = 800
# More than a kilobyte that nobody needs any more when the client stands.
_BOOT_ONLY = ("nocarrier_ports.settings", "nocarrier.limits", "nocarrier.queue.limits", "nocarrier.wire.limits")


def boot(
    folder: str,
    surface: "Callable[[], Any]",
    wire: "Callable[[str], StreamLink]",
    entropy: "Callable[[int], bytes]",
    on_event: "Callable[[int, object], None]",
) -> "tuple[App, int]":
    """Everything that runs, of what settings.json in the folder says; and how fast the clock is.

    surface(): the display (handset/screen.py), with width_px and height_px, and has(code point) if it has letters
    beyond ASCII. wire(port): the stream to the modem.
    entropy(n): n random bytes. on_event: see App.
    """
    from nocarrier_ports.settings import load

    # Or what comes first would fill the heap to its end before the first collection, and what stays lie all over it.
    gc.threshold(1024)
    settings = load(folder + "/settings.json")
    try:
        os.mkdir(folder + "/flash")
    except OSError:
        pass  # it is there
    # What is large and stays comes first, while the heap is in one piece.
    display = surface()
    link = link_of(settings, wire, entropy)  # with the memory that TLS takes, if it is wanted
    store = Store(FolderFlash(folder + "/flash"), settings.queue)
    client = Client(settings.account, store, settings.line, entropy, settings.client)
    runner = Runner(client, link, entropy, settings.runner)
    client.open()
    screen = Screen(display, display.width_px, display.height_px, getattr(display, "has", None))
    app = App(client, runner, screen, _PAGE_CHARS, on_event)
    return app, settings.speed


def run(app: App, poll: "Callable[[App], bool]", speed: int, utc_s: "Callable[[], int]") -> None:
    """Dials, and runs until poll(app), which hands keys or commands to the app, returns False."""
    drop(_BOOT_ONLY)
    gc.threshold(2048)  # more seldom than while booting, and the free memory is in more and smaller pieces
    ticks = Ticks(speed)
    app.runner.dial(ticks.now_ms())
    run_loop(app, poll, ticks, utc_s, max(1, 10 // speed))


def run_with_keys(app: App, keyboards: "tuple[Any, ...]", speed: int, utc_s: "Callable[[], int]") -> None:
    """For ever, with the keys of these (hardware/keyboards.py)."""

    def poll(app: App) -> bool:
        for keyboard in keyboards:
            for code in keyboard.poll():
                app.key(code, 0, True)
                app.key(code, 0, False)
        return True

    run(app, poll, speed, utc_s)
