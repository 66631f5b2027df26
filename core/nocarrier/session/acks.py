"""Counting stanzas (XEP-0198 §4): what the server has of ours, what we have of the server's."""

from nocarrier.decimal import decimal
from nocarrier.errors import PeerError
from nocarrier.modular import COUNT_MASK, count_add, count_diff
from nocarrier.session.errors import StreamError

try:
    from typing import Optional

    from nocarrier.wire.node import Node
except ImportError:
    pass


class Acks:
    """The counters of one SM session, both modulo 2^32.

    Stanzas that were written and not acknowledged are kept as (count, bytes); bytes are None where the owner of the
    stanza can make it again (messages and receipts are on flash).
    """

    def __init__(self) -> None:
        self.reset(False)

    def reset(self, active: bool, handled: int = 0) -> None:
        """A new SM session, or none."""
        self.active = active
        self.handled = handled
        self.sent = 0
        self.requested = False
        self._unacked: "list[tuple[int, Optional[bytes]]]" = []

    def count_in(self) -> None:
        """A stanza of the server's was dealt with; what it said is on flash where it must be."""
        if self.active:
            self.handled = count_add(self.handled, 1)

    def count_out(self, data: "Optional[bytes]") -> int:
        """A stanza of ours is about to be written; returns its number."""
        if self.active:
            self.sent = count_add(self.sent, 1)
            self._unacked.append((self.sent, data))
        return self.sent

    def unacknowledged(self) -> int:
        """How many stanzas of ours the server has not acknowledged."""
        return len(self._unacked)

    def acknowledge(self, h: int) -> None:
        """The server has handled h stanzas. Raises PeerError as check() does."""
        self.check(h)
        self._unacked = [pair for pair in self._unacked if count_diff(pair[0], h) > 0]

    def possible(self, h: int) -> bool:
        """False if that is more than was sent."""
        return not self.active or count_diff(h, self.sent) <= 0

    def check(self, h: int) -> None:
        """Raises PeerError if the server claims to have more than was sent (XEP-0198 §4).

        After a restart of the device nothing is known of how many were sent, and nothing is checked.
        """
        if not self.possible(h):
            raise PeerError("undefined-condition", "the server acknowledged %d stanzas of %d" % (h, self.sent))

    def resume(self, h: int, handled: int, riders: int) -> "list[bytes]":
        """A session was resumed: the server has h of ours, we had `handled` of its.

        Returns the stanzas to be written again, in order, as far as they are kept here; what was counted without being
        kept is its owner's to write again. All of them get new numbers behind h.
        riders: the last ones, written behind the request, keep their numbers. Raises PeerError as check() does, or if
        that cannot be.
        """
        self.check(h)
        if riders and count_add(h, riders) != self.sent:
            raise PeerError("undefined-condition", "the server has lost count")
        again = [data for count, data in self._unacked if data is not None and count_diff(count, h) > 0]
        self.reset(True, handled)
        self.sent = h
        for _ in range(riders):
            self.count_out(None)
        return again


def number(element: Node) -> int:
    """The h attribute of an element: an unsigned 32-bit number. Raises StreamError if it is none."""
    h = decimal(element.get("h") or "", 10)
    if not 0 <= h <= COUNT_MASK:
        raise StreamError("invalid-xml", "h is not a number")
    return h


def number_or_none(element: Node) -> "Optional[int]":
    """The h attribute, or None if there is none that is a number."""
    try:
        return number(element)
    except StreamError:
        return None
