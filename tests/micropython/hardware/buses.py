"""Simulated buses, on MicroPython: what screens and keyboards are wired to."""


class Pin:
    """level: what is read, or what was written last."""

    def __init__(self, level=1):
        self.level = level

    def __call__(self, *level):
        if level:
            self.level = level[0]
        return self.level


class LcdBus:
    """SPI with a controller of the ST7789 family behind it, as far as its data sheet is about pictures.

    memory: RGB565 of each of its pixels, row by row. commands: all that came.
    """

    WIDTH = 320

    def __init__(self, cs, dc, rows=240):
        self.cs, self.dc = cs, dc
        self.memory = bytearray(2 * self.WIDTH * rows)
        self.commands = []
        self.written = 0
        self._command = 0
        self._data = b""
        self._window = [0, 0, 0, 0]
        self._at = (0, 0)

    def write(self, data):
        assert self.cs.level == 0, "not selected"
        self.written += len(data)
        if self.dc.level == 0:
            assert len(data) == 1
            self._command = data[0]
            self.commands.append(data[0])
            self._data = b""
            self._at = (self._window[0], self._window[2])
            return
        if self._command == 0x2C:
            self._pixels(data)
            return
        self._data += bytes(data)
        if self._command in (0x2A, 0x2B) and len(self._data) == 4:
            first = 0 if self._command == 0x2A else 2
            self._window[first] = self._data[0] << 8 | self._data[1]
            self._window[first + 1] = self._data[2] << 8 | self._data[3]

    def _pixels(self, data):
        left, right, top, bottom = self._window
        x, y = self._at
        data = memoryview(data)
        while data:
            assert y <= bottom, "behind the window"
            run = min(2 * (right + 1 - x), len(data))
            at = 2 * (y * self.WIDTH + x)
            self.memory[at : at + run] = data[:run]
            data = data[run:]
            x += run // 2
            if x > right:
                x, y = left, y + 1
        self._at = (x, y)

    def pixel(self, x, y):
        """RGB565 of one; 0 if it was never written."""
        at = 2 * (y * self.WIDTH + x)
        return self.memory[at] << 8 | self.memory[at + 1]


class KeyBytes:
    """I2C with a keyboard that gives a byte for a key. busy: how often it does not answer."""

    def __init__(self):
        self.waiting = []
        self.busy = 0

    def readfrom_into(self, address, buf):
        assert address == 0x55
        if self.busy:
            self.busy -= 1
            raise OSError(19)
        buf[0] = self.waiting.pop(0) if self.waiting else 0


class KeyFifo:
    """I2C with a keyboard whose register 9 gives (state, key)."""

    def __init__(self):
        self.waiting = []
        self._register = 0

    def writeto(self, address, data):
        assert address == 0x1F
        self._register = data[0]

    def readfrom_into(self, address, buf):
        assert address == 0x1F and self._register == 9
        buf[0], buf[1] = self.waiting.pop(0) if self.waiting else (0, 0)


class Matrix:
    """Three pins that select, seven that are read. down: (selection, input) of the keys that are pressed."""

    def __init__(self):
        self.down = set()
        self.selects = (Pin(0), Pin(0), Pin(0))
        self.inputs = tuple([self._input(i) for i in range(7)])

    def _input(self, i):
        def level():
            number = sum([pin.level << bit for bit, pin in enumerate(self.selects)])
            return 0 if (number, i) in self.down else 1

        return level
