"""Raspberry Pi Pico: no screen of its own; JSON lines on the USB cable, a modem on UART0.

Not tried on the device yet.
"""

import os

from machine import UART, Pin

from nocarrier_ports import cable
from nocarrier_ports.clock import utc_s
from nocarrier_ports.links.stream import StreamLink


def wire(port: str) -> StreamLink:
    return StreamLink(UART(0, 9_600, tx=Pin(0), rx=Pin(1), txbuf=1_024, rxbuf=4_096, timeout=0))


cable.run("", wire, os.urandom, utc_s)
