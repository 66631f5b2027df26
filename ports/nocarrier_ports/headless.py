"""A handset whose screen nobody sees, driven over a cable (remote.py): what boards of this kind have in common."""

import select
import sys

import framebuf

from nocarrier_ports import device
from nocarrier_ports.remote import Remote

try:
    from typing import Any, Callable

    from nocarrier_ports.handset.app import App
    from nocarrier_ports.links.stream import StreamLink
except ImportError:
    pass

_WIDTH_PX = 160
_COMMAND_BYTES = 256  # read from the cable between two steps
_HEIGHT_PX = 128  # of the colour screens for boards with so little memory


class Display:
    """A screen that nobody sees; "screen" of the remote control reads it as text."""

    width_px = _WIDTH_PX
    height_px = _HEIGHT_PX

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
    """As device.boot(), and the remote control. write(text): to the cable."""
    remote = Remote(write)
    app, speed = device.boot(folder, Display, wire, entropy, remote.on_event)
    return app, remote, speed


def run_on_stdin(
    folder: str, wire: "Callable[[str], StreamLink]", entropy: "Callable[[int], bytes]", utc_s: "Callable[[], int]"
) -> None:
    """Boots, and runs until standard input ends, which is where the commands come from: a USB cable, or a pipe."""
    app, remote, speed = boot(folder, wire, entropy, sys.stdout.write)
    cable = select.poll()
    cable.register(sys.stdin, select.POLLIN)

    def poll(app: App) -> bool:
        # Byte by byte: a line has no limit before it is read, and half a line must not hold up the radio.
        for _ in range(_COMMAND_BYTES):
            if not cable.poll(0):
                break
            byte = sys.stdin.buffer.read(1)
            if not byte:
                return False
            remote.receive(byte, app)
        return True

    device.run(app, poll, speed, utc_s)
