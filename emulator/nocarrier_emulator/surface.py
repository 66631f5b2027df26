"""A display for the handset: framebuf's calls, kept as lines of text that a page or a test can show."""

from collections.abc import Callable

WIDTH_PX = 240
HEIGHT_PX = 160
_CELL = 8


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
