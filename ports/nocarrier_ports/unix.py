"""The board "unix": MicroPython on Linux, a serial device or pty as its modem, JSON lines on stdin and stdout.

main(FOLDER) runs it: FOLDER holds settings.json and, in flash/, what the device remembers.
"""

import os
import select
import sys
import termios
import time

from nocarrier_ports import headless
from nocarrier_ports.links.stream import StreamLink

try:
    from typing import Any

    from nocarrier_ports.handset.app import App
except ImportError:
    pass

_KEYS_BYTES = 256  # read from stdin between two steps
_EPOCH_S = 0 if time.gmtime(0)[0] == 1970 else 946_684_800  # some ports count from 2000


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
    app, remote, speed = headless.boot(folder, lambda path: StreamLink(open_serial(path)), os.urandom, sys.stdout.write)
    keyboard = select.poll()
    keyboard.register(sys.stdin, select.POLLIN)

    def poll(app: App) -> bool:
        # Byte by byte: a line has no limit before it is read, and half a line must not hold up the radio.
        for _ in range(_KEYS_BYTES):
            if not keyboard.poll(0):
                break
            byte = sys.stdin.buffer.read(1)
            if not byte:
                return False
            remote.receive(byte, app)
        return True

    headless.run(app, poll, speed, lambda: int(time.time()) + _EPOCH_S)
