"""Lines of text on a framebuf-shaped surface: fill(), fill_rect(), text() in cells of 8 x 8 pixels, show()."""

from nocarrier.wire.chars import code_points, letter

try:
    from typing import Any, Callable, Optional
except ImportError:
    pass

CELL_PX = 8
# What is shown instead of letters that a font has not got; the rest becomes "?".
_PLAIN = (
    (0xE4, "ae"), (0xF6, "oe"), (0xFC, "ue"), (0xC4, "Ae"), (0xD6, "Oe"), (0xDC, "Ue"), (0xDF, "ss"), (0xE9, "e"),
    (0xE8, "e"), (0x2026, "..."),
)  # fmt: skip
# Letters that are not seen, but turn text round, hide it or break it: first and last code point. U+200C and U+200D are
# not among them: Persian and Indian scripts need them.
_TRICKS = (
    (0x00, 0x09), (0x0B, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x061C, 0x061C), (0x200B, 0x200B), (0x200E, 0x200F),
    (0x2028, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE0FFF),
)  # fmt: skip


def harmless(text: str) -> str:
    """Control characters and bidirectional overrides as a mark: a message must not redraw the screen or turn it."""
    return "".join([letter(0xBF if _is_trick(code) else code) for code in code_points(text)])


def _is_trick(code: int) -> bool:
    for first, last in _TRICKS:
        if first <= code <= last:
            return True
    return False


def wrapped(text: str, width: int) -> "list[str]":
    """The text as lines of at most `width` characters, broken at spaces where there are some."""
    lines = []
    for part in text.split("\n"):
        while len(part) > width:
            cut = part.rfind(" ", 1, width + 1)
            if cut < width // 2:
                cut = width
            lines.append(part[:cut])
            part = part[cut:].lstrip(" ")
        lines.append(part)
    return lines


def _plain(code: int) -> str:
    for strange, text in _PLAIN:
        if code == strange:
            return text
    return "?"


def _is_ascii(code: int) -> bool:
    return 0x20 <= code < 0x7F


class Screen:
    """A grid of text lines. surface: framebuf-shaped, of width_px by height_px.

    has(code point): whether the surface has a letter for it; None: it has those of ASCII, as framebuf has.
    """

    def __init__(
        self, surface: "Any", width_px: int, height_px: int, has: "Optional[Callable[[int], bool]]" = None
    ) -> None:
        self._surface = surface
        self._width_px = width_px
        self._has = has or _is_ascii
        self.cols = width_px // CELL_PX
        self.rows = height_px // CELL_PX
        self._shown = [""] * self.rows
        self._inverted = [False] * self.rows
        self.clear()

    def clear(self) -> None:
        """All lines empty."""
        self._surface.fill(0)
        for row in range(self.rows):
            self._shown[row] = ""
            self._inverted[row] = False

    def line(self, row: int, text: str, inverted: bool = False) -> None:
        """Shows one line, cut to the width; draws only if it changed."""
        text = self._drawable(text)[: self.cols]
        if self._shown[row] == text and self._inverted[row] == inverted:
            return
        self._shown[row] = text
        self._inverted[row] = inverted
        self._surface.fill_rect(0, row * CELL_PX, self._width_px, CELL_PX, 1 if inverted else 0)
        self._surface.text(text, 0, row * CELL_PX, 0 if inverted else 1)

    def lines(self) -> "list[str]":
        """What is shown, as text."""
        return list(self._shown)

    def show(self) -> None:
        """Hands the picture to the display."""
        self._surface.show()

    def _drawable(self, text: str) -> str:
        return "".join([letter(c) if self._has(c) else _plain(c) for c in code_points(text)])
