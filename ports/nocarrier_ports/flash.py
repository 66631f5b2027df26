"""The flash as files of one folder: LittleFS, FAT and POSIX alike.

MicroPython's flush() reaches the medium (LittleFS syncs, the unix port calls fsync); CPython's needs os.fsync() too.
"""

import errno
import os

from nocarrier.queue.storage import StorageError, StorageFull

try:
    from typing import IO, Any, Optional
except ImportError:
    pass

_ENOSPC = 28


class FolderFlash:
    """A Storage. folder: an existing folder for nothing but this."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._name = ""
        self._file: "Optional[IO[bytes]]" = None
        self._unflushed = False
        self._fsync: "Any" = getattr(os, "fsync", None)
        self._read_name = ""
        self._read_file: "Optional[IO[bytes]]" = None

    def names(self) -> "list[str]":
        try:
            return list(os.listdir(self._folder))
        except OSError as error:
            raise _typed(error) from None

    def size(self, name: str) -> int:
        try:
            return os.stat(self._path(name))[6]
        except OSError as error:
            raise _typed(error) from None

    def append(self, name: str, data: "bytes | bytearray") -> None:
        try:
            self._close_read()  # it would not see this
            file = self._open(name)
            self._unflushed = True
            if file.write(data) != len(data):
                raise StorageFull("no space left")
            # What a reader of the same file sees must not depend on a buffer.
            if self._fsync is not None:
                file.flush()
        except OSError as error:
            self._close()
            raise _typed(error) from None

    def flush(self, name: str) -> None:
        try:
            file = self._open(name)
            file.flush()
            if self._fsync is not None:
                self._fsync(file.fileno())
            self._unflushed = False
            self._close_read()  # on LittleFS it would not see this
        except OSError as error:
            self._close()
            raise _typed(error) from None

    def read(self, name: str, offset: int, size: int) -> bytes:
        data = self._read(name, offset, size)
        if len(data) < size and self._unflushed and name == self._name and self._fsync is None:
            self.flush(name)  # on LittleFS nobody else sees it before
            data = self._read(name, offset, size)
        return data

    def _read(self, name: str, offset: int, size: int) -> bytes:
        try:
            if name != self._read_name or self._read_file is None:
                self._close_read()
                self._read_file = open(self._path(name), "rb")  # noqa: SIM115
                self._read_name = name
            self._read_file.seek(offset)
            data: bytes = self._read_file.read(size)
            return data
        except OSError as error:
            self._close_read()
            raise _typed(error) from None

    def remove(self, name: str) -> None:
        try:
            if name == self._name:
                self._close()
            self._close_read()
            os.remove(self._path(name))
        except OSError as error:
            raise _typed(error) from None

    def _open(self, name: str) -> "IO[bytes]":
        """One file is kept open for appending: the one that the journal is writing."""
        if name != self._name or self._file is None:
            self._close()
            self._file = open(self._path(name), "ab")  # noqa: SIM115
            self._name = name
        return self._file

    def _close(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                pass  # what it still held was reported when it was written
            self._file = None
        self._name = ""

    def _close_read(self) -> None:
        """One file is kept open for reading too: on LittleFS it takes longer to find it than to read from it."""
        file, self._read_file = self._read_file, None
        if file is not None:
            file.close()

    def _path(self, name: str) -> str:
        return self._folder + "/" + name


def _typed(error: OSError) -> StorageError:
    if error.errno == _ENOSPC:
        return StorageFull("no space left")
    names = {errno.EACCES: "no permission", 30: "read-only", errno.ENOENT: "not there", errno.EIO: "broken"}
    return StorageError(names.get(error.errno or 0, "error %s" % error.errno))
