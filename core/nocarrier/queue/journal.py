"""An append-only log of records over a few flash files, made so that any prefix of any write may be all that survives.

Layout. The log is a row of segments, files named "log" and eight hex digits, counted upwards. A segment begins with the
format's mark; then records: CRC-32 of the rest (4 bytes), payload length (2), kind (1), payload; little-endian. A
record is there whole or not at all: reading a segment ends at the first one that is short or whose CRC is wrong. Since
flash files cannot be cut shorter everywhere, nothing is ever appended behind such a torn end: a new segment is begun.

Space is bounded by giving up the oldest segment, after the owner of the log has written what is still alive in it
once more at the end (store.py). What a record means is records.py's business.
"""

import binascii
import struct

from nocarrier.compat import const
from nocarrier.errors import UsageError
from nocarrier.queue.storage import StorageError

try:
    from typing import Callable, Iterator

    from nocarrier.queue.storage import Storage
except ImportError:
    pass

_MARK = b"NCJ1"
_HEADER = "<IHB"
_HEADER_BYTES = const(7)
_PREFIX = "log"


class Journal:
    """The log.

    segment_bytes: size that a segment does not exceed (at most 65536; flash sector multiples spread the wear).
    segments:      how many may stand at once; needs_room() is true above it.
    A position is an int: segment number times 65536 plus the offset in the segment.
    """

    def __init__(self, storage: Storage, segment_bytes: int = 4096, segments: int = 8) -> None:
        if not 64 <= segment_bytes <= 65536 or segments < 2:
            raise UsageError("segment_bytes is 64 to 65536, segments at least 2")
        self._storage = storage
        self._segment_bytes = segment_bytes
        self._segments = segments
        self._numbers: "list[int]" = []
        self._size = 0
        self._torn = True
        self._dirty = False

    def open(self, visit: "Callable[[int, int, bytes], None]") -> None:
        """Reads the whole log, oldest first, and hands every record to visit(position, kind, payload)."""
        self._numbers = sorted([number for number in map(_number, self._storage.names()) if number >= 0])
        self._torn = True
        for number in self._numbers:
            end = 0
            for position, kind, payload in self._scan(number):
                visit(position, kind, payload)
                end = (position & 0xFFFF) + _HEADER_BYTES + len(payload)
            self._size = end or len(_MARK)
            self._torn = self._size != self._storage.size(_name(number))
        self._dirty = bool(self._numbers)  # who wrote last may have ended before a flush

    def append(self, kind: int, payload: "bytes | bytearray") -> int:
        """Adds a record and returns its position. Safe only after flush(). Raises StorageError, UsageError."""
        need = _HEADER_BYTES + len(payload)
        if len(_MARK) + need > self._segment_bytes:
            raise UsageError("record of %d bytes does not fit into a segment" % need)
        if self._torn or self._size + need > self._segment_bytes:
            self._begin_segment()
        header = bytearray(_HEADER_BYTES)
        struct.pack_into(_HEADER, header, 0, 0, len(payload), kind)
        crc = binascii.crc32(payload, binascii.crc32(memoryview(header)[4:]))
        struct.pack_into("<I", header, 0, crc & 0xFFFFFFFF)
        number = self._numbers[-1]
        position = number << 16 | self._size
        self._torn = True  # until the append is known to be whole
        self._storage.append(_name(number), bytes(header) + payload)
        self._torn = False
        self._dirty = True
        self._size += need
        return position

    def flush(self) -> None:
        """Makes everything appended safe; costs nothing when nothing was appended."""
        if self._dirty:
            self._storage.flush(_name(self._numbers[-1]))
            self._dirty = False

    def read(self, position: int) -> "tuple[int, bytes]":
        """The record at a position, as (kind, payload). Raises StorageError if it is not there whole."""
        record = self._record(position >> 16, position & 0xFFFF)
        if record is None:
            raise StorageError("no record at %x" % position)
        return record

    def records(self) -> "Iterator[tuple[int, int, bytes]]":
        """All records, oldest first, as (position, kind, payload)."""
        for number in list(self._numbers):
            for record in self._scan(number):
                yield record

    def fits(self, payload_bytes: int) -> bool:
        """True if a record of that size fits into a segment."""
        return len(_MARK) + _HEADER_BYTES + payload_bytes <= self._segment_bytes

    def count(self) -> int:
        """How many segments there are."""
        return len(self._numbers)

    def needs_room(self) -> bool:
        """True when there are more segments than allowed, so that the oldest is to be given up."""
        return len(self._numbers) > self._segments

    def oldest(self) -> "Iterator[tuple[int, int, bytes]]":
        """The records of the oldest segment."""
        return self._scan(self._numbers[0])

    def drop_oldest(self) -> None:
        """Gives the oldest segment up; what was alive in it must have been appended again and flushed."""
        self._storage.remove(_name(self._numbers[0]))
        self._numbers.pop(0)

    def capacity_bytes(self) -> int:
        """How much all segments hold together."""
        return self._segment_bytes * self._segments

    def _begin_segment(self) -> None:
        self.flush()
        number = self._numbers[-1] + 1 if self._numbers else 0
        # Part of the mark may be there if this fails: then the next try takes the next number.
        self._numbers.append(number)
        self._torn = True
        try:
            self._storage.append(_name(number), _MARK)
        except StorageError:
            if _name(number) not in self._storage.names():
                self._numbers.pop()
            raise
        self._size = len(_MARK)
        self._torn = False

    def _scan(self, number: int) -> "Iterator[tuple[int, int, bytes]]":
        if self._storage.read(_name(number), 0, len(_MARK)) != _MARK:
            return
        offset = len(_MARK)
        while True:
            record = self._record(number, offset)
            if record is None:
                return
            yield number << 16 | offset, record[0], record[1]
            offset += _HEADER_BYTES + len(record[1])

    def _record(self, number: int, offset: int) -> "tuple[int, bytes] | None":
        name = _name(number)
        header = self._storage.read(name, offset, _HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return None
        crc, size, kind = struct.unpack(_HEADER, header)
        payload = self._storage.read(name, offset + _HEADER_BYTES, size)
        if len(payload) < size or binascii.crc32(payload, binascii.crc32(header[4:])) & 0xFFFFFFFF != crc:
            return None
        return kind, payload


def _name(number: int) -> str:
    return "%s%08x" % (_PREFIX, number)


def _number(name: str) -> int:
    """The number of a segment's file; -1 for a file that is none of ours."""
    try:
        number = int(name[len(_PREFIX) :], 16)
    except ValueError:
        return -1
    return number if number >= 0 and name == _name(number) else -1
