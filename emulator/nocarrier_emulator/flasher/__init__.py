"""nocarrier-flash: puts nocarrier on a board that runs MicroPython, over its serial port."""
