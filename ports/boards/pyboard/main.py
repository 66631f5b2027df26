"""Pyboard and other boards with an STM32: no screen of its own; JSON lines on the USB cable, a modem on UART4 (X1, X2).

Not tried on the device yet.
"""

import os

from machine import UART

from nocarrier_ports import cable
from nocarrier_ports.clock import utc_s
from nocarrier_ports.links.stream import StreamLink


def wire(port: str) -> StreamLink:
    return StreamLink(UART(4, 9_600, rxbuf=4_096, timeout=0))


cable.run("/flash", wire, os.urandom, utc_s)
