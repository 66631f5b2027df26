"""The handset: what is on the screen, what keys do, and text that must not lie."""

import pytest

from nocarrier import events
from nocarrier.errors import PeerError, XmlError
from nocarrier.queue.storage import StorageError, StorageFull
from nocarrier.session.account import Account
from nocarrier.session.errors import AuthError, StreamError
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service
from nocarrier_emulator.surface import TextSurface
from nocarrier_ports.handset import keys, words
from nocarrier_ports.handset.letters import has
from nocarrier_ports.handset.screen import Screen, harmless, wrapped
from nocarrier_ports.links import link as links


class Pair:
    """Two handhelds in virtual time, both online."""

    def __init__(self):
        self.clock = VirtualClock()
        exchange = self.exchange = Exchange(self.clock)
        accounts = [exchange.add(name, "pw") for name in ("anna", "bert")]
        exchange.befriend(*accounts, "Anna", "Bert")
        book = PhoneBook({"1": Service(exchange.connect)})
        self.anna, self.bert = (
            Handheld(
                self.clock, Modem(self.clock, book, plain(9600, 300)), Account(a.jid, "pw", "r"), "1", MemoryFlash(), i
            )
            for i, a in enumerate(accounts)
        )
        for device in (self.anna, self.bert):
            device.power_on()
        self.clock.run(30_000)
        assert self.anna.client.online() and self.bert.client.online()

    def run(self, seconds=10):
        self.clock.run(seconds * 1000)


def screen(device):
    return device.surface.plain()


def rows(device):
    return [text.strip() for text, _ in device.surface.lines]


def press(device, *names):
    for name in names:
        device.key(keys.from_name(name))


def test_contacts_show_presence_and_unread_messages():
    pair = Pair()
    assert "Bert" in rows(pair.anna)[2] and "online" in rows(pair.anna)[2]
    pair.bert.client.send_message("anna@exchange.test", "hello")
    pair.bert.wake()
    pair.run()
    assert rows(pair.anna)[2].startswith("1>Bert")
    press(pair.anna, "Enter")
    pair.run(1)
    assert "< hello" in rows(pair.anna)
    press(pair.anna, "Escape")
    pair.run(1)
    assert "1>" not in screen(pair.anna)


def test_a_conversation_with_states_in_words():
    pair = Pair()
    press(pair.anna, "Enter")
    pair.anna.type("Grüße, wie geht's?")
    assert "> Grüße, wie geht's?_" in rows(pair.anna)
    press(pair.anna, "Backspace", "Backspace", "!")
    press(pair.anna, "Enter")
    assert "> Grüße, wie geht'!" in rows(pair.anna)
    assert "(sent)" in rows(pair.anna)
    pair.run()
    assert "(delivered)" in rows(pair.anna)
    pair.anna.modem.set_plugged(False)
    pair.run(1)
    pair.anna.type("are you there")
    press(pair.anna, "Enter")
    pair.run(1)
    assert "(queued)" in rows(pair.anna)
    pair.anna.modem.set_plugged(True)
    pair.run(90)
    assert rows(pair.anna).count("(delivered)") == 2 and "are you there" in screen(pair.bert) + str(
        [item.body for item in pair.bert.client.store.history("anna@exchange.test", 5)]
    )


def test_writing_to_a_new_address_and_an_address_that_is_none():
    pair = Pair()
    press(pair.anna, "F2")
    pair.anna.type("nonsense")
    press(pair.anna, "Enter")
    assert rows(pair.anna)[-1] == "no address (user@domain)"
    for _ in "nonsense":
        press(pair.anna, "Backspace")
    pair.anna.type("nobody@exchange.test")
    press(pair.anna, "Enter")
    pair.anna.type("hello?")
    press(pair.anna, "Enter")
    pair.run()
    assert "(failed: address takes no messages)" in screen(pair.anna).replace("\n  ", " ")


def test_what_is_on_the_screen_after_the_power_came_back():
    pair = Pair()
    press(pair.anna, "Enter")
    pair.anna.type("before")
    press(pair.anna, "Enter")
    pair.run()
    pair.anna.power_off()
    assert screen(pair.anna).strip() == ""
    pair.run(5)
    pair.anna.power_on()
    pair.run(30)
    press(pair.anna, "Enter")
    assert "> before" in rows(pair.anna) and "(delivered)" in rows(pair.anna)


