"""Files of the machine that runs QEMU: the board's flash is one of them, and its entropy comes from another.

Semihosting as Arm's specification has it: a trap, with the number of an operation and a block of arguments.
"""

import array

import micropython
from uctypes import addressof

try:
    from typing import Any
except ImportError:
    pass

_OPEN, _CLOSE, _WRITE, _READ, _SEEK, _FLEN, _TIME = 0x01, 0x02, 0x05, 0x06, 0x0A, 0x0C, 0x11
READ, READ_WRITE, CREATE = 1, 3, 7  # modes of a file: of fopen(), "rb", "r+b" and "w+b"
_PAGE_BYTES = 256  # what is programmed at a time, as NOR flash is: power can go between two


@micropython.asm_thumb
def _trap(r0, r1):  # type: ignore[no-untyped-def]
    data(2, 0xBEAB)  # type: ignore[name-defined]  # noqa: F821  bkpt 0xAB


_arguments = array.array("I", (0, 0, 0))


def _call(operation: int, *arguments: int) -> int:
    for i in range(len(arguments)):
        _arguments[i] = arguments[i]
    result: int = _trap(operation, addressof(_arguments))
    return result


def utc_s() -> int:
    """Seconds since 1970, by the clock of the machine that runs QEMU."""
    return _call(_TIME)


class HostFile:
    """path: of an existing file, or of a new one in mode CREATE. Raises OSError."""

    def __init__(self, path: str, mode: int) -> None:
        name = path.encode() + b"\0"
        self._handle = _call(_OPEN, addressof(name), mode, len(name) - 1)
        if self._handle in (-1, 0xFFFFFFFF):
            raise OSError(path)

    def size(self) -> int:
        """Its bytes."""
        return _call(_FLEN, self._handle)

    def read_into(self, offset: int, buf: "Any") -> None:
        """Fills buf from there. Raises OSError if there is not so much."""
        _call(_SEEK, self._handle, offset)
        if _call(_READ, self._handle, addressof(buf), len(buf)):
            raise OSError(5)

    def write(self, offset: int, buf: "Any") -> None:
        """Writes buf there. Raises OSError."""
        _call(_SEEK, self._handle, offset)
        if _call(_WRITE, self._handle, addressof(buf), len(buf)):
            raise OSError(5)


def urandom(size: int) -> bytes:
    """So many bytes nobody can guess."""
    buf = bytearray(size)
    file = HostFile("/dev/urandom", READ)
    try:
        _call(_READ, file._handle, addressof(buf), size)
    finally:
        _call(_CLOSE, file._handle)
    return bytes(buf)


class FlashFile:
    """A block device, as MicroPython's file systems want it, on a host's file: erased to ones, programmed in pages.

    blocks, block_bytes: of a file that is not there yet.
    """

    def __init__(self, path: str, blocks: int, block_bytes: int = 4096) -> None:
        self._block_bytes = block_bytes
        self._erased = b"\xff" * _PAGE_BYTES
        try:
            self._file = HostFile(path, READ_WRITE)
        except OSError:
            self._file = HostFile(path, CREATE)
            for block in range(blocks):
                self._erase(block)
        self._blocks = self._file.size() // block_bytes

    def blank(self) -> bool:
        """True if there are no files on it: a file system begins in its first two blocks."""
        buf = bytearray(16)
        for block in range(2, self._blocks):
            self.readblocks(block, buf)
            if buf != self._erased[:16]:
                return False
        return True

    def readblocks(self, block: int, buf: "Any", offset: int = 0) -> None:
        self._file.read_into(block * self._block_bytes + offset, buf)

    def writeblocks(self, block: int, buf: "Any", offset: int = 0) -> None:
        view = memoryview(buf)
        at = block * self._block_bytes + offset
        for page in range(0, len(view), _PAGE_BYTES):
            self._file.write(at + page, view[page : page + _PAGE_BYTES])

    def ioctl(self, operation: int, argument: int) -> int:
        if operation == 4:
            return self._blocks
        if operation == 5:
            return self._block_bytes
        if operation == 6:
            self._erase(argument)
        return 0

    def _erase(self, block: int) -> None:
        for offset in range(0, self._block_bytes, _PAGE_BYTES):
            self._file.write(block * self._block_bytes + offset, self._erased)
