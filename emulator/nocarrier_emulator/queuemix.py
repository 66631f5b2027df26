"""The mix of messages by which the queue is measured. Runs on MicroPython too.

Half of them go out, half come in; texts of 12, 40, 80 and 160 bytes in turn. Of those that go out each is sent,
acknowledged, and three in four get a receipt. Each that comes in has an id in the archive and an origin-id, and asks
for a receipt; every fourth is followed by a stanza that is only counted. What came is seen ten by ten; every 200
messages a new session begins, and every 50 the token for the next login is another one.
"""

from nocarrier.queue import records, states
from nocarrier.queue.records import Incoming
from nocarrier.queue.store import Store
from nocarrier.queue.window import dedup_key

_TO = "bert@exchange.test"
_FROM = _TO + "/handheld"
_LENGTHS = (12, 40, 80, 160)
_LOSSLESS_BYTES = 32  # beside text and address, what a message is granted


class Mix:
    """payload_bytes: texts and addresses so far, and 32 bytes for each message."""

    def __init__(self, store: Store) -> None:
        self.payload_bytes = 0
        self._store = store
        self._number = 0

    def play(self, count: int) -> None:
        """That many messages, each to its end."""
        for _ in range(count):
            self._number += 1
            if self._number % 200 == 1:
                self._store.save_session("session-%d" % self._number, 0, "anna@exchange.test/nc")
            if self._number % 50 == 0:
                self._store.save_note("token", "%040d" % self._number)
            if self._number % 2:
                self.outgoing()
            else:
                self.incoming()
                self._beside()

    def one(self, way: str) -> None:
        """One more that goes out, or comes in: "outgoing", "incoming"."""
        self._number += 2
        getattr(self, way)()

    def _body(self, address: str) -> str:
        length = _LENGTHS[self._number // 2 % len(_LENGTHS)]
        self.payload_bytes += length + len(address) + _LOSSLESS_BYTES
        return ("%d " % self._number + "x" * length)[:length]

    def outgoing(self) -> None:
        """One, while we are online."""
        store = self._store
        message = store.enqueue(_TO, self._body(_TO), "uX3.k_9a", sure=False)
        store.outbox.mark_sent(message.seq, self._number, store.cursor)
        store.make_sure()
        store.outbox.acknowledged(self._number)
        if self._number % 8 != 1:
            store.outbox.reported(message.message_id, _TO, states.DELIVERED)

    def incoming(self) -> None:
        """One, with its receipt."""
        store = self._store
        archive_id, message_id = "%024d" % self._number, "%x-uX3.k_9a" % self._number
        keys = dedup_key("a", archive_id) + dedup_key("o", _TO, message_id)
        flags = records.RECEIPT_OWED | records.MOVES_CURSOR
        message = Incoming(
            0, self._number, 1_000_000, flags, keys, archive_id, _FROM, message_id, self._body(_FROM)
        )  # fmt: skip
        store.received(message)
        store.inbox.receipt_done(message.seq)

    def _beside(self) -> None:
        store = self._store
        if self._number % 8 == 0:
            store.save_handled(self._number + 1)
        if self._number % 20 == 0:
            store.mark_seen(_TO)
