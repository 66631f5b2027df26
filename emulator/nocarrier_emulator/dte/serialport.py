"""The modem at a real serial port, for handhelds and vintage machines behind a null-modem cable.

Crossed as such cables are: the terminal's DTR is our DSR, our DTR is its carrier detect.
"""

import asyncio

import serial

from nocarrier_emulator.dte.descriptor import Descriptor
from nocarrier_emulator.dte.port import Dce, DtePort

_LOOK_S = 0.05


class SerialPort:
    """device: its path. rate_bps: of the cable. lines: whether the cable has them; else DTR counts as up.

    Raises OSError if it cannot be opened.
    """

    def __init__(self, modem: Dce, device: str, rate_bps: int, lines: bool = True, rtscts: bool = False) -> None:
        self._modem = modem
        self._serial = serial.Serial(device, rate_bps, timeout=0, write_timeout=0, rtscts=rtscts)
        self._descriptor = Descriptor(self._serial.fileno())
        self._port = DtePort(modem, self._descriptor.write, self._descriptor.wanted)
        self._descriptor.serve(self._port)
        self._looking = asyncio.create_task(self._look()) if lines else None

    def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._port.closed()
        self._descriptor.close()
        self._serial.close()

    async def _look(self) -> None:
        """Passes on what either side says on its lines."""
        while True:
            try:
                self._modem.set_dtr(self._serial.dsr)
                self._serial.dtr = self._port.lines()["cd"]
            except OSError:  # a pseudo-terminal has none
                return
            await asyncio.sleep(_LOOK_S)
