"""The board "unix": MicroPython on Linux, a serial device or pty as its modem, JSON lines on stdin and stdout.

main(FOLDER) runs it: FOLDER holds settings.json and, in flash/, what the device remembers.
"""

import os
import termios

from nocarrier_ports import cable
from nocarrier_ports.clock import utc_s
from nocarrier_ports.links.stream import StreamLink

try:
    from typing import Any
except ImportError:
    pass


def open_serial(path: str) -> "Any":
    """The serial device as a stream whose reads and writes return at once."""
    stream = open(path, "r+b", buffering=0)  # noqa: SIM115
    termios.setraw(stream.fileno())
    attributes = termios.tcgetattr(stream.fileno())
    attributes[6][5] = attributes[6][6] = 0  # VTIME, VMIN: "nothing there" is an answer
    termios.tcsetattr(stream.fileno(), termios.TCSANOW, attributes)
    return stream


def main(folder: str) -> None:
    """Boots the handset and runs until stdin ends."""
    cable.run(folder, lambda path: StreamLink(open_serial(path)), os.urandom, utc_s)
