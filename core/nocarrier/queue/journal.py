"""An append-only log of records over a few flash files, made so that any prefix of any write may be all that survives.

Layout. The log is a row of segments, files named "log" and eight hex digits, counted upwards. A segment begins with the
format's mark and the length that the segment before it had come to; then records: CRC-32 of the rest (4 bytes), payload
length (2), kind (1), payload; little-endian. A record is there whole or not at all. Since flash files cannot be cut
shorter everywhere, nothing is ever appended behind a torn end: a new segment is begun.

Space is bounded by giving up the oldest segment, after the owner of the log has written what is still alive in it
once more at the end (compaction.py). What a record means is records.py's business.

A bit that has turned over is not a torn end: there are records behind it, or the next segment knows that there were.
What can be read is read, and the place is counted as damaged.
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

_MARK = b"NCJ3"
_BEGIN = const(8)  # of the records: mark, length of the segment before
_HEADER = "<IHB"
_HEADER_BYTES = const(7)
_PREFIX = "log"
_CHUNK_BYTES = const(128)  # read at once, since most records are much shorter


class Journal:
    """The log.

    segment_bytes: size that a segment does not exceed (at most 65536; flash sector multiples spread the wear).
    segments:      how many may stand at once; needs_room() is true above it.
    A position is an int: segment number times 65536 plus the offset in the segment.

    numbers: of the segments, oldest first. damaged: places that could not be read, since it was opened.
    """

    def __init__(self, storage: Storage, segment_bytes: int = 4096, segments: int = 8) -> None:
        if not 64 <= segment_bytes <= 65536 or segments < 2:
            raise UsageError("segment_bytes is 64 to 65536, segments at least 2")
        self._storage = storage
        self._segment_bytes = segment_bytes
        self._segments = segments
        self.numbers: "list[int]" = []
        self.damaged = 0
        self._size = 0  # of the newest segment, as far as its records go
        self._torn = True
        self._dirty = False
        self._chunk = b""  # what was read last, of the file _chunk_of from _chunk_at on
        self._chunk_of = ""
        self._chunk_at = 0

    def open(self, visit: "Callable[[int, int, bytes], None]") -> None:
        """Reads the whole log, oldest first, and hands every record to visit(position, kind, payload).

        Raises StorageError, also if the log is of another format.
        """
        self.numbers = sorted([number for number in map(_number, self._storage.names()) if number >= 0])
        self.damaged = 0
        self._torn = True
        self._size = 0
        before = -1
        for number in self.numbers:
            if before >= 0 and (number != before + 1 or self._length_before(number) > self._size):
                self.damaged += 1
            self._size = self._check_mark(number)
            for position, kind, payload in self.scan(number):
                visit(position, kind, payload)
                self._size = (position & 0xFFFF) + _HEADER_BYTES + len(payload)
            before = number
        if self.numbers:
            self._torn = not self._size or self._size != self._storage.size(_name(before))
        self._dirty = bool(self.numbers)  # who wrote last may have ended before a flush

    def append(self, kind: int, payload: "bytes | bytearray") -> int:
        """Adds a record and returns its position. Safe only after flush(). Raises StorageError, UsageError."""
        need = _HEADER_BYTES + len(payload)
        if _BEGIN + need > self._segment_bytes:
            raise UsageError("record of %d bytes does not fit into a segment" % need)
        if self._torn or self._size + need > self._segment_bytes:
            self._begin_segment()
        header = bytearray(_HEADER_BYTES)
        struct.pack_into(_HEADER, header, 0, 0, len(payload), kind)
        crc = binascii.crc32(payload, binascii.crc32(memoryview(header)[4:]))
        struct.pack_into("<I", header, 0, crc & 0xFFFFFFFF)
        number = self.numbers[-1]
        position = number << 16 | self._size
        self._torn = True  # until the append is known to be whole
        self._append(_name(number), bytes(header) + payload)
        self._torn = False
        self._dirty = True
        self._size += need
        return position

    def flush(self) -> None:
        """Makes everything appended safe; costs nothing when nothing was appended."""
        if self._dirty:
            self._storage.flush(_name(self.numbers[-1]))
            self._dirty = False

    def read(self, position: int) -> "tuple[int, bytes]":
        """The record at a position, as (kind, payload). Raises StorageError if it is not there whole."""
        record = self._record(position >> 16, position & 0xFFFF)
        if record is None:
            raise StorageError("no record at %x" % position)
        return record

    def records(self, position: int = 0) -> "Iterator[tuple[int, int, bytes]]":
        """All records from a position on, oldest first, as (position, kind, payload)."""
        for number in list(self.numbers):
            if number >= position >> 16:
                for record in self.scan(number, position & 0xFFFF if number == position >> 16 else 0):
                    yield record

    def scan(self, number: int, offset: int = 0) -> "Iterator[tuple[int, int, bytes]]":
        """The records of one segment, from an offset on."""
        if not self._marked(number):
            return
        offset = max(offset, _BEGIN)
        while True:
            record = self._record(number, offset)
            if record is None:
                offset = self._beyond(number, offset)
                if not offset:
                    return
            else:
                yield number << 16 | offset, record[0], record[1]
                offset += _HEADER_BYTES + len(record[1])

    def fits(self, payload_bytes: int) -> bool:
        """True if a record of that size fits into a segment."""
        return _BEGIN + _HEADER_BYTES + payload_bytes <= self._segment_bytes

    def needs_room(self) -> bool:
        """True when there are more segments than allowed, so that the oldest is to be given up."""
        return len(self.numbers) > self._segments

    def drop_oldest(self) -> None:
        """Gives the oldest segment up; what was alive in it must have been appended again and flushed."""
        self._storage.remove(_name(self.numbers[0]))
        self.numbers.pop(0)

    def capacity_bytes(self) -> int:
        """How much all segments hold together."""
        return self._segment_bytes * self._segments

    def _append(self, name: str, data: "bytes | bytearray") -> None:
        self._chunk_of = ""
        self._storage.append(name, data)

    def _begin_segment(self) -> None:
        self.flush()
        number = self.numbers[-1] + 1 if self.numbers else 0
        head = _MARK + struct.pack("<I", self._size if self._size > _BEGIN else 0)
        # Part of it may be there if this fails: then the next try takes the next number.
        self.numbers.append(number)
        self._torn = True
        try:
            self._append(_name(number), head)
        except StorageError:
            if _name(number) not in self._storage.names():
                self.numbers.pop()
            else:
                self._size = 0
            raise
        self._size = _BEGIN
        self._torn = False
        self._dirty = True

    def _marked(self, number: int) -> bool:
        """True if the segment's beginning is there, whole."""
        head = self._read(_name(number), 0, _BEGIN)
        return len(head) == _BEGIN and head[:4] == _MARK

    def _check_mark(self, number: int) -> int:
        """Where the segment's records begin; 0 if there is no beginning.

        One that could not be begun is no damage; a bit may turn over, but not in all of them.
        """
        if self._marked(number):
            return _BEGIN
        if self._storage.size(_name(number)) >= _BEGIN:
            self.damaged += 1
            if not any([self._marked(other) for other in self.numbers]):
                raise StorageError("the journal is of another format")
        return 0

    def _length_before(self, number: int) -> int:
        """How far the records of the segment before this one went, as far as it is known."""
        if not self._marked(number):
            return 0
        length: int = struct.unpack_from("<I", self._read(_name(number), 0, _BEGIN), 4)[0]
        return length

    def _record(self, number: int, offset: int) -> "tuple[int, bytes] | None":
        name = _name(number)
        header = self._read(name, offset, _HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return None
        crc, size, kind = struct.unpack(_HEADER, header)
        payload = self._read(name, offset + _HEADER_BYTES, size)
        if len(payload) < size or binascii.crc32(payload, binascii.crc32(header[4:])) & 0xFFFFFFFF != crc:
            return None
        return kind, payload

    def _beyond(self, number: int, offset: int) -> int:
        """Where the records go on behind one that is damaged; 0 if it was the end.

        Only the next one's place is tried: anywhere else a message's text could pass for a record.
        """
        header = self._read(_name(number), offset, _HEADER_BYTES)
        if len(header) == _HEADER_BYTES:
            offset += _HEADER_BYTES + int(struct.unpack(_HEADER, header)[1])
            if self._record(number, offset) is not None:
                self.damaged += 1
                return offset
        return 0

    def _read(self, name: str, offset: int, size: int) -> bytes:
        at = offset - self._chunk_at
        if name != self._chunk_of or at < 0 or at + size > len(self._chunk):
            self._chunk_of = ""
            self._chunk = self._storage.read(name, offset, max(size, _CHUNK_BYTES))
            self._chunk_of, self._chunk_at, at = name, offset, 0
        return self._chunk[at : at + size]


def _name(number: int) -> str:
    return "%s%08x" % (_PREFIX, number)


def _number(name: str) -> int:
    """The number of a segment's file; -1 for a file that is none of ours."""
    try:
        number = int(name[len(_PREFIX) :], 16)
    except ValueError:
        return -1
    return number if number >= 0 and name == _name(number) else -1
