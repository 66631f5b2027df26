"""The board "unix": MicroPython on Linux, a serial device or pty as its modem, JSON lines on stdin and stdout.

    micropython -X heapsize=64k -m nocarrier_ports.unix FOLDER

FOLDER holds settings.json and, in flash/, what the device remembers.
"""

import gc

# Before anything else: without it imports fill the heap to its end before the first collection, and what stays of them
# lies scattered all over it. That way a login needs 62 KB, this way 54 KB.
gc.threshold(1024)

import os
import select
import sys
import termios
import time

import framebuf

from nocarrier.client import Client
from nocarrier.queue.store import Store
from nocarrier_ports.flash import FolderFlash
from nocarrier_ports.handset.app import App
from nocarrier_ports.handset.screen import Screen
from nocarrier_ports.links.dialler import Dialler
from nocarrier_ports.links.stream import StreamLink
from nocarrier_ports.loop import Ticks, drop, run
from nocarrier_ports.remote import Remote
from nocarrier_ports.runner import Runner

try:
    from typing import Any
except ImportError:
    pass

_WIDTH_PX = 160
_HEIGHT_PX = 128  # of the colour screens for boards with so little memory
_PAGE_CHARS = 800
_KEYS_BYTES = 256  # read from stdin between two steps
# More than a kilobyte that nobody needs any more when the client stands.
_BOOT_ONLY = ("nocarrier_ports.settings", "nocarrier.limits", "nocarrier.queue.limits", "nocarrier.wire.limits")
_EPOCH_S = 0 if time.gmtime(0)[0] == 1970 else 946_684_800  # some ports count from 2000


class Display(framebuf.FrameBuffer):  # type: ignore[misc]
    """A screen that nobody sees; "screen" of the remote control reads it as text."""

    def __init__(self) -> None:
        self._pixels = bytearray(_WIDTH_PX * _HEIGHT_PX // 8)
        super().__init__(self._pixels, _WIDTH_PX, _HEIGHT_PX, framebuf.MONO_HLSB)

    def show(self) -> None:
        pass


def open_serial(path: str) -> "Any":
    """The serial device as a stream whose reads and writes return at once."""
    stream = open(path, "r+b", buffering=0)  # noqa: SIM115
    termios.setraw(stream.fileno())
    attributes = termios.tcgetattr(stream.fileno())
    attributes[6][5] = attributes[6][6] = 0  # VTIME, VMIN: "nothing there" is an answer
    termios.tcsetattr(stream.fileno(), termios.TCSANOW, attributes)
    return stream


def boot(folder: str) -> "tuple[App, Remote, int]":
    """Everything that runs, of what settings.json says; and how fast the clock is."""
    from nocarrier_ports.settings import load

    settings = load(folder + "/settings.json")
    try:
        os.mkdir(folder + "/flash")
    except OSError:
        pass  # it is there
    # What is large and stays comes first, while the heap is in one piece.
    display = Display()
    store = Store(FolderFlash(folder + "/flash"), settings.queue)
    client = Client(settings.account, store, settings.line, os.urandom, settings.client)
    link = Dialler(StreamLink(open_serial(settings.port)), settings.number)
    runner = Runner(client, link, os.urandom, settings.runner)
    remote = Remote(sys.stdout.write)
    client.open()
    app = App(client, runner, Screen(display, _WIDTH_PX, _HEIGHT_PX), _PAGE_CHARS, remote.on_event)
    return app, remote, settings.speed


def main(folder: str) -> None:
    """Boots the handset and runs until stdin ends."""
    app, remote, speed = boot(folder)
    drop(_BOOT_ONLY)
    keyboard = select.poll()
    keyboard.register(sys.stdin, select.POLLIN)

    def poll(app: App) -> bool:
        # Byte by byte: a line has no limit before it is read, and half a line must not hold up the radio.
        for _ in range(_KEYS_BYTES):
            if not keyboard.poll(0):
                break
            byte = sys.stdin.buffer.read(1)
            if not byte:
                return False
            remote.receive(byte, app)
        return True

    gc.threshold(2048)  # more seldom, and the free memory is in more and smaller pieces
    ticks = Ticks(speed)
    app.runner.dial(ticks.now_ms())
    run(app, poll, ticks, lambda: int(time.time()) + _EPOCH_S, max(1, 10 // speed))


if __name__ == "__main__":
    main(sys.argv[1])
