"""Keyboards of handhelds: each looks, when asked, which keys went down, and says them as the handset's codes.

poll() returns codes (handset/keys.py); what a keyboard has no key for is on its function layer, which each table shows.
"""

import time

from nocarrier.compat import const
from nocarrier_ports.handset import keys

try:
    from typing import Any
except ImportError:
    pass

_BURST = const(16)  # keys taken at one look


class I2cKeyboard:
    """A keyboard of LilyGo's T-Deck: another controller, which gives a byte for a key, 0 for none.

    There are no arrows; its trackball has them (Trackball).
    """

    _ADDRESS = 0x55
    _CODES = {0x0D: keys.ENTER, 0x08: keys.BACKSPACE, 0x1B: keys.ESCAPE}

    def __init__(self, i2c: "Any") -> None:
        self._i2c = i2c
        self._buf = bytearray(1)

    def poll(self) -> "list[int]":
        codes: "list[int]" = []
        for _ in range(_BURST):
            try:
                self._i2c.readfrom_into(self._ADDRESS, self._buf)
            except OSError:
                break  # it is starting, or busy
            byte = self._buf[0]
            if byte == 0:
                break
            code = self._CODES.get(byte, byte)
            if code >= 0x20 or code in self._CODES.values():
                codes.append(code)
        return codes


class Trackball:
    """T-Deck's: four pins that change with every step, and one that is low while it is pressed.

    steps: of one pin, for one key. A press is "back", since the keyboard has Enter and no Escape.
    """

    def __init__(self, up: "Any", down: "Any", left: "Any", right: "Any", press: "Any", steps: int = 2) -> None:
        self._pins = ((up, keys.UP), (down, keys.DOWN), (left, keys.PAGE_UP), (right, keys.PAGE_DOWN))
        self._last = [pin() for pin, _ in self._pins]
        self._moved = [0] * len(self._pins)
        self._press = press
        self._pressed = False
        self._steps = steps

    def poll(self) -> "list[int]":
        codes: "list[int]" = []
        for i, (pin, code) in enumerate(self._pins):
            level = pin()
            if level != self._last[i]:
                self._last[i] = level
                self._moved[i] += 1
                if self._moved[i] >= self._steps:
                    self._moved = [0] * len(self._pins)
                    codes.append(code)
        pressed = not self._press()
        if pressed and not self._pressed:
            codes.append(keys.ESCAPE)
        self._pressed = pressed
        return codes


class FifoKeyboard:
    """The keyboard of ClockworkPi's PicoCalc: register 9 gives (state, key) of the oldest event; state 1: pressed."""

    _ADDRESS = 0x1F
    _FIFO = b"\x09"
    _PRESSED = 1
    _CODES = {
        0x0A: keys.ENTER, 0x0D: keys.ENTER, 0x08: keys.BACKSPACE, 0x7F: keys.BACKSPACE, 0xB1: keys.ESCAPE,
        0xB5: keys.UP, 0xB6: keys.DOWN, 0xB4: keys.PAGE_UP, 0xB7: keys.PAGE_DOWN, 0x81: keys.CALL, 0x82: keys.NEW,
    }  # fmt: skip

    def __init__(self, i2c: "Any") -> None:
        self._i2c = i2c
        self._buf = bytearray(2)

    def poll(self) -> "list[int]":
        codes: "list[int]" = []
        for _ in range(_BURST):
            try:
                self._i2c.writeto(self._ADDRESS, self._FIFO)
                self._i2c.readfrom_into(self._ADDRESS, self._buf)
            except OSError:
                break
            state, key = self._buf
            if state == 0:
                break
            code = self._CODES.get(key, key if 0x20 <= key < 0x7F else 0)
            if code and state == self._PRESSED:
                codes.append(code)
        return codes


class MatrixKeyboard:
    """The keyboard of M5Stack's Cardputer: 56 keys, of which a 74HC138 selects seven at a time.

    selects: three pins, inputs: seven, low while a key is down. The function key makes arrows of ; . , and / as they
    are printed, Escape of `, Call of 1 and New of 2. A key says itself once, when it goes down.
    """

    _ROWS = ("`1234567890-=\x08", "\tqwertyuiop[]\\", "\0\0asdfghjkl;'\r", "\0\0\0zxcvbnm,./ ")
    _SHIFTED = ("~!@#$%^&*()_+\x08", "\tQWERTYUIOP{}|", '\0\0ASDFGHJKL:"\r', "\0\0\0ZXCVBNM<>? ")
    _FUNCTION = {
        "`": keys.ESCAPE, ";": keys.UP, ".": keys.DOWN, ",": keys.PAGE_UP, "/": keys.PAGE_DOWN,
        "1": keys.CALL, "2": keys.NEW,
    }  # fmt: skip
    _FN = (2, 0)  # row and column
    _SHIFT = (2, 1)
    _SETTLE_US = 10

    def __init__(self, selects: "tuple[Any, Any, Any]", inputs: "tuple[Any, ...]") -> None:
        self._selects = selects
        self._inputs = inputs
        self._down: "list[tuple[int, int]]" = []

    def poll(self) -> "list[int]":
        down = self._scan()
        codes: "list[int]" = []
        for place in down:
            if place not in self._down and place not in (self._FN, self._SHIFT):
                code = self._code(place, down)
                if code:
                    codes.append(code)
        self._down = down
        return codes

    def _scan(self) -> "list[tuple[int, int]]":
        """(row, column) of all keys that are down. Each selection has seven keys: every other one of a row."""
        down: "list[tuple[int, int]]" = []
        for number in range(8):
            for bit, pin in enumerate(self._selects):
                pin(number >> bit & 1)
            time.sleep_us(self._SETTLE_US)
            for i, pin in enumerate(self._inputs):
                if not pin():
                    down.append((3 - number % 4, 2 * i + (0 if number > 3 else 1)))
        return down

    def _code(self, place: "tuple[int, int]", down: "list[tuple[int, int]]") -> int:
        row, column = place
        letter = self._ROWS[row][column]
        if self._FN in down:
            return self._FUNCTION.get(letter, 0)
        if self._SHIFT in down:
            letter = self._SHIFTED[row][column]
        return ord(letter) if letter not in "\0\t" else 0