def test_a_full_flash_is_said_and_nothing_typed_is_lost():
    pair = Pair()
    press(pair.anna, "Enter")
    pair.anna.flash.capacity_bytes = 10
    pair.anna.type("does not fit")
    press(pair.anna, "Enter")
    assert rows(pair.anna)[-1] == "memory is full" and "> does not fit_" in rows(pair.anna)
    pair.anna.flash.capacity_bytes = 1 << 20
    press(pair.anna, "Enter")
    pair.run()
    assert "(delivered)" in rows(pair.anna)


def test_a_read_only_flash_is_said():
    pair = Pair()
    press(pair.anna, "Enter")
    pair.anna.flash.read_only = True
    pair.anna.type("refused")
    press(pair.anna, "Enter")
    assert rows(pair.anna)[-1] == "read-only" and "> refused_" in rows(pair.anna)


def test_a_flash_that_cannot_be_read_is_said_at_start():
    pair = Pair()
    pair.anna.power_off()

    def broken():
        raise StorageError("broken")

    pair.anna.flash.names = broken
    pair.anna.power_on()
    assert "memory cannot be read" in screen(pair.anna)


def test_long_conversations_scroll():
    pair = Pair()
    for i in range(8):
        pair.anna.client.send_message("bert@exchange.test", "message %d %s" % (i, "long " * 10))
    pair.anna.wake()
    pair.run(60)
    press(pair.anna, "Enter")
    assert "message 7" in screen(pair.anna) and "message 0" not in screen(pair.anna)
    for _ in range(40):
        press(pair.anna, "PageUp")
    assert "message 0" in screen(pair.anna) and "message 7" not in screen(pair.anna)
    for _ in range(40):
        press(pair.anna, "PageDown")
    assert "message 7" in screen(pair.anna)


def test_a_conversation_longer_than_a_page_is_read_to_its_beginning():
    pair = Pair()
    pair.anna.app.page_chars = 300
    for i in range(30):
        pair.anna.client.send_message("bert@exchange.test", "message %02d %s" % (i, "long " * (i % 7)))
    pair.anna.wake()
    pair.run(120)
    press(pair.anna, "Enter")
    assert "message 29" in screen(pair.anna)
    seen = set()
    for name in ("ArrowUp", "ArrowDown", "PageUp", "PageDown"):
        seen.clear()
        for _ in range(150):
            seen.update(i for i in range(30) if "message %02d" % i in screen(pair.anna))
            press(pair.anna, name)
        assert seen == set(range(30)), name
        last, first = "message 29" in screen(pair.anna), "message 00" in screen(pair.anna)
        assert (first, last) == ((True, False) if name.endswith("Up") else (False, True))
        assert sum(len(item.body) for item in pair.anna.app._view._items) <= 300


def test_what_is_read_stays_where_it_is_when_something_comes():
    pair = Pair()
    for i in range(30):
        pair.anna.client.send_message("bert@exchange.test", "message %02d" % i)
    pair.anna.wake()
    pair.run(120)
    press(pair.anna, "Enter", *["PageUp"] * 4)
    before = rows(pair.anna)[2:-2]
    assert any("message" in row for row in before) and "message 29" not in screen(pair.anna)
    pair.bert.client.send_message("anna@exchange.test", "news")
    pair.bert.wake()
    pair.run()
    assert rows(pair.anna)[2:-2] == before
    press(pair.anna, *["PageDown"] * 9)
    assert "< news" in rows(pair.anna)


def test_one_message_longer_than_a_page_is_shown():
    pair = Pair()
    pair.anna.app.page_chars = 50
    pair.bert.client.send_message("anna@exchange.test", "long " * 100)
    pair.bert.wake()
    pair.run()
    press(pair.anna, "Enter")
    assert "long long" in screen(pair.anna)


