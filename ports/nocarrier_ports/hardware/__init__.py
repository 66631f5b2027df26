"""Screens and keyboards of handhelds that people own, on MicroPython's SPI, I2C and Pin."""
