"""What the journal asks of the flash. The caller passes an object with these methods; ports/ has them for files."""

from nocarrier.errors import NocarrierError


class StorageError(NocarrierError):
    """The flash refused: full, read-only or broken. Raised by the storage that the caller passes in."""


class StorageFull(StorageError):
    """No room left. What is already stored is intact."""


try:
    from typing import Protocol

    class Storage(Protocol):
        """A few small files with append and flush.

        Every method raises StorageError, and append StorageFull when there is no room. After a failed or interrupted
        append any prefix of the data may be there; after flush() returned, all of it is, through a power cut too.
        """

        def names(self) -> "list[str]":
            """The names of all files, in any order."""
            raise NotImplementedError

        def size(self, name: str) -> int:
            """Length in bytes."""
            raise NotImplementedError

        def append(self, name: str, data: "bytes | bytearray") -> None:
            """Adds to the end of the file, which is made if it is not there."""
            raise NotImplementedError

        def flush(self, name: str) -> None:
            """Returns when everything appended to the file is safe."""
            raise NotImplementedError

        def read(self, name: str, offset: int, size: int) -> bytes:
            """Up to `size` bytes from `offset` on; fewer only at the end of the file."""
            raise NotImplementedError

        def remove(self, name: str) -> None:
            """Deletes the file."""
            raise NotImplementedError
except ImportError:
    pass  # a class that nobody makes would only take memory on a device
