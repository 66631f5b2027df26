"""A handset whose screen nobody sees, driven over a cable (remote.py): what boards of this kind have in common."""

import framebuf

from nocarrier_ports import device
from nocarrier_ports.handset.letters import draw, has
from nocarrier_ports.remote import Remote

try:
    from typing import Any, Callable

    from nocarrier_ports.handset.app import App
    from nocarrier_ports.links.stream import StreamLink
except ImportError:
    pass

_WIDTH_PX = 160
_HEIGHT_PX = 128  # of the colour screens for boards with so little memory


class Display:
    """A screen that nobody sees; "screen" of the remote control reads it as text."""

    width_px = _WIDTH_PX
    height_px = _HEIGHT_PX

    def __init__(self) -> None:
        self._pixels = bytearray(_WIDTH_PX * _HEIGHT_PX // 8)
        frame = framebuf.FrameBuffer(self._pixels, _WIDTH_PX, _HEIGHT_PX, framebuf.MONO_HLSB)
        self.fill, self.fill_rect, self.has = frame.fill, frame.fill_rect, has

    def text(self, text: str, x: int, y: int, color: int) -> None:
        draw(self._pixels, _WIDTH_PX, text, x, y, color)

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
