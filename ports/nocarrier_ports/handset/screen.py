"""Lines of text on a framebuf-shaped surface: fill(), fill_rect(), text() in cells of 8 x 8 pixels, show()."""

try:
    from typing import Any
except ImportError:
    pass

_CELL = 8
# What a font without these letters shows instead; the rest becomes "?".
_PLAIN = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "é": "e", "è": "e", "…": "..."}


def harmless(text: str) -> str:
    """Control characters and bidirectional overrides as a mark: a message must not redraw the screen or turn it."""
    out = []
    for char in text:
        code = ord(char)
        if code < 0x20 or 0x7F <= code < 0xA0 or 0x200B <= code <= 0x200F or 0x2028 <= code <= 0x202E:
            out.append("\n" if char == "\n" else "¿")
        elif 0x2060 <= code <= 0x2069 or code == 0xFEFF:
            out.append("¿")
        else:
            out.append(char)
    return "".join(out)


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


class Screen:
    """A grid of text lines. surface: framebuf-shaped, of width_px by height_px. draws_unicode: its font's reach."""

    def __init__(self, surface: "Any", width_px: int, height_px: int, draws_unicode: bool = False) -> None:
        self._surface = surface
        self._width_px = width_px
        self._unicode = draws_unicode
        self.cols = width_px // _CELL
        self.rows = height_px // _CELL
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
        self._surface.fill_rect(0, row * _CELL, self._width_px, _CELL, 1 if inverted else 0)
        self._surface.text(text, 0, row * _CELL, 0 if inverted else 1)

    def lines(self) -> "list[str]":
        """What is shown, as text."""
        return list(self._shown)

    def show(self) -> None:
        """Hands the picture to the display."""
        self._surface.show()

    def _drawable(self, text: str) -> str:
        if self._unicode:
            return text
        out = []
        for char in text:
            out.append(char if " " <= char <= "~" else _PLAIN.get(char, "?"))
        return "".join(out)
