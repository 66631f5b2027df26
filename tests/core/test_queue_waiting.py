"""What waits to be sent: any number of messages, in order, of two priorities; cancelled, sent again, expired."""

from nocarrier.errors import UsageError
from nocarrier.queue import records, states
from nocarrier.queue.limits import QueueLimits
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.stores import incoming, raises, reopened

LIMITS = QueueLimits(4096, 8, loaded=3)


def refused(call, *args):
    return raises(UsageError, call, *args)


def drained(store):
    """Sends and acknowledges all that waits; returns the texts in the order in which they went."""
    sent = []
    while True:
        message = store.outbox.next_queued()
        if message is None:
            return sent
        sent.append(message.body)
        store.outbox.mark_sent(message.seq, len(sent), "")
        store.outbox.acknowledged(len(sent))


def shown(store, jid="b@x"):
    return [(item.body, states.NAMES[item.state]) for item in store.history(jid, 999) if not item.incoming]


def test_many_messages_wait_on_flash_and_few_in_memory():
    flash = MemoryFlash()
    store = reopened(flash, LIMITS)
    bodies = ["message %d" % i for i in range(200)]
    for body in bodies:
        store.enqueue("b@x", body, "t")
    for where in (store, reopened(flash, LIMITS)):
        assert len(where.outbox._unsent.entries) <= 3
    assert drained(reopened(flash, LIMITS)) == bodies
    assert drained(reopened(flash, LIMITS)) == []


def test_enqueueing_reads_no_more_when_more_waits():
    reads = []

    class CountingFlash(MemoryFlash):
        def read(self, name, offset, size):
            reads.append(size)
            return super().read(name, offset, size)

    store = reopened(CountingFlash(), LIMITS)
    counts = []
    for i in range(100):
        before = len(reads)
        store.enqueue("b@x", "message %d" % i, "t")
        counts.append(len(reads) - before)
    assert max(counts[50:]) <= max(counts[:50])


def test_what_may_wait_lets_the_rest_pass_and_keeps_its_own_order():
    flash = MemoryFlash()
    store = reopened(flash, LIMITS)
    for i in range(12):
        store.enqueue("b@x", "bulk %d" % i, "t", True)
        store.enqueue("c@x", "chat %d" % i, "t")
    wanted = ["chat %d" % i for i in range(12)] + ["bulk %d" % i for i in range(12)]
    assert drained(reopened(flash, LIMITS)) == wanted


def test_a_cancelled_message_is_not_sent_wherever_it_waits():
    for cancelled in (1, 2, 5, 9):
        for restarts in (False, True):
            flash = MemoryFlash()
            store = reopened(flash, LIMITS)
            for i in range(1, 10):
                store.enqueue("b@x", "m%d" % i, "t")
            store.cancel(cancelled)
            assert refused(store.cancel, cancelled)
            if restarts:
                store = reopened(flash, LIMITS)
            assert drained(store) == ["m%d" % i for i in range(1, 10) if i != cancelled]
            assert shown(store)[cancelled - 1] == ("m%d" % cancelled, "failed")


def test_only_what_is_queued_can_be_cancelled():
    store = reopened(MemoryFlash())
    store.enqueue("b@x", "m", "t")
    store.outbox.mark_sent(1, 1, "")
    assert refused(store.cancel, 1) and refused(store.cancel, 2)
    store.outbox.acknowledged(1)
    assert refused(store.cancel, 1)
    store.received(incoming(1))
    assert refused(store.cancel, 2) and refused(store.send_again, 2)


def test_a_failed_message_is_sent_again_under_its_id_and_does_not_expire():
    for restarts in (False, True):
        flash = MemoryFlash()
        store = reopened(flash, LIMITS)
        first = store.enqueue("b@x", "first", "t", False, 77).message_id
        assert refused(store.send_again, 1)
        store.outbox.cannot_send(1, "expired")
        for i in range(6):
            store.enqueue("b@x", "m%d" % i, "t")
        store.send_again(1)
        assert refused(store.send_again, 1)
        if restarts:
            store = reopened(flash, LIMITS)
        message = store.outbox.next_queued()
        assert (message.message_id, message.expires_s) == (first, 0)
        assert drained(store) == ["first", "m0", "m1", "m2", "m3", "m4", "m5"]
        assert [body for body, _ in shown(store)] == ["first", "m0", "m1", "m2", "m3", "m4", "m5"]


def test_what_waits_survives_compaction_in_its_order():
    flash = MemoryFlash()
    limits = QueueLimits(1024, 4, loaded=2)
    store = reopened(flash, limits)
    for i in range(20):
        store.enqueue("b@x", "m%d" % i, "t")
    store.cancel(15)
    for i in range(200):
        store.received(incoming(i, 0, i + 1))
    assert len(flash.files) <= 6
    for where in (store, reopened(flash, limits)):
        assert [m for m, state in shown(where) if state == "queued"] == ["m%d" % i for i in range(20) if i != 14]
    assert drained(reopened(flash, limits)) == ["m%d" % i for i in range(20) if i != 14]


def test_receipts_find_their_message_until_it_leaves_the_history():
    flash = MemoryFlash()
    limits = QueueLimits(1024, 4, tracked=40)
    store = reopened(flash, limits)
    ids = []
    for i in range(6):
        ids.append(store.enqueue("b@x", "m%d" % i, "t").message_id)
    drained(store)
    store = reopened(flash, limits)
    assert store.outbox.reported(ids[2], "b@x", states.DELIVERED) == 3
    for i in range(100):
        store.received(incoming(i, 0, i + 1))
    assert store.outbox.reported(ids[3], "b@x", states.DELIVERED) == 0


def test_a_message_that_may_have_arrived_can_be_left_to_the_user():
    flash = MemoryFlash()
    store = reopened(flash)
    store.enqueue("b@x", "m", "t")
    store.outbox.mark_sent(1, 1, "")
    store.outbox.session_gone()
    assert store.outbox.settle(states.FAILED, True) == [1]
    for where in (store, reopened(flash)):
        item = where.history("b@x", 1)[0]
        assert (item.state, item.flags, item.reason) == (states.FAILED, records.MAY_ARRIVE_TWICE, "may have arrived")
    store.send_again(1)
    assert reopened(flash).history("b@x", 1)[0].flags == records.MAY_ARRIVE_TWICE
