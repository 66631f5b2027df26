"""Letters on MicroPython: none that is taken out of a text is kept for good; those on a screen are the emulator's."""

import subprocess
from pathlib import Path

from nocarrier_emulator.surface import TextSurface
from nocarrier_ports.handset.letters import has
from nocarrier_ports.handset.screen import Screen

EMULATOR = Path(__file__).parents[2] / "emulator"

PROGRAM = """
import gc, micropython
from nocarrier import ns
from nocarrier.wire import parser
from nocarrier.wire.element import Element
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.writer import encode
from nocarrier_ports.handset.screen import Screen, harmless, wrapped

class Surface:
    def fill(self, *a): pass
    fill_rect = text = show = fill

screen = Screen(Surface(), 240, 160)
reader = parser.StreamParser(WireLimits(1024, 256))
reader.feed(b"<s xmlns='jabber:client'>")
reader.next_event()

def letters(first):
    return bytes([0xE4 + first // 4096, 0x80 + first // 64 % 64, 0x80 + first % 64])

def round_trip(first):
    text = str(b"".join([letters(first + i) for i in range(20)]), "utf-8")
    data = encode(Element("body", ns.CLIENT, ("a", text), [text, "&#x4e00;"]), ns.CLIENT, 1024)
    for at in range(0, len(data), 200):
        reader.feed(memoryview(data)[at : at + 200])
        event = reader.next_event()
    got = event[1].text()
    assert got[:20] == text
    for line in wrapped(harmless(got), 28):
        screen.line(3, line)

for block in range(2):
    for first in range(block * 3000, block * 3000 + 3000, 20):
        round_trip(first)
    gc.collect()
    if block == 0:
        before = gc.mem_alloc()
print(gc.mem_alloc() - before)
"""


LINES = (
    ("online Köln", True),
    ("привет, ça va? Łódź", False),
    ("longer than the screen is wide", False),
)
DRAW = """
import binascii
from nocarrier_ports.handset.screen import Screen
from nocarrier_ports.headless import Display

display = Display()
screen = Screen(display, display.width_px, display.height_px, display.has)
for row, (text, inverted) in enumerate(%r):
    screen.line(row + 2, text, inverted)
print(binascii.hexlify(display._pixels).decode())
"""


def test_a_device_draws_what_the_emulator_shows_pixel_by_pixel(tool):
    done = subprocess.run(
        [tool("MICROPYTHON32"), "-c", DRAW % (LINES,)], env={"MICROPYPATH": ".frozen"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    surface = TextSurface(160, 128)
    screen = Screen(surface, 160, 128, has)
    for row, (text, inverted) in enumerate(LINES):
        screen.line(row + 2, text, inverted)
    assert done.stdout.strip() == surface.pixels().hex()
    assert sum(byte.bit_count() for byte in surface.pixels()) > 1_000


def test_three_thousand_letters_leave_nothing_behind(tool):
    done = subprocess.run(
        [tool("MICROPYTHON32"), "-X", "heapsize=256k", "-c", PROGRAM],
        env={"MICROPYPATH": ".frozen"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Each letter that was kept would be 13 bytes.
    assert abs(int(done.stdout)) < 500, done.stdout
