"""A handset whose screen nobody sees, driven over a cable (remote.py): what boards of this kind have in common."""

import gc
import os

import framebuf

from nocarrier.client import Client
from nocarrier.queue.store import Store
from nocarrier_ports.flash import FolderFlash
from nocarrier_ports.handset.app import App
from nocarrier_ports.handset.screen import Screen
from nocarrier_ports.links.choice import link_of
from nocarrier_ports.loop import Ticks, drop
from nocarrier_ports.loop import run as run_loop
from nocarrier_ports.remote import Remote
from nocarrier_ports.runner import Runner

try:
    from typing import Any, Callable

    from nocarrier_ports.links.stream import StreamLink
except ImportError:
    pass

_WIDTH_PX = 160
_HEIGHT_PX = 128  # of the colour screens for boards with so little memory
_PAGE_CHARS = 800
# More than a kilobyte that nobody needs any more when the client stands.
_BOOT_ONLY = ("nocarrier_ports.settings", "nocarrier.limits", "nocarrier.queue.limits", "nocarrier.wire.limits")


class Display:
    """A screen that nobody sees; "screen" of the remote control reads it as text."""

    def __init__(self) -> None:
        pixels = framebuf.FrameBuffer(bytearray(_WIDTH_PX * _HEIGHT_PX // 8), _WIDTH_PX, _HEIGHT_PX, framebuf.MONO_HLSB)
        self.fill, self.fill_rect = pixels.fill, pixels.fill_rect
        self.text = pixels.text

    def show(self) -> None:
        pass


def boot(
    folder: str,
    wire: "Callable[[str], StreamLink]",
    entropy: "Callable[[int], bytes]",
    write: "Callable[[str], Any]",
) -> "tuple[App, Remote, int]":
    """Everything that runs, of what settings.json in the folder says; and how fast the clock is.

    wire(port): the stream to the modem. write(text): to the cable.
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
    display = Display()
    store = Store(FolderFlash(folder + "/flash"), settings.queue)
    client = Client(settings.account, store, settings.line, entropy, settings.client)
    link = link_of(settings, wire(settings.port))
    runner = Runner(client, link, entropy, settings.runner)
    remote = Remote(write)
    client.open()
    app = App(client, runner, Screen(display, _WIDTH_PX, _HEIGHT_PX), _PAGE_CHARS, remote.on_event)
    return app, remote, settings.speed


def run(app: App, poll: "Callable[[App], bool]", speed: int, utc_s: "Callable[[], int]") -> None:
    """Dials, and runs until poll(app), which hands commands to the app, returns False."""
    drop(_BOOT_ONLY)
    gc.threshold(2048)  # more seldom than while booting, and the free memory is in more and smaller pieces
    ticks = Ticks(speed)
    app.runner.dial(ticks.now_ms())
    run_loop(app, poll, ticks, utc_s, max(1, 10 // speed))
