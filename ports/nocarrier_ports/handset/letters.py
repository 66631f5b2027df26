"""Draws the handset's letters (font.py) on a picture of one bit a pixel, as framebuf's MONO_HLSB has it."""

from nocarrier.wire.chars import code_points
from nocarrier_ports.handset import font

_CELL_PX = 8


def draw(pixels: bytearray, width_px: int, text: str, x: int, y: int, color: int) -> None:
    """From a cell of 8 by 8 pixels on, to the end of its line at most. color: 1 on an empty line, 0 on a full one."""
    stride = width_px // _CELL_PX
    at, end = y * stride + x // _CELL_PX, (y + 1) * stride
    bits, mask = font.BITS, 0 if color else 0xFF
    for code in code_points(text):
        if at >= end:
            return
        place = font.place(code)
        for row in range(_CELL_PX):
            pixels[at + row * stride] = bits[place + row] ^ mask
        at += 1
