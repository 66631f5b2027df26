"""What all plugs have in common: bytes go to the modem as fast as it takes them, and no faster are they read."""

from collections.abc import Callable
from typing import Protocol


class Dce(Protocol):
    """What is plugged in: the Hayes modem (modem/modem.py), or a module for GSM and LTE (gsm/modem.py)."""

    on_dte: Callable[[bytes], None]
    on_room: Callable[[], None]
    dtr: bool
    deaf: bool

    @property
    def dcd(self) -> bool: ...
    @property
    def ri(self) -> bool: ...
    def set_dtr(self, on: bool) -> None: ...
    def room(self) -> int: ...
    def write(self, data: bytes) -> int: ...


class DtePort:
    """write(data): towards the terminal. read(wanted): whether more is to be read from it."""

    def __init__(self, modem: Dce, write: Callable[[bytes], None], read: Callable[[bool], None]) -> None:
        self.modem = modem
        self._write, self._read = write, read
        self._waiting = bytearray()  # from the terminal, and not yet taken by the modem
        modem.on_dte = self._from_modem
        modem.on_room = self._push

    def room(self) -> int:
        """How many bytes the modem takes now; so many are to be read at most."""
        return self.modem.room() if not self._waiting else 0

    def received(self, data: bytes) -> None:
        """The terminal has sent this."""
        self._waiting += data
        self._push()

    def lines(self) -> dict[str, bool]:
        """What the modem says on its lines, by the names of V.24's circuits."""
        modem = self.modem
        return {"cd": modem.dcd, "ri": modem.ri, "dsr": not modem.deaf, "cts": modem.room() > 0}

    def closed(self) -> None:
        """The terminal is unplugged: DTR falls."""
        self._waiting.clear()
        self.modem.on_dte, self.modem.on_room = _unheard, _unasked
        self.modem.set_dtr(False)

    def _from_modem(self, data: bytes) -> None:
        self._write(data)

    def _push(self) -> None:
        if self._waiting:
            del self._waiting[: self.modem.write(bytes(self._waiting))]
        self._read(self.room() > 0)


def _unheard(data: bytes) -> None:
    pass


def _unasked() -> None:
    pass
