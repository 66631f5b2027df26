"""A modem on a pseudo-terminal, for handhelds that are processes of their own.

A pty has neither modem control lines nor a rate: the rate is the line's, DTR falls when the process's power is cut
(see process.py), and loss of carrier shows as NO CARRIER.
"""

import os
import termios
import tty

from nocarrier_emulator.dte.descriptor import Descriptor
from nocarrier_emulator.dte.port import Dce, DtePort

_VTIME, _VMIN = termios.VTIME, termios.VMIN


class PtyPort:
    """path: the device to give to the handheld."""

    def __init__(self, modem: Dce) -> None:
        master, self._slave = os.openpty()
        self.path = os.ttyname(self._slave)
        tty.setraw(self._slave)
        attributes = termios.tcgetattr(self._slave)
        # A read that would wait for ever is no use on a handheld: nothing there means nothing read.
        attributes[6][_VMIN] = attributes[6][_VTIME] = 0
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)
        os.set_blocking(master, False)
        self._master = master
        self._descriptor = Descriptor(master)
        self._descriptor.serve(DtePort(modem, self._descriptor.write, self._descriptor.wanted))

    def close(self) -> None:
        self._descriptor.close()
        os.close(self._master)
        os.close(self._slave)

    def flush(self) -> None:
        """Forgets what nobody has read: the handheld's UART lost its power."""
        self._descriptor.clear()
        termios.tcflush(self._slave, termios.TCIFLUSH)
