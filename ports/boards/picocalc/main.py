"""ClockworkPi PicoCalc with a Pico: its screen and keyboard; a modem on UART0. Not tried on the device yet."""

import os

from machine import I2C, SPI, UART, Pin

from nocarrier_ports import device
from nocarrier_ports.clock import utc_s
from nocarrier_ports.hardware.keyboards import FifoKeyboard
from nocarrier_ports.hardware.lcd import Lcd
from nocarrier_ports.links.stream import StreamLink

_ORDER = 0x48  # MADCTL: columns mirrored, blue first


def out(number: int, level: int = 0) -> Pin:
    return Pin(number, Pin.OUT, value=level)


def screen() -> Lcd:
    spi = SPI(1, 25_000_000, sck=Pin(10), mosi=Pin(11), miso=Pin(12))
    return Lcd(spi, out(13, 1), out(14), out(15, 1), 320, 320, _ORDER)


def wire(port: str) -> StreamLink:
    return StreamLink(UART(0, 9_600, tx=Pin(0), rx=Pin(1), txbuf=1_024, rxbuf=4_096, timeout=0))


def main() -> None:
    i2c = I2C(1, sda=Pin(6), scl=Pin(7), freq=10_000)  # its controller is slow
    app, speed = device.boot("", screen, wire, os.urandom, lambda kind, value: None)
    device.run_with_keys(app, (FifoKeyboard(i2c),), speed, utc_s)


main()
