"""The app's views: contacts, a conversation with its compose line, a new address."""

from nocarrier import events
from nocarrier.chat.roster import OFFLINE
from nocarrier.jid import checked
from nocarrier.wire.chars import letter
from nocarrier_ports.handset import keys, words
from nocarrier_ports.handset.screen import harmless, wrapped

try:
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from nocarrier.queue.history import HistoryItem
        from nocarrier_ports.handset.app import App
except ImportError:
    pass

_HISTORY = 12  # lines of a conversation that are in memory
_TEXT_CHARS = 600
_ADDRESS_CHARS = 255


class View:
    """What fills the screen between top line and notice."""

    def __init__(self, app: "App") -> None:
        self.app = app

    def key(self, code: int) -> None:
        """A key for this view."""

    def event(self, kind: int, value: object) -> None:
        """Something happened (nocarrier.events)."""

    def showing(self, jid: str) -> bool:
        """True if a message from this bare JID is seen at once."""
        return False

    def draw(self, first: int, last: int) -> None:
        """Draws into the screen's rows first to last."""
        raise NotImplementedError


class ContactsView(View):
    """The contacts: a mark and count for unread messages, the name, the presence."""

    def __init__(self, app: "App") -> None:
        super().__init__(app)
        self._at = 0

    def _rows(self) -> "list[tuple[str, str, str]]":
        """(jid, name, show); those with whom there were messages at the end, if they are no contacts."""
        roster = self.app.client.roster
        rows = [(c.jid, c.name or c.jid, c.show) for c in roster.contacts()]
        return rows + [(jid, jid, "") for jid in self.app.correspondents if roster.find(jid) is None]

    def key(self, code: int) -> None:
        rows = self._rows()
        if code == keys.DOWN:
            self._at = min(self._at + 1, max(len(rows) - 1, 0))
        elif code == keys.UP:
            self._at = max(self._at - 1, 0)
        elif code == keys.ENTER and rows:
            self.app.show_conversation(rows[min(self._at, len(rows) - 1)][0])

    def _empty(self) -> str:
        too_large_bytes = self.app.client.roster.too_large_bytes
        if too_large_bytes:
            return "contact list too large (%d B)" % too_large_bytes
        return "F1 calls, F2 writes"

    def draw(self, first: int, last: int) -> None:
        rows = self._rows()
        screen = self.app.screen
        screen.line(first, "contacts")
        first += 1
        space = last - first + 1
        top = max(0, self._at - space + 1)
        for i in range(space):
            at = top + i
            if at < len(rows):
                jid, name, show = rows[at]
                unread = self.app.unread.get(jid, 0)
                mark = "%d>" % min(unread, 99) if unread else "  "
                width = screen.cols - 10
                state = "" if show == OFFLINE else show
                screen.line(first + i, "%3s%s %s" % (mark, _fit(harmless(name), width), state), at == self._at)
            else:
                screen.line(first + i, self._empty() if not rows and i == 0 else "")


class ConversationView(View):
    """A conversation: the newest lines above, the compose line below."""

    def __init__(self, app: "App", jid: str) -> None:
        super().__init__(app)
        self._jid = jid
        self._text = ""
        self._back = 0
        self._items: "list[HistoryItem]" = []
        self._load()

    def _load(self) -> None:
        self._items = self.app.client.store.history(self._jid, _HISTORY)

    def key(self, code: int) -> None:
        if code == keys.ESCAPE:
            self.app.show_contacts()
        elif code == keys.ENTER:
            if self._text:
                self.app.client.send_message(self._jid, self._text)
                self._text = ""
                self._back = 0
                self._load()
        elif code == keys.BACKSPACE:
            self._text = self._text[:-1]
        elif code == keys.PAGE_UP or code == keys.UP:
            self._back += 1
        elif code == keys.PAGE_DOWN or code == keys.DOWN:
            self._back = max(0, self._back - 1)
        elif keys.types(code) and len(self._text) < _TEXT_CHARS:
            self._text += letter(code)

    def event(self, kind: int, value: object) -> None:
        if kind in (events.MESSAGE, events.STATE):
            self._load()

    def showing(self, jid: str) -> bool:
        return jid == self._jid

    def draw(self, first: int, last: int) -> None:
        screen = self.app.screen
        screen.line(first, "- " + harmless(self._jid))
        lines = []
        for item in self._items:
            text = wrapped(harmless(item.body), screen.cols - 2)
            lines += [("  " if item.incoming else "> ") + text[0]] + ["  " + more for more in text[1:]]
            if not item.incoming:
                state = wrapped("(%s)" % words.of_state(item), screen.cols - 2)
                lines += ["  " + part for part in state]
        compose = wrapped("> " + self._text + "_", screen.cols)[-2:]
        space = last - first - len(compose)
        self._back = min(self._back, max(0, len(lines) - space))
        shown = lines[max(0, len(lines) - space - self._back) : len(lines) - self._back]
        for i in range(space):
            screen.line(first + 1 + i, shown[i] if i < len(shown) else "")
        for i in range(len(compose)):
            screen.line(last - len(compose) + 1 + i, compose[i], True)


class AddressView(View):
    """Asks for the address of somebody new."""

    def __init__(self, app: "App") -> None:
        super().__init__(app)
        self._text = ""

    def key(self, code: int) -> None:
        if code == keys.ESCAPE:
            self.app.show_contacts()
        elif code == keys.ENTER:
            self.app.show_conversation(checked(self._text))
        elif code == keys.BACKSPACE:
            self._text = self._text[:-1]
        elif keys.types(code) and len(self._text) < _ADDRESS_CHARS:
            self._text += letter(code)

    def draw(self, first: int, last: int) -> None:
        screen = self.app.screen
        screen.line(first, "write to (user@domain):")
        screen.line(first + 1, self._text + "_", True)
        for row in range(first + 2, last + 1):
            screen.line(row, "")


def _fit(text: str, width: int) -> str:
    """Exactly `width` characters."""
    return text[:width] + " " * (width - len(text))
