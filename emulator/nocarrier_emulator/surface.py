"""A display for the handset: framebuf's calls, kept as lines of text; the pixels are drawn when somebody wants them."""

import struct
import zlib
from collections.abc import Callable

from nocarrier_ports.handset.letters import draw

WIDTH_PX = 240
HEIGHT_PX = 160
_CELL = 8
_PNG = b"\x89PNG\r\n\x1a\n"
_PALETTED = 3
_PAPER, _INK = b"\xb7\xc4\xa2", b"\x1d\x24\x16"


class TextSurface:
    """What handset/screen.py draws on. on_show() is called when a changed picture is handed over."""

    def __init__(self, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> None:
        self.width_px = width_px
        self.height_px = height_px
        self.on_show: Callable[[], None] = lambda: None
        self.lines: list[tuple[str, bool]] = [("", False)] * (height_px // _CELL)
        self._changed = True

    def fill(self, color: int) -> None:
        self.lines = [("", bool(color))] * len(self.lines)
        self._changed = True

    def fill_rect(self, x: int, y: int, width: int, height: int, color: int) -> None:
        for row in range(y // _CELL, (y + height) // _CELL):
            self.lines[row] = ("", bool(color))
        self._changed = True

    def text(self, text: str, x: int, y: int, color: int) -> None:
        self.lines[y // _CELL] = (text, color == 0)
        self._changed = True

    def show(self) -> None:
        if self._changed:
            self._changed = False
            self.on_show()

    def plain(self) -> str:
        """The picture as text."""
        return "\n".join(text for text, _ in self.lines)

    def pixels(self) -> bytes:
        """The picture, one bit a pixel, row by row from the top, as a handheld has it in its memory."""
        row_bytes = self.width_px // _CELL
        pixels = bytearray(row_bytes * self.height_px)
        for row, (text, inverted) in enumerate(self.lines):
            if inverted:
                begin = row * _CELL * row_bytes
                pixels[begin : begin + _CELL * row_bytes] = b"\xff" * (_CELL * row_bytes)
            draw(pixels, self.width_px, text, 0, row * _CELL, 0 if inverted else 1)
        return bytes(pixels)

    def png(self) -> bytes:
        """The picture as PNG (ISO/IEC 15948), ink on paper."""
        row_bytes = self.width_px // _CELL
        pixels = self.pixels()
        rows = b"".join(b"\0" + pixels[at : at + row_bytes] for at in range(0, len(pixels), row_bytes))
        head = struct.pack(">IIBBBBB", self.width_px, self.height_px, 1, _PALETTED, 0, 0, 0)
        return _PNG + b"".join(
            _chunk(kind, data)
            for kind, data in (
                (b"IHDR", head),
                (b"PLTE", _PAPER + _INK),
                (b"IDAT", zlib.compress(rows)),
                (b"IEND", b""),
            )
        )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
