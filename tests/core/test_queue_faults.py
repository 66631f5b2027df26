"""The queue when flash refuses, tears or forgets: what was promised is there, numbers are given once, order is kept."""

from nocarrier.queue import records
from nocarrier.queue.journal import Journal
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.storage import StorageError, StorageFull
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.stores import incoming, raises, reopened


class FaultyFlash(MemoryFlash):
    """fails(call, name, data): how much of an append is written before it raises StorageError; None: all is well."""

    def __init__(self):
        super().__init__()
        self.fails = lambda call, name, data: None

    def append(self, name, data):
        n = self.fails("append", name, data)
        if n is not None:
            if n:
                super().append(name, data[:n])
            raise StorageFull("no space left")
        super().append(name, data)

    def flush(self, name):
        if self.fails("flush", name, b"") is not None:
            raise StorageError("broken")
        super().flush(name)


def refused(call, *args):
    return raises(StorageError, call, *args)


def read(flash):
    got = []
    Journal(flash, 128, 4).open(lambda at, kind, payload: got.append(payload))
    return got


def test_what_was_promised_is_there_when_the_power_goes_between_two_calls():
    """Every call's promise, tried at every moment by a flash that forgets what was not flushed."""
    limits = QueueLimits(512, 4)
    flash = MemoryFlash()
    for i in range(24):
        store = reopened(flash, limits)
        seq = store.enqueue("b@x", "body %d" % i, "t").seq
        flash.power_off()
        store = reopened(flash, limits)
        message = store.outbox.next_queued()
        assert message is not None and message.seq == seq
        store.outbox.mark_sent(seq, 1, store.cursor)
        flash.power_off()
        store = reopened(flash, limits)
        assert store.outbox.next_queued() is None  # it may be on its way: only the server knows
        store.received(incoming(i, records.MOVES_CURSOR, i + 1, "arch-%d" % i))
        flash.power_off()
        store = reopened(flash, limits)
        assert (store.h, store.cursor) == (i + 1, "arch-%d" % i)
        assert store.inbox.window.seen(incoming(i).keys, 0)
        store.save_handled(i + 2)
        store.save_cursor("later-%d" % i)
        flash.power_off()
        store = reopened(flash, limits)
        assert (store.h, store.cursor) == (i + 2, "later-%d" % i)
        store.save_session("sm-%d" % i, 0, "a@x/r")
        flash.power_off()
        store = reopened(flash, limits)
        assert (store.sm_id, store.h, store.jid) == ("sm-%d" % i, 0, "a@x/r")
        assert [m.seq for m in store.outbox.in_doubt()] == [seq]
        assert store.outbox.found_on_server(message.message_id) == seq


def test_a_segment_that_could_not_be_begun_is_begun_later():
    for written in (0, 1, 3):
        flash = FaultyFlash()
        journal = Journal(flash, 128, 4)
        journal.open(lambda *record: None)
        journal.append(1, b"x" * 100)
        flash.fails = lambda call, name, data, n=written: n if data[:4] == b"NCJ3" else None
        assert refused(journal.append, 1, b"y" * 100) and refused(journal.append, 1, b"y" * 100)
        flash.fails = lambda call, name, data: None
        journal.append(1, b"y" * 100)
        journal.flush()
        assert [p for _, _, p in journal.records()] == [b"x" * 100, b"y" * 100] == read(flash), written


def test_a_record_that_was_torn_by_a_fault_is_not_appended_to():
    flash = FaultyFlash()
    journal = Journal(flash, 128, 4)
    journal.open(lambda *record: None)
    journal.append(1, b"one")
    flash.fails = lambda call, name, data: 5 if len(data) > 8 else None
    assert refused(journal.append, 1, b"two")
    flash.fails = lambda call, name, data: None
    journal.append(1, b"three")
    assert read(flash) == [b"one", b"three"]


def test_a_number_is_given_once_whatever_fails():
    for call in ("append", "flush"):
        flash = FaultyFlash()
        store = reopened(flash)
        store.enqueue("b@x", "one", "t")
        flash.fails = lambda what, name, data, call=call: 0 if what == call else None
        assert refused(store.enqueue, "b@x", "two", "t")
        assert refused(store.received, incoming(1))
        flash.fails = lambda what, name, data: None
        store.enqueue("b@x", "three", "t")
        store.received(incoming(2))
        for where in (store, reopened(flash)):
            items = where.history("b@x", 9)
            numbers = [item.seq for item in items]
            assert numbers == sorted(set(numbers)), (call, numbers)
            ids = [item.message_id for item in items]
            assert len(set(ids)) == len(ids) and [item.body for item in items][-2:] == ["three", "text 2"]


