"""The app's views: contacts, a conversation with its compose line."""

from nocarrier import events
from nocarrier.chat.roster import OFFLINE
from nocarrier.jid import bare
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

_PAGE = 12  # messages of a conversation that are in memory; app.page_chars limits their texts
_TEXT_CHARS = 600
_FIRST_CONTACT = 2  # its row on the screen


class View:
    """What fills the screen between top line and notice. secret: nobody is to read what is typed there."""

    secret = False

    def __init__(self, app: "App") -> None:
        self.app = app

    def key(self, code: int) -> None:
        """A key for this view."""

    def tapped(self, row: int) -> int:
        """This row of the screen was touched. Returns the key that this is as good as; 0: none."""
        return 0

    def event(self, kind: int, value: object) -> None:
        """Something happened (nocarrier.events)."""

    def left(self) -> None:
        """Another view takes its place."""

    def draw(self, first: int, last: int) -> None:
        """Draws into the screen's rows first to last."""
        raise NotImplementedError


class ContactsView(View):
    """The contacts: a mark and count for unread messages, the name, the presence."""

    def __init__(self, app: "App") -> None:
        super().__init__(app)
        self._at = ""  # the JID: rows come and move while somebody chooses
        self._shown: "list[str]" = []  # the JIDs as they stand on the screen, from its third line on

    def _rows(self) -> "list[tuple[str, str, str]]":
        """(jid, name, show); those with whom there were messages at the end, if they are no contacts."""
        roster = self.app.client.roster
        rows = [(c.jid, c.name or c.jid, c.show) for c in roster.contacts()]
        return rows + [(jid, jid, "") for jid in self.app.correspondents if roster.find(jid) is None]

    def key(self, code: int) -> None:
        rows = self._rows()
        if not rows:
            return
        at = self._row_of(rows)
        if code == keys.ENTER:
            self.app.show_conversation(rows[at][0])
        elif code == keys.DOWN:
            self._at = rows[min(at + 1, len(rows) - 1)][0]
        elif code == keys.UP:
            self._at = rows[max(at - 1, 0)][0]

    def tapped(self, row: int) -> int:
        """Opens the contact that stands there."""
        at = row - _FIRST_CONTACT
        if not 0 <= at < len(self._shown):
            return 0
        self._at = self._shown[at]
        return keys.ENTER

    def _row_of(self, rows: "list[tuple[str, str, str]]") -> int:
        """Where the chosen JID is now; the first row, if nobody was chosen or is gone."""
        for i in range(len(rows)):
            if rows[i][0] == self._at:
                return i
        return 0

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
        chosen = self._row_of(rows)
        top = max(0, chosen - space + 1)
        self._shown = [row[0] for row in rows[top : top + space]]
        for i in range(space):
            at = top + i
            if at < len(rows):
                jid, name, show = rows[at]
                unread = self.app.client.store.talks.unseen(jid)
                mark = "%d>" % min(unread, 99) if unread else "  "
                width = screen.cols - 10
                name = harmless(name)
                if show != OFFLINE and show:
                    name = _fit(name, width) + " " + show
                screen.line(first + i, "%3s%s" % (mark, name), at == chosen)
            else:
                screen.line(first + i, self._empty() if not rows and i == 0 else "")


class ConversationView(View):
    """A conversation: a page of messages above, the compose line below. Up at its top turns to the page before."""

    def __init__(self, app: "App", jid: str) -> None:
        super().__init__(app)
        self._jid = jid
        self._text = ""
        self._back = 0  # lines between the end of the page and what is shown
        self._top = 0  # the most that _back can be
        self._space = 1
        self._newer: "list[int]" = []  # messages on each of the pages behind this one
        self._items: "list[HistoryItem]" = []
        self._load()

    def _load(self) -> None:
        history = self.app.client.store.history
        self._items = []  # two pages at once may be more than there is memory for
        self._items = history(self._jid, _PAGE, sum(self._newer), self.app.page_chars)

    def key(self, code: int) -> None:
        if code == keys.ESCAPE:
            self.app.show_contacts()
        elif code == keys.ENTER:
            if self._text:
                self.app.client.send_message(self._jid, self._text)
                self._text = ""
                self._back = 0
                self._newer = []
                self._load()
        elif code == keys.BACKSPACE:
            self._text = self._text[:-1]
        elif code in (keys.PAGE_UP, keys.UP):
            self._up(1 if code == keys.UP else self._space)
        elif code in (keys.PAGE_DOWN, keys.DOWN):
            self._down(1 if code == keys.DOWN else self._space)
        elif keys.types(code) and len(self._text) < _TEXT_CHARS:
            self._text += letter(code)

    def _up(self, lines: int) -> None:
        if self._back < self._top:
            self._back = min(self._back + lines, self._top)
        elif self._items:
            self._newer.append(len(self._items))
            self._load()
            if self._items:
                self._back = 0
            else:  # that was the first page
                self._newer.pop()
                self._load()

    def _down(self, lines: int) -> None:
        if self._back:
            self._back = max(0, self._back - lines)
        elif self._newer:
            self._newer.pop()
            self._load()
            self._back = 1 << 16  # its first line; draw() knows how far that is

    def event(self, kind: int, value: object) -> None:
        if kind == events.STATE:
            self._load()
        elif kind == events.MESSAGE:
            if self._newer and bare(value.sender) == self._jid:  # type: ignore[attr-defined]
                self._newer[0] += 1  # what is being read stays where it is
            self._load()

    def tapped(self, row: int) -> int:
        """Turns pages: in the upper half to older messages, in the lower to newer ones."""
        return keys.PAGE_UP if row < self.app.screen.rows // 2 else keys.PAGE_DOWN

    def left(self) -> None:
        self.app.client.mark_seen(self._jid)  # once, not with every message that came in meanwhile

    def draw(self, first: int, last: int) -> None:
        screen = self.app.screen
        screen.line(first, "- " + harmless(self._jid))
        lines = []
        for item in self._items:
            text = wrapped(harmless(item.body), screen.cols - 2)
            lines += [("< " if item.incoming else "> ") + text[0]] + ["  " + more for more in text[1:]]
            if not item.incoming:
                state = wrapped("(%s)" % words.of_state(item), screen.cols - 2)
                lines += ["  " + part for part in state]
        compose = wrapped("> " + self._text + "_", screen.cols)[-2:]
        space = self._space = last - first - len(compose)
        self._top = max(0, len(lines) - space)
        self._back = min(self._back, self._top)
        shown = lines[max(0, len(lines) - space - self._back) : len(lines) - self._back]
        for i in range(space):
            screen.line(first + 1 + i, shown[i] if i < len(shown) else "")
        for i in range(len(compose)):
            screen.line(last - len(compose) + 1 + i, compose[i], True)


def _fit(text: str, width: int) -> str:
    """Exactly `width` characters."""
    return text[:width] + " " * (width - len(text))
