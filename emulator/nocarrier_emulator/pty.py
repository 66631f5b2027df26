"""A modem on a pseudo-terminal, for handhelds that are processes of their own.

A pty has neither modem control lines nor a rate: the rate is the line's, DTR falls when the process's power is cut
(see process.py), and loss of carrier shows as NO CARRIER.
"""

import asyncio
import os
import termios
import tty

from nocarrier_emulator.modem import Modem

_VTIME, _VMIN = termios.VTIME, termios.VMIN


class PtyPort:
    """path: the device to give to the handheld."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self._loop = asyncio.get_running_loop()
        self._master, self._slave = os.openpty()
        self.path = os.ttyname(self._slave)
        tty.setraw(self._slave)
        attributes = termios.tcgetattr(self._slave)
        # A read that would wait for ever is no use on a handheld: nothing there means nothing read.
        attributes[6][_VMIN] = attributes[6][_VTIME] = 0
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)
        os.set_blocking(self._master, False)
        self._to_handheld = bytearray()
        self._reading = False
        modem.on_dte = self._from_modem
        modem.on_room = self._watch
        self._watch()

    def close(self) -> None:
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        os.close(self._master)
        os.close(self._slave)

    def flush(self) -> None:
        """Forgets what nobody has read: the handheld's UART lost its power."""
        self._to_handheld.clear()
        termios.tcflush(self._slave, termios.TCIFLUSH)

    def _watch(self) -> None:
        if not self._reading:
            self._reading = True
            self._loop.add_reader(self._master, self._readable)

    def _readable(self) -> None:
        room = self._modem.room()
        if room <= 0:
            # Flow control: the bytes wait in the pty until the line has taken some.
            self._reading = False
            self._loop.remove_reader(self._master)
            return
        try:
            data = os.read(self._master, min(room, 4096))
        except BlockingIOError:
            return
        self._modem.write(data)

    def _from_modem(self, data: bytes) -> None:
        self._to_handheld += data
        self._writable()

    def _writable(self) -> None:
        if self._to_handheld:
            try:
                del self._to_handheld[: os.write(self._master, self._to_handheld)]
            except BlockingIOError:
                pass
        if self._to_handheld:
            self._loop.add_writer(self._master, self._writable)
        else:
            self._loop.remove_writer(self._master)