def test_the_chosen_contact_stays_chosen_when_rows_move():
    pair = Pair()
    roster = pair.anna.client.roster
    press(pair.anna, "ArrowDown")
    pair.anna.app._remember("stranger@exchange.test")
    pair.anna.app.draw()
    press(pair.anna, "ArrowDown")
    assert [text.strip() for text, on in pair.anna.surface.lines[2:] if on] == ["stranger@exchange.test"]
    pair.anna.app._remember("another@exchange.test")
    roster.find("bert@exchange.test").name = "Bertram"
    press(pair.anna, "Enter")
    assert rows(pair.anna)[1] == "- stranger@exchange.test"


def test_a_picture_that_does_not_fit_into_memory_is_said(monkeypatch):
    pair = Pair()

    def full(*args):
        raise MemoryError

    press(pair.anna, "Enter")
    monkeypatch.setattr(pair.anna.client.store, "history", full)
    pair.bert.client.send_message("anna@exchange.test", "kept")
    pair.bert.wake()
    pair.run()
    assert rows(pair.anna)[-1] == "too little memory for that" and pair.anna.client.online()
    monkeypatch.undo()
    press(pair.anna, "Escape", "Enter")
    assert "< kept" in rows(pair.anna)


ERRORS = (
    (AuthError("not-authorized"), "wrong name or password"),
    (AuthError("not-authorized", "the server's signature is wrong"), "server cannot prove itself"),
    (AuthError("invalid-mechanism"), "no safe way to log in"),
    (StreamError("host-unknown"), "server has no such domain"),
    (StreamError("conflict"), "logged in elsewhere"),
    (StreamError("some-new-condition"), "some new condition"),
    (XmlError("not-well-formed", "x", 1), "server sent bad data"),
    (PeerError("connection-timeout"), "line went silent"),
    (StorageFull("no space left"), "memory is full"),
    (None, ""),
)


@pytest.mark.parametrize("error, text", ERRORS, ids=lambda value: str(value))
def test_errors_in_words(error, text):
    assert words.of_error(error) == text


def test_words_fit_on_a_line_of_30_letters():
    of_links = [kind.text for kind in vars(links).values() if isinstance(kind, type) and hasattr(kind, "text")]
    assert len(of_links) == 10
    for text in [text for _, text in words._CONDITIONS] + of_links:
        assert len(text) <= 30, text


def test_text_that_lies_is_shown_as_marks():
    assert harmless("a\u202eb\u200fc\x1b[2Jd\x00e\ufefff\u2066g") == "a¿b¿c¿[2Jd¿e¿f¿g"
    assert harmless("so\u00adft\u2069 \U000e0041\u061c") == "so¿ft¿ ¿¿"
    assert harmless("two\nlines, Grüße, 你好") == "two\nlines, Grüße, 你好"


def test_a_nick_cannot_look_like_a_state():
    pair = Pair()
    pair.anna.client.roster.find("bert@exchange.test").name = "Bert (delivered)\n\u202e"
    pair.anna.key(keys.UP)
    pair.run(1)
    # Names stand in their own column of the list; states only under messages.
    assert rows(pair.anna)[2].startswith("Bert (delivered)") and rows(pair.anna)[3] == ""


def test_lines_are_broken_at_spaces_where_there_are_some():
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("a" * 20, 8) == ["a" * 8, "a" * 8, "a" * 4]
    assert wrapped("x\n\ny", 8) == ["x", "", "y"]
    for width in range(1, 30):
        lines = wrapped("the quick brown fox  jumps over lazy dogs", width)
        assert all(len(line) <= width for line in lines), width
        assert "".join(lines).replace(" ", "") == "thequickbrownfoxjumpsoverlazydogs"


def test_a_font_without_umlauts_shows_something_readable():
    surface = TextSurface(80, 16)
    plain = Screen(surface, 80, 16)
    plain.line(0, "Grüße ж…")
    assert plain.lines()[0] == "Gruesse ?..."[:10]
    own = Screen(surface, 80, 16, has)
    own.line(0, "Grüße ж你…")
    assert own.lines()[0] == "Grüße ж?…"


