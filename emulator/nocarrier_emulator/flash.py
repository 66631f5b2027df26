"""A flash of files in memory that can be full, read-only, or lose its power in the middle of a write.

Runs on MicroPython too: the core's tests use it there.
"""

from nocarrier.queue.storage import StorageError, StorageFull

try:
    from typing import Optional
except ImportError:
    pass


class PowerCut(Exception):
    """The power went; not an error that the software under test could handle."""


class MemoryFlash:
    """A flash of capacity_bytes.

    cut_after_bytes: the write that passes this many bytes is cut there and raises PowerCut; None: never.
    read_only: appends and removals raise StorageError.
    """

    def __init__(self, capacity_bytes: int = 1 << 20) -> None:
        self.files: "dict[str, bytearray]" = {}
        self.capacity_bytes = capacity_bytes
        self.cut_after_bytes: "Optional[int]" = None
        self.read_only = False
        self.written_bytes = 0
        self.flushes = 0
        self._safe: "dict[str, int]" = {}  # bytes of each file that a loss of power leaves

    def unsafe_bytes(self) -> int:
        """How much a loss of power would lose now."""
        return sum([len(file) - self._safe.get(name, 0) for name, file in self.files.items()])

    def power_off(self) -> None:
        """What was not flushed is lost. A cut that was planned has come."""
        self.cut_after_bytes = None
        for name, file in self.files.items():
            file[self._safe.get(name, 0) :] = b""

    def names(self) -> "list[str]":
        return list(self.files)

    def size(self, name: str) -> int:
        return len(self._file(name))

    def append(self, name: str, data: "bytes | bytearray") -> None:
        if self.read_only:
            raise StorageError("read-only")
        file = self.files.get(name)
        if file is None:
            file = self.files[name] = bytearray()
        if sum([len(f) for f in self.files.values()]) + len(data) > self.capacity_bytes:
            raise StorageFull("no space left")
        if self.cut_after_bytes is not None and self.written_bytes + len(data) > self.cut_after_bytes:
            file.extend(data[: self.cut_after_bytes - self.written_bytes])
            self._safe[name] = len(file)  # it was being written
            raise PowerCut()
        file.extend(data)
        self.written_bytes += len(data)

    def flush(self, name: str) -> None:
        self._safe[name] = len(self._file(name))
        self.flushes += 1

    def read(self, name: str, offset: int, size: int) -> bytes:
        return bytes(self._file(name)[offset : offset + size])

    def remove(self, name: str) -> None:
        if self.read_only:
            raise StorageError("read-only")
        self._file(name)
        del self.files[name]
        self._safe.pop(name, None)

    def _file(self, name: str) -> bytearray:
        if name not in self.files:
            raise StorageError("no file %s" % name)
        return self.files[name]