def test_what_could_not_be_saved_is_not_believed():
    flash = FaultyFlash()
    store = reopened(flash)
    store.save_session("sm", 3, "a@x/r")
    store.save_cursor("here")
    flash.fails = lambda what, name, data: 0
    assert refused(store.save_cursor, "there") and store.cursor == "here"
    assert refused(store.save_session, "new", 0, "a@x/r") and store.sm_id == "sm"
    assert refused(store.save_handled, 4) and store.h == 3


def test_a_flash_full_of_what_is_alive_is_not_rewritten_for_ever():
    flash = MemoryFlash()
    limits = QueueLimits(256, 2)
    store = reopened(flash, limits)
    store.save_contact("1", "x" * 90 + "@x", "both", "y" * 90)  # with the messages more than there is room for
    store.enqueue("b@x", "unsent", "t")
    for i in range(200):
        store.save_handled(i)
    assert flash.written_bytes < 200 * 150
    assert [item.body for item in reopened(flash, limits).history("b@x", 99)] == ["unsent"]
    assert [jid for jid, *_ in reopened(flash, limits).contacts.all()] == ["x" * 90 + "@x"]


def test_a_conversation_keeps_its_order_through_compactions():
    flash = MemoryFlash()
    limits = QueueLimits(512, 3)
    store = reopened(flash, limits)
    store.enqueue("b@x", "first", "t")  # not sent: compaction writes it again, behind younger ones
    for i in range(30):
        store.received(incoming(i, 0, i + 1))
    for where in (store, reopened(flash, limits)):
        items = where.history("b@x", 99)
        assert items[0].body == "first"
        assert [item.seq for item in items] == sorted([item.seq for item in items])


def test_history_is_bounded_in_text_but_never_empty():
    store = reopened(MemoryFlash())
    for i in range(9):
        store.enqueue("b@x", "%d" % i * 10, "t")
    assert [item.body[0] for item in store.history("b@x", 9, 0, 35)] == ["6", "7", "8"]
    assert [item.body[0] for item in store.history("b@x", 9, 7, 35)] == ["0", "1"]
    assert [item.body[0] for item in store.history("b@x", 9, 0, 5)] == ["8"]
    assert store.history("b@x", 9, 9, 35) == []


def test_a_message_is_found_where_it_was_stored_until_its_segment_is_given_up():
    store = reopened(MemoryFlash(), QueueLimits(512, 2))
    position = store.received(incoming(0))
    assert store.message_at(position).body == "text 0"
    for i in range(1, 60):
        store.received(incoming(i, 0, i))
    assert store.message_at(position) is None


def damaged(flash, name, offset):
    """Opens what is on flash with a byte of it turned over."""
    flash.files[name][offset] ^= 0x40
    store = reopened(flash, QueueLimits(512, 8))
    flash.files[name][offset] ^= 0x40
    return store


def test_damage_is_told_from_a_torn_end_and_costs_one_record():
    flash = MemoryFlash()
    store = reopened(flash, QueueLimits(512, 8))
    store.save_session("sm", 0, "a@x/r")
    for i in range(30):
        store.enqueue("b@x", "message %d" % i, "t")
    bodies = ["message %d" % i for i in range(30)]
    names = sorted(flash.files)
    for name in names[:-1]:
        for offset in range(15, len(flash.files[name]), 7):  # behind the lengths of the first record
            again = damaged(flash, name, offset)
            there = [item.body for item in again.history("b@x", 99)]
            missing = [body for body in bodies if body not in there]
            assert again.damaged and missing or again.sm_id == "", (name, offset)
            assert again.sm_id == ""  # who knows what was said there of the session
            assert there == [body for body in bodies if body in there]
    assert reopened(flash, QueueLimits(512, 8)).damaged == 0


def test_a_lost_segment_is_damage():
    flash = MemoryFlash()
    store = reopened(flash, QueueLimits(512, 8))
    for i in range(40):
        store.enqueue("b@x", "message %d" % i, "t")
    del flash.files[sorted(flash.files)[1]]
    again = reopened(flash, QueueLimits(512, 8))
    assert again.damaged == 1
    assert again.enqueue("b@x", "after", "t").seq == 41


def test_a_read_error_is_a_typed_error_and_nothing_is_given_up():
    class Unreadable(MemoryFlash):
        bad = ""

        def read(self, name, offset, size):
            if name == self.bad:
                raise StorageError("broken")
            return super().read(name, offset, size)

    flash = Unreadable()
    limits = QueueLimits(512, 3)
    store = reopened(flash, limits)
    for i in range(12):
        store.enqueue("b@x", "message %d" % i, "t")
    flash.bad = sorted(flash.files)[0]
    assert refused(reopened, flash, limits)
    for i in range(30):
        refused(store.save_handled, i)  # needs room, and what is in the oldest segment cannot be read
    assert flash.bad in flash.files
    flash.bad = ""
    assert len(reopened(flash, limits).history("b@x", 99)) == 12
