"""Colour screens with a controller of the ST7789 family on SPI: one bit a pixel in memory, sent as RGB565.

A picture of one bit a pixel is what the handset draws, and a tenth of the memory. Lines of pixels that have not changed
since they were sent are not sent again: each leaves a checksum behind.
"""

import array
import binascii
import time

import framebuf

from nocarrier.compat import const
from nocarrier_ports.handset.letters import draw, has

try:
    from typing import Any, Optional
except ImportError:
    pass

_SLEEP_OUT = const(0x11)
_INVERT = const(0x21)
_ON = const(0x29)
_COLUMNS = const(0x2A)
_ROWS = const(0x2B)
_WRITE = const(0x2C)
_ORDER = const(0x36)
_FORMAT = const(0x3A)
_RGB565 = const(0x55)
_RESET = const(0x01)
_WAKE_MS = const(120)  # the controller's own time after reset and after sleep


class Lcd:
    """spi, cs, dc: as machine.SPI and machine.Pin. reset: a pin, or None. width_px: a multiple of 8.

    order: of the controller's memory (MADCTL), which turns and mirrors the picture. left_px, top_px: where the glass
    begins in that memory. inverted: the glass wants it so. ink, paper: RGB565.
    """

    def __init__(
        self,
        spi: "Any",
        cs: "Any",
        dc: "Any",
        reset: "Optional[Any]",
        width_px: int,
        height_px: int,
        order: int,
        left_px: int = 0,
        top_px: int = 0,
        inverted: bool = True,
        ink: int = 0xFFFF,
        paper: int = 0x0000,
    ) -> None:
        self.width_px = width_px
        self.height_px = height_px
        self._spi = spi
        self._cs = cs
        self._dc = dc
        self._left_px = left_px
        self._top_px = top_px
        self._pixels = bytearray(width_px * height_px // 8)
        self._sums = array.array("L", [0] * height_px)
        self._line = bytearray(2 * width_px)
        self._quads = _quads(ink, paper)
        # Not its base class: one with a native base cannot lie in ROM.
        frame = framebuf.FrameBuffer(self._pixels, width_px, height_px, framebuf.MONO_HLSB)
        self.fill, self.fill_rect, self.has = frame.fill, frame.fill_rect, has
        cs(1)
        if reset is not None:
            reset(0)
            time.sleep_ms(10)
            reset(1)
        else:
            self._command(_RESET)
        time.sleep_ms(_WAKE_MS)
        self._command(_SLEEP_OUT)
        time.sleep_ms(_WAKE_MS)
        self._command(_FORMAT, bytes((_RGB565,)))
        self._command(_ORDER, bytes((order,)))
        if inverted:
            self._command(_INVERT)
        self._all_differ()
        self.show()
        self._command(_ON)

    def text(self, text: str, x: int, y: int, color: int) -> None:
        """In cells of 8 by 8 pixels."""
        draw(self._pixels, self.width_px, text, x, y, color)

    def show(self) -> None:
        """Sends the lines that have changed, and each run of them as one."""
        stride = self.width_px // 8
        view = memoryview(self._pixels)
        sending = False
        for y in range(self.height_px):
            row = view[y * stride : (y + 1) * stride]
            checksum = binascii.crc32(row)
            if checksum == self._sums[y]:
                if sending:
                    self._cs(1)
                    sending = False
                continue
            self._sums[y] = checksum
            if not sending:
                self._window(y)
                sending = True
            self._expand(row)
            self._spi.write(self._line)
        if sending:
            self._cs(1)

    def _all_differ(self) -> None:
        """What the controller shows now is not known."""
        blank = binascii.crc32(bytes(self.width_px // 8))
        for y in range(self.height_px):
            self._sums[y] = blank ^ 1

    def _window(self, y: int) -> None:
        """The next bytes are pixels, from the beginning of this line to the end of the glass."""
        left, right = self._left_px, self._left_px + self.width_px - 1
        top, bottom = self._top_px + y, self._top_px + self.height_px - 1
        self._command(_COLUMNS, bytes((left >> 8, left & 255, right >> 8, right & 255)))
        self._command(_ROWS, bytes((top >> 8, top & 255, bottom >> 8, bottom & 255)))
        self._command(_WRITE, None)

    def _command(self, command: int, data: "Optional[bytes]" = b"") -> None:
        """data: None leaves the controller selected, for what follows."""
        self._cs(0)
        self._dc(0)
        self._spi.write(bytes((command,)))
        self._dc(1)
        if data:
            self._spi.write(data)
        if data is not None:
            self._cs(1)

    def _expand(self, row: memoryview) -> None:
        """Eight pixels of a byte, four by four."""
        line, quads, at = self._line, self._quads, 0
        for byte in row:
            line[at : at + 8] = quads[byte >> 4]
            line[at + 8 : at + 16] = quads[byte & 15]
            at += 16


def _quads(ink: int, paper: int) -> "list[bytes]":
    """The bytes of four pixels, for all sixteen that there are."""
    two = (paper >> 8, paper & 255), (ink >> 8, ink & 255)
    return [bytes([part for bit in (8, 4, 2, 1) for part in two[1 if bits & bit else 0]]) for bits in range(16)]
