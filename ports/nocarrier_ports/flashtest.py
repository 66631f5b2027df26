"""Whether a flash is fit for the queue: how long a flush takes, and whether what was flushed outlives a loss of power.

write() goes on until the power is taken away, and tells the number of each record as soon as flush() has returned;
survived() then says how many are there. If those are fewer, the flash lies, or something between it and us.
"""

from nocarrier.queue.storage import StorageError

try:
    from typing import Callable

    from nocarrier.queue.storage import Storage
except ImportError:
    pass

NAME = "flashtest"
_RECORD_BYTES = 8
_MASK = 0xFFFFFFFF


def measure(flash: "Storage", rounds: int, ticks_us: "Callable[[], int]") -> "tuple[int, int]":
    """The middle and the longest of `rounds` flushes of a record each, in µs of ticks_us(), which must not wrap."""
    took = []
    for number in range(rounds):
        flash.append(NAME, _record(number))
        began_us = ticks_us()
        flash.flush(NAME)
        took.append(ticks_us() - began_us)
    clear(flash)
    took.sort()
    return took[rounds // 2], took[-1]


def write(flash: "Storage", most: int, say: "Callable[[int], object]") -> None:
    """`most` records, which are numbered from 1. Raises StorageError."""
    clear(flash)
    for number in range(1, most + 1):
        flash.append(NAME, _record(number))
        flash.flush(NAME)
        say(number)


def survived(flash: "Storage") -> int:
    """How many records are there, without a gap or a wrong one before them. Raises StorageError."""
    number = 0
    if NAME not in flash.names():
        return 0
    while flash.read(NAME, number * _RECORD_BYTES, _RECORD_BYTES) == _record(number + 1):
        number += 1
    return number


def clear(flash: "Storage") -> None:
    """Leaves nothing behind."""
    try:
        flash.remove(NAME)
    except StorageError:
        pass  # it was not there


def _record(number: int) -> bytes:
    return number.to_bytes(4, "big") + (number ^ _MASK).to_bytes(4, "big")
