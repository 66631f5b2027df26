"""Boards without a screen whose commands come by standard input: a USB cable, or a pipe."""

import select
import sys

from nocarrier_ports import device, headless

try:
    from typing import Callable

    from nocarrier_ports.handset.app import App
    from nocarrier_ports.links.stream import StreamLink
except ImportError:
    pass

_COMMAND_BYTES = 256  # read between two steps


def run(
    folder: str, wire: "Callable[[str], StreamLink]", entropy: "Callable[[int], bytes]", utc_s: "Callable[[], int]"
) -> None:
    """Boots, and runs until standard input ends. wire, entropy: see device.boot(); utc_s: see loop.run()."""
    app, remote, speed = headless.boot(folder, wire, entropy, sys.stdout.write)
    cable = select.poll()
    cable.register(sys.stdin, select.POLLIN)

    def poll(app: App) -> bool:
        # Byte by byte: a line has no limit before it is read, and half a line must not hold up the radio.
        for _ in range(_COMMAND_BYTES):
            if not cable.poll(0):
                break
            byte = sys.stdin.buffer.read(1)
            if not byte:
                return False
            remote.receive(byte, app)
        return True

    device.run(app, poll, speed, utc_s)
