"""A queue and its model, and what is compared."""

import random
from typing import Any

from nocarrier.queue import records, states
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.records import Incoming
from nocarrier.queue.store import Store
from nocarrier.queue.window import dedup_key
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.queuemodel.model import Difference, Model

JIDS = ("b@x", "c@x", "d@x")
_UNSENT = (states.QUEUED, states.SENT)
# (bytes of a segment, segments, queued messages in memory)
_SIZES = ((768, 4, 2), (1024, 4, 3), (2048, 2, 1), (4096, 8, 16))


class ComparedQueue:
    """One seed's. count: of everything that is to be unlike."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        rng = random.Random(seed)
        size = rng.choice(_SIZES)
        self.limits = QueueLimits(size[0], size[1], size[2], 8, 24, 6, 400, 3, 24, 8)
        self.flash = MemoryFlash(size[0] * (size[1] + 4))
        self.model = Model()
        self.count = 0  # of everything that is to be unlike
        self.store = self._opened()

    def recover(self, cut: bool) -> None:
        """Something went wrong: how much of what was not promised is there?"""
        self.flash.cut_after_bytes = None
        self.flash.read_only = False
        if cut:
            self.flash.power_off()
            self.store = self._opened()
        why = self._difference()
        while why and self.model.unpromised():
            self.model.take_back()
            why = self._difference()
        if why:
            raise Difference(why)
        self.model.state["version"] = self.store.contacts.version
        if cut:
            self.model.promise()

    def compare(self) -> None:
        why = self._difference()
        if why:
            raise Difference(why)

    def _difference(self) -> str:
        """What is not as it should be, or ""."""
        store, state = self.store, self.model.state
        wanted: list[tuple[str, Any, Any]] = [
            ("h", store.h if store.sm_id else 0, state["h"] if state["sm"] else 0),  # else there is nothing to count
            ("session", store.sm_id, state["sm"]),
            ("cursor", store.cursor, state["cursor"]),
            ("floor", store.floor, state.get("floor")),
            ("notes", {k: v for k, v in store.notes.items() if v}, self.model.table("note")),
            ("contacts", {c[0]: c[1] for c in store.contacts.all()}, self.model.table("contact")),
            # Between the copies that compaction makes and the version the power may go: then all is asked for anew.
            ("version", store.contacts.version or state["version"], state["version"]),
            ("owed", self._owed(), [state["owed", seq] for seq in self.model.of("owed")]),
            ("aside", [k for k in self.model.of("aside") if not store.inbox.is_aside(state["aside", k][1])], []),
            ("doubts", [entry.seq for entry in store.outbox.in_doubt()], self.model.sent(True)),
        ]  # fmt: skip
        message = store.outbox.next_queued()
        wanted.append(("next", message.seq if message else 0, self.model.next()))
        for what, real, should in wanted:
            if real != should:
                return "%s is %r, should be %r" % (what, real, should)
        return self._difference_of_messages()

    def _difference_of_messages(self) -> str:
        state, store = self.model.state, self.store
        for jid in JIDS:
            items = store.history(jid, 9999)
            there = [item.seq for item in items]
            if there != sorted(set(there)):
                return "order of %r" % there
            for seq in self.model.out(*_UNSENT):
                if state["out", seq][0] == jid and seq not in there:
                    return "message %d is lost" % seq
            unseen = 0
            for item in items:
                row = state.get(("in" if item.incoming else "out", item.seq))
                if item.incoming:
                    should: Any = row and (row[0], row[1])
                    real: Any = (jid, item.body)
                    unseen += item.seq > state.get(("seen", jid), 0)
                else:
                    should = row and (*row[:4], row[6])
                    real = (jid, item.body, item.bulk, item.state, bool(item.flags & records.MAY_ARRIVE_TWICE))
                if real != should:
                    return "message %d is %r, should be %r" % (item.seq, real, should)
            if store.talks.unseen(jid) != unseen:
                return "%d of %s unseen, should be %d" % (store.talks.unseen(jid), jid, unseen)
        for seq in self.model.of("in")[-self.limits.window // 3 :]:
            if not store.inbox.window.seen(state["in", seq][2], 0):
                return "message %d was forgotten" % seq
        return ""

    def _owed(self) -> list[str]:
        owed: list[str] = []
        under_way: list[int] = []
        while message := self.store.inbox.next_owed(under_way):
            owed.append(message.message_id)
            under_way.append(message.seq)
        return owed

    def _opened(self) -> Store:
        store = Store(self.flash, self.limits)
        store.open()
        if store.damaged:
            raise Difference("%d places damaged" % store.damaged)
        return store

    def message(self, sender: str, flags: int) -> Incoming:
        number = self.count
        keys = dedup_key("a%d" % number) + dedup_key("o%d" % number, weak=True)
        return Incoming(
            0, number, number, flags, keys, "arch%d" % number, sender + "/r", "id%d" % number, "text %d" % number
        )

    def id_of(self, seq: int) -> str:
        """The id of an outgoing message."""
        return "%x-t%d" % (seq, self.model.state["out", seq][7])

    def promised(self) -> None:
        """The command has made sure of what it has written."""
        if self.flash.unsafe_bytes():
            raise Difference("%d bytes were not flushed" % self.flash.unsafe_bytes())

    def same(self, real: Any, should: Any) -> None:
        if real != should:
            raise Difference("%r, should be %r" % (real, should))
