"""The app: which view is open, what keys do, what the top line says. The views are in views.py."""

from nocarrier import events
from nocarrier.compat import const
from nocarrier.errors import NocarrierError
from nocarrier.jid import bare, checked
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier.session.errors import PASSWORD_WANTED, AuthError
from nocarrier_ports import runner as run
from nocarrier_ports.handset import keys, words
from nocarrier_ports.handset.screen import CELL_PX, harmless
from nocarrier_ports.handset.views import ContactsView, ConversationView

try:
    from typing import Any, Callable, Optional

    from nocarrier.client import Client
    from nocarrier_ports.handset.screen import Screen
    from nocarrier_ports.handset.views import View
    from nocarrier_ports.runner import Runner
except ImportError:
    pass


_CORRESPONDENTS = const(32)  # strangers in the list of contacts, and all of them before the roster is there
_LOOKS_MS = const(60_000)  # after its last key nobody is taken to be looking any more


def error_is(error: "Optional[Exception]", condition: str) -> bool:
    """True if this is why a login has failed."""
    return isinstance(error, AuthError) and error.condition == condition


class App:
    """The messenger on one screen.

    page_chars: how much text of a conversation is in memory at a time; drawing takes about three times as much.
    on_event(kind, value): called with every client event after the app has seen it; a buzzer or a log may want it.
    """

    def __init__(
        self,
        client: Client,
        runner: Runner,
        screen: Screen,
        page_chars: int,
        on_event: "Optional[Callable[[int, object], None]]" = None,
    ) -> None:
        self.client = client
        self.runner = runner
        self.screen = screen
        self.page_chars = page_chars
        self.correspondents = client.store.talks.whom(_CORRESPONDENTS)
        self.notice = ""
        self._on_event = on_event
        self._now_ms = self._key_ms = 0
        self._pressed = False  # a key, since the last step
        self._stale = True  # what the view shows is not what it should show
        self._view: View = ContactsView(self)

    def key(self, code: int, mods: int, down: bool) -> None:
        """A key was pressed or let go. code: see keys.py; mods: modifier bits, unused so far."""
        if not down:
            return
        self.notice = ""
        self._pressed = self._stale = True
        self.client.set_active(True)
        try:
            if code == keys.CALL:
                self._call()
            elif code == keys.NEW:
                self._ask("write to (user@domain):", self._write_to)
            else:
                self._view.key(code)
        except (NocarrierError, MemoryError) as error:
            self.notice = words.of_error(error)
        self.draw()

    def tap(self, x_px: int, y_px: int) -> None:
        """The screen was touched: its top line calls and hangs up, its bottom line goes back, a view has the rest."""
        row = y_px // CELL_PX
        if not (0 <= row < self.screen.rows and 0 <= x_px < self.screen.cols * CELL_PX):
            return
        if row == 0:
            self.key(keys.CALL, 0, True)
        elif row == self.screen.rows - 1:
            self.key(keys.ESCAPE, 0, True)
        else:
            self.key(self._view.tapped(row), 0, True)

    def step(self, now_ms: int, utc_s: int = 0) -> None:
        """Runs the line, takes what happened, draws what changed."""
        self._now_ms = now_ms
        if self._pressed:
            self._pressed, self._key_ms = False, now_ms
        elif ticks_diff(now_ms, self._key_ms) >= _LOOKS_MS:
            self._key_ms = ticks_add(now_ms, -_LOOKS_MS)  # or the wrapping clock would bring it back
            self.client.set_active(False)
        self.runner.step(now_ms, utc_s)
        while True:
            event = self.client.next_event()
            if event is None:
                break
            self._event(event[0], event[1])
        self.draw()

    def open(self, view: View) -> None:
        """Shows another view. Raises StorageError if what was seen in the old one cannot be noted."""
        self._view.left()
        self._view = view
        self._stale = True
        self.screen.clear()

    def asks_secret(self) -> bool:
        """What is typed now is nobody's business."""
        return self._view.secret

    def show_contacts(self) -> None:
        self.open(ContactsView(self))

    def show_conversation(self, jid: str) -> None:
        self._remember(jid)
        self.open(ConversationView(self, jid))

    def draw(self) -> None:
        """Top line, view, notice."""
        self.screen.line(0, self._top(), True)
        if self._stale:  # most steps bring a few bytes and change nothing that the view shows
            self._stale = False
            try:
                self._view.draw(1, self.screen.rows - 2)
            except MemoryError as error:  # a picture less; the messenger goes on
                self._stale = True
                self.notice = words.of_error(error)
        text = self.notice or words.of_error(self.runner.error)
        self.screen.line(self.screen.rows - 1, text, bool(text))
        self.screen.show()

    def _remember(self, jid: str) -> None:
        if jid not in self.correspondents:
            self.correspondents.append(jid)
            self.correspondents = self.correspondents[-_CORRESPONDENTS:]

    def _call(self) -> None:
        if self.runner.state in (run.IDLE, run.WAITING):
            error = self.runner.error
            # The bottom line has said what this call means.
            mistyped = self.client.account.typed and error_is(error, "not-authorized")
            if mistyped or error_is(error, PASSWORD_WANTED):
                self._ask("password:", self._log_in, True)
                return
            if error_is(error, "mechanism-too-weak"):
                self.client.accept_offer()
            self.runner.dial(self._now_ms)
        else:
            self.runner.hang_up(self._now_ms)

    def _ask(self, title: str, done: "Callable[[str], None]", secret: bool = False) -> None:
        from nocarrier_ports.handset.field import FieldView

        self.open(FieldView(self, title, done, secret=secret))

    def _write_to(self, address: str) -> None:
        self.show_conversation(checked(address))

    def _log_in(self, password: str) -> None:
        self.client.account.type_password(password)
        self.show_contacts()
        self.runner.dial(self._now_ms)

    def _event(self, kind: int, value: "Any") -> None:
        self._stale = True
        if kind == events.MESSAGE:
            self._remember(bare(value.sender))
        elif kind == events.SUBSCRIPTION:
            self.notice = harmless("%s asks to see you" % value)
        elif kind == events.DAMAGED:
            self.notice = "flash damaged: messages may be gone"
        elif kind == events.GIVEN_UP:
            self.notice = "%d unread gave way: memory full" % value
        try:
            self._view.event(kind, value)
        except (NocarrierError, MemoryError) as error:  # only what is shown; the message itself is on flash
            self.notice = words.of_error(error)
        if self._on_event is not None:
            self._on_event(kind, value)

    def _top(self) -> str:
        if self.client.online():
            state = "online"
        elif self.runner.state == run.CONNECTED:
            state = "logging in"
        elif self.runner.state == run.OPENING:
            state = self.runner.link.status() or "calling"
        else:
            state = run.NAMES[self.runner.state]
        meter = self.runner.meter
        return "%s %dB" % (state, meter.bytes_up + meter.bytes_down)
