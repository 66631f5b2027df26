"""The board "mps2": MicroPython on a Cortex-M3 without an operating system; JSON lines on UART0, a modem on UART1.

Typed at the prompt: main.install(FLASH, SETTINGS) once, and main.run(FLASH) whenever the power comes. FLASH: path of
the file of the machine that runs QEMU in which the flash is.
"""

import sys

import semihosting
import uart
import vfs
from mounting import mount

from nocarrier_ports import device, headless
from nocarrier_ports.handset.app import App
from nocarrier_ports.links.stream import StreamLink

_COMMAND_BYTES = 64  # read from the cable between two steps


def install(flash: str, settings: str) -> None:
    """Writes settings.json, whose text this is."""
    mount(flash)
    with open("/settings.json", "w") as file:
        file.write(settings)
    vfs.umount("/")


def run(flash: str) -> None:
    """Boots the handset and runs until the power goes."""
    mount(flash)
    modem, cable = uart.Uart(uart.MODEM), uart.Uart(uart.REMOTE)
    app, remote, speed = headless.boot("", lambda _: StreamLink(modem), semihosting.urandom, sys.stdout.write)
    buf = bytearray(_COMMAND_BYTES)

    def poll(app: App) -> bool:
        size = cable.readinto(buf)
        if size:
            remote.receive(memoryview(buf)[:size], app)
        return True

    device.run(app, poll, speed, semihosting.utc_s)
