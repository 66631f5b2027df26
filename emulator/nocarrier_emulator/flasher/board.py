"""A board at the other end of a serial port: what it is, and its files. All of it through mpremote's raw REPL."""

import ast
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from nocarrier_emulator.flasher.errors import FlashError

_FACTS = """
import sys, gc, os
try:
    free = os.statvfs('')
    free = free[0] * free[3]
except (OSError, AttributeError):
    free = 0
frozen = False
try:
    import nocarrier_ports
    frozen = not hasattr(nocarrier_ports, '__path__') or nocarrier_ports.__path__.startswith('.frozen')
except Exception:
    pass  # not there, or half of it
gc.collect()
print((sys.implementation[0], tuple(sys.implementation[1][:3]), getattr(sys.implementation, '_mpy', 0), sys.platform,
       gc.mem_free(), free, frozen))
"""
_HASHES = """
import os, hashlib, binascii
def _hashes(folder):
    try:
        names = os.ilistdir(folder) if folder else os.ilistdir()
    except OSError:
        return
    for row in names:
        path = folder + '/' + row[0] if folder else row[0]
        if row[1] & 0x4000:
            _hashes(path)
            continue
        digest = hashlib.sha256()
        with open(path, 'rb') as file:
            while True:
                part = file.read(256)
                if not part:
                    break
                digest.update(part)
        print(repr((path, str(binascii.hexlify(digest.digest()), 'ascii'))))
for folder in %r:
    _hashes(folder)
"""
_MPY_VERSION = 0xFF
_CHUNK_BYTES = 2048


@dataclass
class Facts:
    """What a board says of itself. mpy_version: of compiled files that it loads, 0 if it loads none."""

    name: str
    version: tuple[int, ...]
    mpy_version: int
    platform: str
    heap_free_bytes: int
    flash_free_bytes: int
    frozen: bool


class Board:
    """port: whatever pyserial opens. before: what is to be run first, on boards that have no files before that.

    Paths are relative to the folder that it has booted in: / as a rule, /flash on some.

    Raises FlashError wherever the board does not answer as MicroPython does.
    """

    def __init__(self, port: str, before: str = "") -> None:
        with _failures("no board at %s" % port):
            self._transport = SerialTransport(port, wait=2, timeout=10)
        with _failures("no MicroPython prompt at %s; does it run something that cannot be stopped?" % port):
            self._transport.enter_raw_repl(soft_reset=True)
        if before:
            self.run(before)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it may be gone already
            self._transport.close()

    def run(self, program: str) -> str:
        """What the program prints."""
        with _failures("the board has failed"):
            out: bytes = self._transport.exec(program)
        return out.decode(errors="replace")

    def facts(self) -> Facts:
        name, version, mpy, platform, heap, flash, frozen = ast.literal_eval(self.run(_FACTS).strip().splitlines()[-1])
        return Facts(name, version, mpy & _MPY_VERSION, platform, heap, flash, frozen)

    def hashes(self, folders: list[str]) -> dict[str, str]:
        """SHA-256 of all files below these folders, by path; "": of all files."""
        rows = [ast.literal_eval(line) for line in self.run(_HASHES % (folders,)).splitlines() if line.startswith("(")]
        return dict(rows)

    def write(self, path: str, data: bytes) -> None:
        with _failures("cannot write %s" % path):
            self._transport.fs_writefile(path, data, chunk_size=_CHUNK_BYTES)

    def holds_json(self, path: str) -> bool:
        """True if the file is whole, as JSON."""
        try:
            self.run("import json\njson.load(open(%r))" % path)
        except FlashError:
            return False
        return True

    def make_folder(self, path: str) -> None:
        """If it is not there."""
        self.run("import os\ntry:\n    os.mkdir(%r)\nexcept OSError:\n    pass" % path)

    def remove(self, path: str) -> None:
        """If it is there."""
        self.run("import os\ntry:\n    os.remove(%r)\nexcept OSError:\n    pass" % path)

    def rename(self, old: str, new: str) -> None:
        """Over what is there, which FAT wants to be removed first."""
        self.run(
            "import os\ntry:\n    os.rename(%r, %r)\nexcept OSError:\n    os.remove(%r)\n    os.rename(%r, %r)"
            % (old, new, new, old, new)
        )

    def lines(self, program: str, silence_s: float) -> Iterator[str]:
        """What the program prints, line by line, until no line comes for so long, or there is no board any more.

        Raises FlashError if the program comes to its end.
        """
        with _failures("the board has failed"):
            self._transport.exec_raw_no_follow(program)
        said, heard_s = b"", time.monotonic()
        while time.monotonic() - heard_s < silence_s:
            try:
                size = self._transport.serial.inWaiting()
                data = self._transport.serial.read(size) if size else b""
            except OSError:
                return
            if not data:
                time.sleep(0.02)
                continue
            *whole, said = (said + data).split(b"\n")
            heard_s = time.monotonic() if whole else heard_s
            if b"\x04" in data:
                raise FlashError("the board has failed (%s)" % _last_line((said or data).decode(errors="replace")))
            yield from (line.decode(errors="replace").strip() for line in whole)

    def restart(self, listen_s: float) -> list[str]:
        """Starts it as its switch would, and returns the lines that it says in that time."""
        with _failures("the board has failed"):
            self._transport.exit_raw_repl()
            self._transport.serial.write(b"\x04")
            end_s = time.monotonic() + listen_s
            said = b""
            while time.monotonic() < end_s:
                size = self._transport.serial.inWaiting()
                said += self._transport.serial.read(size) if size else b""
                time.sleep(0.02)
        return said.decode(errors="replace").splitlines()


@contextlib.contextmanager
def _failures(text: str) -> Iterator[None]:
    """mpremote's and pyserial's errors in one kind; the board's own last line says the most."""
    try:
        yield
    except (TransportError, OSError, SystemExit) as error:
        raise FlashError("%s (%s)" % (text, _last_line(error))) from None


def _last_line(error: Any) -> str:
    text = getattr(error, "error_output", None) or str(error)
    lines = [line for line in str(text).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
