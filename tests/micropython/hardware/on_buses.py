"""Screens and keyboards of handhelds on simulated buses; runs on MicroPython."""

from buses import KeyBytes, KeyFifo, LcdBus, Matrix, Pin

from nocarrier_ports.handset import keys
from nocarrier_ports.handset.screen import Screen
from nocarrier_ports.hardware.keyboards import FifoKeyboard, I2cKeyboard, MatrixKeyboard, Trackball
from nocarrier_ports.hardware.lcd import Lcd

INK, PAPER = 0xFFE0, 0x0011


def lcd(width=96, height=48, left=40, top=53):
    cs, dc, reset = Pin(), Pin(), Pin()
    bus = LcdBus(cs, dc)
    return bus, Lcd(bus, cs, dc, reset, width, height, 0x60, left, top, True, INK, PAPER)


def shown(bus, screen, left=40, top=53):
    """What the glass shows, compared pixel for pixel with what is in memory."""
    for y in range(screen.height_px):
        for x in range(screen.width_px):
            bit = screen._pixels[y * screen.width_px // 8 + x // 8] >> (7 - x % 8) & 1
            assert bus.pixel(x + left, y + top) == (INK if bit else PAPER), (x, y)
    for x, y in ((left - 1, top), (left, top - 1), (left + screen.width_px, top), (left, top + screen.height_px)):
        assert bus.pixel(x, y) == 0


def test_the_glass_shows_what_was_drawn_and_nothing_beside_it():
    bus, screen = lcd()
    assert bus.commands[:2] == [0x11, 0x3A] and bus.commands[-1] == 0x29 and 0x21 in bus.commands
    shown(bus, screen)
    grid = Screen(screen, screen.width_px, screen.height_px)
    grid.line(0, "Hello")
    grid.line(5, "last line", True)
    grid.show()
    shown(bus, screen)
    assert bytes(bus.memory).find(bytes((INK >> 8, INK & 255))) >= 0


def test_only_lines_that_changed_are_sent():
    bus, screen = lcd()
    grid = Screen(screen, screen.width_px, screen.height_px)
    grid.line(3, "one")
    grid.show()
    before = bus.written
    grid.show()
    assert bus.written == before
    grid.line(4, "two")
    grid.show()
    assert 0 < bus.written - before <= 8 * 2 * 96 + 24
    shown(bus, screen)


def test_a_screen_without_a_reset_pin_is_told_to_reset():
    cs, dc = Pin(), Pin()
    bus = LcdBus(cs, dc)
    Lcd(bus, cs, dc, None, 320, 240, 0x60)
    assert bus.commands[0] == 0x01 and cs.level == 1


def test_t_deck_keys():
    bus = KeyBytes()
    keyboard = I2cKeyboard(bus)
    assert keyboard.poll() == []
    bus.waiting = [ord("h"), ord("i"), 0x0D, 0x08, 0x03, 0x0C]
    assert keyboard.poll() == [ord("h"), ord("i"), keys.ENTER, keys.BACKSPACE]
    bus.busy = 1
    bus.waiting = [ord("x")]
    assert keyboard.poll() == [] and keyboard.poll() == [ord("x")]
    bus.waiting = [ord("y")] * 40
    assert len(keyboard.poll()) == 16  # the radio is not to wait for a child that leans on it


def test_t_deck_ball():
    up, down, left, right, press = [Pin() for _ in range(5)]
    ball = Trackball(up, down, left, right, press)
    assert ball.poll() == []
    for _ in range(3):
        up.level ^= 1
        assert ball.poll() == []
        up.level ^= 1
        assert ball.poll() == [keys.UP]
    right.level ^= 1
    ball.poll()
    down.level ^= 1  # not quite straight
    ball.poll()
    right.level ^= 1
    assert ball.poll() == [keys.PAGE_DOWN]
    press.level = 0
    assert ball.poll() == [keys.ESCAPE] and ball.poll() == []
    press.level = 1
    assert ball.poll() == []


def test_picocalc_keys():
    bus = KeyFifo()
    keyboard = FifoKeyboard(bus)
    assert keyboard.poll() == []
    bus.waiting = [(1, ord("a")), (2, ord("a")), (3, ord("a")), (1, 0x0A), (3, 0x0A), (1, 0xB5), (1, 0xA2), (1, 0xB1)]
    assert keyboard.poll() == [ord("a"), keys.ENTER, keys.UP, keys.ESCAPE]


# (selection, input) of some keys, by the vendor's table.
Q, A, FN, SHIFT, ENTER, SEMICOLON, SPACE, ONE, BACK = (
    (6, 0), (5, 1), (5, 0), (1, 0), (1, 6), (1, 5), (0, 6), (3, 0), (3, 6),
)  # fmt: skip


def test_cardputer_keys():
    matrix = Matrix()
    keyboard = MatrixKeyboard(matrix.selects, matrix.inputs)
    pressed = (
        ({ENTER}, [keys.ENTER]),
        ({SPACE}, [ord(" ")]),
        ({BACK}, [keys.BACKSPACE]),
        ({ONE}, [ord("1")]),
        ({FN, ONE}, [keys.CALL]),
        ({FN, SEMICOLON}, [keys.UP]),
        ({SHIFT, SEMICOLON}, [ord(":")]),
        ({SHIFT}, []),
        ({FN}, []),
    )
    for down, codes in pressed:
        matrix.down = down
        assert keyboard.poll() == codes, (down, codes)
        assert keyboard.poll() == []  # once, however long it is held
        matrix.down = set()
        assert keyboard.poll() == []


def test_all_cardputer_keys_are_different():
    matrix = Matrix()
    keyboard = MatrixKeyboard(matrix.selects, matrix.inputs)
    codes = []
    for number in range(8):
        for i in range(7):
            matrix.down = {(number, i)}
            codes += keyboard.poll()
            matrix.down = set()
            keyboard.poll()
    assert len(codes) == len(set(codes)) == 50  # 56, without Fn, Shift, Ctrl, Opt, Alt and Tab
    for letter in "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./ ":
        assert ord(letter) in codes, letter
