"""A view that asks for one line: an address, a password. Imported when it is wanted, since it seldom is."""

from nocarrier.wire.chars import letter
from nocarrier_ports.handset import keys
from nocarrier_ports.handset.views import View

try:
    from typing import TYPE_CHECKING, Callable

    if TYPE_CHECKING:
        from nocarrier_ports.handset.app import App
except ImportError:
    pass

_ADDRESS_CHARS = 255


class FieldView(View):
    """Asks for one line of at most `chars` letters, and hands it to done(text). secret: nobody is to read it."""

    def __init__(
        self, app: "App", title: str, done: "Callable[[str], None]", chars: int = _ADDRESS_CHARS, secret: bool = False
    ) -> None:
        super().__init__(app)
        self._title = title
        self._done = done
        self._chars = chars
        self.secret = secret
        self._text = ""

    def key(self, code: int) -> None:
        if code == keys.ESCAPE:
            self.app.show_contacts()
        elif code == keys.ENTER:
            self._done(self._text)
        elif code == keys.BACKSPACE:
            self._text = self._text[:-1]
        elif keys.types(code) and len(self._text) < self._chars:
            self._text += letter(code)

    def draw(self, first: int, last: int) -> None:
        screen = self.app.screen
        screen.line(first, self._title)
        screen.line(first + 1, ("*" * len(self._text) if self.secret else self._text) + "_", True)
        for row in range(first + 2, last + 1):
            screen.line(row, "")
