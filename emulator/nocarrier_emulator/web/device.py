"""A flashed device on a serial port, as the page shows it: screen and keys, by the remote control's JSON lines."""

import asyncio
import json
import os
from typing import Any

import serial

from nocarrier_emulator.web.wire import NoWire
from nocarrier_ports.handset import keys

_LOOK_S = 0.25  # the screen; what else there is to know every fourth time
_STATUS_LOOKS = 4
_SILENCE_LOOKS = 40
_READ_BYTES = 4096
_LINE_BYTES = 65_536
_TEXT_CHARS = 400  # of one command: with all their bytes they fit in a line of the device's
_CELL_PX = 8
_GONE = "nothing is heard from it"


class DeviceDesk:
    """Takes {"handheld": "device", "key": name} and "text". path: of the port. rate_bps: its rate, if it has one.

    A port that goes away, as USB's do when a board is reset, is opened again when it is back. Raises OSError if there
    is none at the beginning.
    """

    wire = NoWire()

    def __init__(self, path: str, rate_bps: int) -> None:
        self._path, self._rate_bps = path, rate_bps
        self._loop = asyncio.get_running_loop()
        self._line = bytearray()
        self._screen: list[str] = []
        self._status: dict[str, Any] = {}
        self._said = ""
        self._silent = 0  # looks without an answer
        self._open()
        self._looking = self._loop.create_task(self._look())

    def close(self) -> None:
        self._looking.cancel()
        self._shut()

    def command(self, command: Any) -> None:
        """Raises ValueError, which says what is wrong, for what is none."""
        fields = dict(command) if isinstance(command, dict) else {}
        fields.pop("handheld", None)
        if fields.keys() == {"key"} and isinstance(fields["key"], str) and keys.from_name(fields["key"]):
            self._say(fields)
        elif fields.keys() == {"text"} and isinstance(fields["text"], str):
            for at in range(0, len(fields["text"]), _TEXT_CHARS):
                self._say({"text": fields["text"][at : at + _TEXT_CHARS]})
        else:
            raise ValueError("a device takes a key or text")
        self._say({"screen": 1})

    def recording(self) -> str:
        """Raises ValueError: only worlds have one."""
        raise ValueError("a device is not recorded")

    def state(self) -> dict[str, Any]:
        width = max(map(len, self._screen), default=0)
        device = {
            "name": "device",
            "jid": self._path,
            "power": bool(self._screen) and not self._gone(),
            "width_px": max(width, 20) * _CELL_PX,
            "screen": [[text, False] for text in self._screen],
            "status": self._words(),
        }
        return {"handhelds": [device]}

    def raised(self, error: BaseException) -> None:
        self._said = str(error)

    def _gone(self) -> bool:
        return self._serial is None or self._silent > _SILENCE_LOOKS

    def _words(self) -> str:
        if self._gone():
            return _GONE
        words = [self._status.get("status", ""), self._said]
        if "bytes_up" in self._status:
            words.append("%(bytes_up)d B up · %(bytes_down)d B down" % self._status)
        if self._status.get("heap_free_bytes"):
            words.append("%d B free" % self._status["heap_free_bytes"])
        return " · ".join(word for word in words if word)

    def _open(self) -> None:
        self._serial: serial.Serial | None = serial.Serial(self._path, self._rate_bps, timeout=0, write_timeout=0)
        self._loop.add_reader(self._serial.fileno(), self._readable)

    def _shut(self) -> None:
        if self._serial is not None:
            self._loop.remove_reader(self._serial.fileno())
            self._serial.close()
            self._serial = None
        self._line.clear()

    async def _look(self) -> None:
        looks = 0
        while True:
            if self._serial is None:
                try:
                    self._open()
                except OSError:
                    pass
            else:
                self._say({"screen": 1} if looks % _STATUS_LOOKS else {"status": 1})
                self._silent += 1
            looks += 1
            await asyncio.sleep(_LOOK_S)

    def _say(self, line: dict[str, Any]) -> None:
        if self._serial is None:
            return
        try:
            # As UTF-8: MicroPython's json does not join escaped surrogates.
            self._serial.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except serial.SerialTimeoutException:  # it does not read
            pass
        except OSError:
            self._shut()

    def _readable(self) -> None:
        assert self._serial is not None
        try:
            data = os.read(self._serial.fileno(), _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:  # unplugged
            self._shut()
            return
        self._line += data
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest[-_LINE_BYTES:])
        for line in lines:
            self._heard(bytes(line))

    def _heard(self, line: bytes) -> None:
        """What is no answer is what the board says when it boots, or a traceback."""
        try:
            answer = json.loads(line)
        except ValueError:
            return
        if not isinstance(answer, dict):
            return
        self._silent = 0
        if "screen" in answer:
            self._screen = [str(text) for text in answer["screen"]]
        elif "status" in answer:
            self._status = answer
        elif "refused" in answer:
            self._said = str(answer["refused"])
        elif "typed" in answer:
            self._said = ""
