"""LilyGo T-Deck: its screen, keyboard and trackball; a modem on the Grove connector. Not tried on the device yet."""

import os
import time

from machine import I2C, SPI, UART, Pin

from nocarrier_ports import device
from nocarrier_ports.clock import utc_s
from nocarrier_ports.hardware.keyboards import I2cKeyboard, Trackball
from nocarrier_ports.hardware.lcd import Lcd
from nocarrier_ports.links.stream import StreamLink

_LANDSCAPE = 0x60  # MADCTL: rows and columns exchanged, mirrored


def out(number: int, level: int = 0) -> Pin:
    return Pin(number, Pin.OUT, value=level)


def screen() -> Lcd:
    spi = SPI(1, 40_000_000, sck=Pin(40), mosi=Pin(41), miso=Pin(38))
    for other in (9, 39):  # radio and card are on the same wires
        out(other, 1)
    lcd = Lcd(spi, out(12, 1), out(11), None, 320, 240, _LANDSCAPE)
    out(42, 1)  # light
    return lcd


def wire(port: str) -> StreamLink:
    return StreamLink(UART(1, 9_600, tx=Pin(43), rx=Pin(44), txbuf=1_024, rxbuf=4_096, timeout=0))


def main() -> None:
    out(10, 1)  # power for all that is not the processor
    time.sleep_ms(500)
    i2c = I2C(0, sda=Pin(18), scl=Pin(8), freq=400_000)
    ball = Trackball(*[Pin(number, Pin.IN, Pin.PULL_UP) for number in (3, 15, 1, 2, 0)])
    app, speed = device.boot("", screen, wire, os.urandom, lambda kind, value: None)
    device.run_with_keys(app, (I2cKeyboard(i2c), ball), speed, utc_s)


main()
