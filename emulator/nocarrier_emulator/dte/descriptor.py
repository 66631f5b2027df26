"""A terminal behind a file descriptor that does not block, on the running asyncio loop."""

import asyncio
import os

from nocarrier_emulator.dte.port import DtePort

_READ_BYTES = 4096


class Descriptor:
    """Reads only what the modem has room for, and writes when the terminal takes it."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._loop = asyncio.get_running_loop()
        self._port: DtePort | None = None
        self._to_terminal = bytearray()
        self._reading = False

    def serve(self, port: DtePort) -> None:
        """Begins."""
        self._port = port
        self.wanted(True)

    def close(self) -> None:
        """Ends; the descriptor stays open."""
        self._port = None
        self._loop.remove_reader(self._number)
        self._loop.remove_writer(self._number)

    def clear(self) -> None:
        """Forgets what the terminal has not taken."""
        self._to_terminal.clear()

    def wanted(self, more: bool) -> None:
        """Flow control: while nothing is wanted, bytes wait in the system's buffer."""
        if self._port is None or more == self._reading:
            return
        self._reading = more
        if more:
            self._loop.add_reader(self._number, self._readable)
        else:
            self._loop.remove_reader(self._number)

    def write(self, data: bytes) -> None:
        if self._port is None:
            return
        self._to_terminal += data
        self._writable()

    def _readable(self) -> None:
        assert self._port is not None
        room = self._port.room()
        if room <= 0:
            self.wanted(False)
            return
        try:
            data = os.read(self._number, min(room, _READ_BYTES))
        except BlockingIOError:
            return
        except OSError:  # nobody has the other side open
            self.wanted(False)
            return
        self._port.received(data)

    def _writable(self) -> None:
        if self._to_terminal:
            try:
                del self._to_terminal[: os.write(self._number, self._to_terminal)]
            except BlockingIOError:
                pass
        if self._to_terminal:
            self._loop.add_writer(self._number, self._writable)
        else:
            self._loop.remove_writer(self._number)