def test_only_what_changed_is_drawn():
    surface = TextSurface(80, 16)
    shown = []
    surface.on_show = lambda: shown.append(surface.plain())
    display = Screen(surface, 80, 16)
    for text in ("a", "a", "b"):
        display.line(0, text)
        display.show()
    assert len(shown) == 2


def test_events_have_names():
    assert events.NAMES[events.FAULT] == "fault" and len(events.NAMES) == events.GIVEN_UP + 1


def test_a_weaker_login_than_before_waits_for_the_user():
    pair = Pair()
    press(pair.anna, "F1")
    pair.run(5)
    pair.exchange.mechanisms = ("SCRAM-SHA-1",)
    press(pair.anna, "F1")
    pair.run(120)
    assert not pair.anna.client.online() and rows(pair.anna)[-1] == "weaker login: F1 accepts it"
    press(pair.anna, "F1")
    pair.run(30)
    assert pair.anna.client.online() and rows(pair.anna)[-1] == ""


def test_a_password_that_is_not_kept_is_asked_for_and_typed_unseen():
    pair = Pair()
    press(pair.anna, "F1")
    pair.run(5)
    pair.anna.client.account.password = None
    for name in ("key", "token"):
        pair.anna.client.store.save_note(name, "")
    press(pair.anna, "F1")
    pair.run(60)
    assert rows(pair.anna)[-1] == "F1: type your password"
    press(pair.anna, "F1", "x", "Enter")
    pair.run(60)
    assert rows(pair.anna)[-1] == "wrong name or password"
    press(pair.anna, "F1")
    for letter in "pwx":
        pair.anna.app.key(ord(letter), 0, True)
    press(pair.anna, "Backspace")
    assert rows(pair.anna)[1].strip() == "password:" and rows(pair.anna)[2].strip() == "**_"
    press(pair.anna, "Enter")
    pair.run(60)
    assert pair.anna.client.online() and rows(pair.anna)[-1] == ""
    assert all(b"pw" not in bytes(data) for name, data in pair.anna.flash.files.items() if name.startswith("log"))


def test_the_server_is_told_when_nobody_has_pressed_a_key_for_a_minute(monkeypatch):
    pair = Pair()
    told = []
    monkeypatch.setattr(pair.anna.client, "set_active", told.append)
    pair.clock.run(59_000)
    assert told == []
    pair.clock.run(2_000_000_000)  # longer than the device's clock counts
    assert told and set(told) == {False}
    del told[:]
    press(pair.anna, "ArrowDown")
    assert told == [True]
    pair.clock.run(59_000)
    assert told == [True]


def tap(device, row, x_px=10):
    device.tap(x_px, row * 8 + 3)


def test_the_screen_can_be_touched():
    pair = Pair()
    tap(pair.anna, 5)  # nothing stands there
    assert rows(pair.anna)[1] == "contacts"
    tap(pair.anna, 2)
    assert rows(pair.anna)[1] == "- bert@exchange.test"
    for number in range(30):
        pair.anna.send("bert@exchange.test", "message %d" % number)
    pair.run(60)
    assert "message 29" in screen(pair.anna)
    newest = screen(pair.anna)
    tap(pair.anna, 4)
    older = screen(pair.anna)
    assert "message 29" not in older and older != newest
    tap(pair.anna, 15)
    assert "message 29" in screen(pair.anna)
    tap(pair.anna, 19)
    assert rows(pair.anna)[1] == "contacts"
    tap(pair.anna, 0)
    pair.run(5)
    assert rows(pair.anna)[0].startswith("hung up")
    tap(pair.anna, 0)
    pair.run(20)
    assert rows(pair.anna)[0].startswith("online")


def test_a_touch_beside_the_screen_is_none():
    pair = Pair()
    before = screen(pair.anna)
    for x_px, y_px in ((-1, 3), (240, 3), (3, -1), (3, 160), (3, 1 << 40)):
        pair.anna.tap(x_px, y_px)
    assert screen(pair.anna) == before and pair.anna.client.online()
    press(pair.anna, "F2")
    for row in range(1, 19):
        tap(pair.anna, row)
    assert "write to" in screen(pair.anna)
    tap(pair.anna, 19)
    assert rows(pair.anna)[1] == "contacts"
