"""M5Stack Cardputer: its screen and keyboard; a modem on the Grove connector. Not tried on the device yet."""

import os

from machine import SPI, UART, Pin

from nocarrier_ports import device
from nocarrier_ports.clock import utc_s
from nocarrier_ports.hardware.keyboards import MatrixKeyboard
from nocarrier_ports.hardware.lcd import Lcd
from nocarrier_ports.links.stream import StreamLink

_LANDSCAPE = 0x60  # MADCTL: rows and columns exchanged, mirrored


def out(number: int, level: int = 0) -> Pin:
    return Pin(number, Pin.OUT, value=level)


def screen() -> Lcd:
    spi = SPI(1, 40_000_000, sck=Pin(36), mosi=Pin(35))
    lcd = Lcd(spi, out(37, 1), out(34), out(33, 1), 240, 135, _LANDSCAPE, 40, 53)
    out(38, 1)  # light
    return lcd


def wire(port: str) -> StreamLink:
    return StreamLink(UART(1, 9_600, tx=Pin(2), rx=Pin(1), txbuf=1_024, rxbuf=4_096, timeout=0))


def main() -> None:
    selects = (out(8), out(9), out(11))
    inputs = tuple([Pin(number, Pin.IN, Pin.PULL_UP) for number in (13, 15, 3, 4, 5, 6, 7)])
    app, speed = device.boot("", screen, wire, os.urandom, lambda kind, value: None)
    device.run_with_keys(app, (MatrixKeyboard(selects, inputs),), speed, utc_s)


main()
