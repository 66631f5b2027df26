"""A store read from a flash, and messages to put into it, for tests. Runs on MicroPython too."""

from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.records import Incoming
from nocarrier.queue.store import Store
from nocarrier.queue.window import dedup_key

try:
    from typing import Any, Callable, Optional, Type

    from nocarrier.queue.storage import Storage
except ImportError:
    pass


def raises(error: "Type[Exception]", call: "Callable[..., Any]", *args: "Any") -> bool:
    """Whether the call is refused with that error; pytest is not everywhere."""
    try:
        call(*args)
    except error:
        return True
    return False


def reopened(flash: "Storage", limits: "Optional[QueueLimits]" = None) -> Store:
    """What a device finds on its flash after a restart."""
    store = Store(flash, limits or QueueLimits())
    store.open()
    return store


def incoming(number: int, flags: int = 0, h: int = 1, archive_id: str = "") -> Incoming:
    """The message "text <number>" from b@x/phone."""
    keys = dedup_key("o", "b@x", "id%d" % number)
    return Incoming(0, h, 1000 + number, flags, keys, archive_id, "b@x/phone", "id%d" % number, "text %d" % number)
