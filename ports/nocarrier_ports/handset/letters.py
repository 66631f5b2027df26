"""The handset's letters (font.py): which there are, and how they get on a picture of one bit a pixel.

The picture is framebuf's MONO_HLSB.
"""

from nocarrier.compat import const
from nocarrier.wire.chars import code_points
from nocarrier_ports.handset import font

FIRST, LAST = const(0x20), const(0x7E)  # of ASCII: a space, a tilde
_UNKNOWN = const(0x3F)  # a question mark
_CELL_PX = const(8)


def has(code: int) -> bool:
    """True if there is a letter for this code point."""
    return code == _UNKNOWN or _index(code) != _UNKNOWN - FIRST


def place(code: int) -> int:
    """Where its eight bytes begin in font.BITS, or those of a question mark."""
    return _index(code) * _CELL_PX


def draw(pixels: bytearray, width_px: int, text: str, x: int, y: int, color: int) -> None:
    """From a cell of 8 by 8 pixels on, to the end of its line at most. color: 1 on an empty line, 0 on a full one."""
    stride = width_px // _CELL_PX
    at, end = y * stride + x // _CELL_PX, (y + 1) * stride
    bits, mask = font.BITS, 0 if color else 0xFF
    for code in code_points(text):
        if at >= end:
            return
        begin = place(code)
        for row in range(_CELL_PX):
            pixels[at + row * stride] = bits[begin + row] ^ mask
        at += 1


def _index(code: int) -> int:
    if FIRST <= code <= LAST:
        return code - FIRST
    if code <= 0xFFFF:
        wanted = bytes((code >> 8, code & 0xFF))
        at = font.OTHERS.find(wanted)
        while at >= 0:
            if at % 2 == 0:
                return LAST + 1 - FIRST + at // 2
            at = font.OTHERS.find(wanted, at + 1)
    return _UNKNOWN - FIRST
