"""Journal, outbox, inbox and store: what is on flash, what survives a power cut, what happens when flash refuses."""

from nocarrier.errors import UsageError
from nocarrier.queue import records, states
from nocarrier.queue.journal import Journal
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.records import Incoming
from nocarrier.queue.storage import StorageError, StorageFull
from nocarrier.queue.window import Window, dedup_key
from nocarrier_emulator.flash import MemoryFlash, PowerCut
from nocarrier_emulator.stores import incoming, raises, reopened


def test_journal_gives_back_what_was_written():
    flash = MemoryFlash()
    journal = Journal(flash, 128, 4)
    journal.open(lambda *record: None)
    wrote = [(i % 7 + 1, bytes([i]) * i) for i in range(30)]
    positions = [journal.append(kind, payload) for kind, payload in wrote]
    assert [journal.read(at) for at in positions] == wrote
    assert [(kind, payload) for _, kind, payload in journal.records()] == wrote
    assert all([len(file) <= 128 for file in flash.files.values()])
    read = []
    Journal(flash, 128, 4).open(lambda at, kind, payload: read.append((at, kind, payload)))
    assert [(kind, payload) for _, kind, payload in read] == wrote and [at for at, _, _ in read] == positions


def test_journal_any_prefix_of_any_write_may_be_all_that_survives():
    payloads = [b"one", b"", b"three" * 9, b"four"]
    total = 4 + sum([7 + len(p) for p in payloads])
    for cut in range(total + 1):
        flash = MemoryFlash()
        flash.cut_after_bytes = cut
        journal = Journal(flash, 256, 4)
        whole = 0
        try:
            for payload in payloads:
                journal.append(1, payload)
                whole += 1
        except PowerCut:
            pass
        flash.cut_after_bytes = None
        read = []
        again = Journal(flash, 256, 4)
        again.open(lambda _, __, payload, read=read: read.append(payload))
        assert read == payloads[:whole], cut
        again.append(1, b"after")
        read2 = []
        Journal(flash, 256, 4).open(lambda _, __, payload, read=read2: read.append(payload))
        assert read2 == payloads[:whole] + [b"after"], cut


def test_journal_a_flipped_bit_is_noticed():
    flash = MemoryFlash()
    journal = Journal(flash, 256, 4)
    at = journal.append(1, b"payload")
    for i in range(len(flash.files["log00000000"])):
        flash.files["log00000000"][i] ^= 1
        read = []
        again = Journal(flash, 256, 4)
        if i < 4:  # the mark of the only segment
            assert raises(StorageError, again.open, lambda *record: None)
        else:
            again.open(lambda *record, read=read: read.append(record))
            assert len(read) == (i < 8), i  # the length of the segment before this one says nothing here
        assert i < 8 or raises(StorageError, again.read, at)
        flash.files["log00000000"][i] ^= 1


def test_a_queued_message_is_on_flash_when_enqueue_returns():
    flash = MemoryFlash()
    store = reopened(flash)
    store.utc_s = 77
    message = store.enqueue("b@x", "Grüße", "tok")
    assert message.message_id == "1-tok"
    again = reopened(flash).outbox.next_queued()
    assert (again.seq, again.to, again.body, again.message_id, again.utc_s) == (1, "b@x", "Grüße", "1-tok", 77)
    assert reopened(flash).enqueue("b@x", "next", "tok").seq == 2


def test_states_of_a_message_in_words():
    flash = MemoryFlash()
    store = reopened(flash)
    message = store.enqueue("b@x", "hi", "tok")
    outbox = store.outbox

    def shown(where):
        return states.NAMES[where.history("b@x", 5)[-1].state]

    assert shown(store) == "queued"
    outbox.mark_sent(1, 5, "")
    assert shown(store) == shown(reopened(flash)) == "sent"
    assert outbox.acknowledged(4) == [] and outbox.acknowledged(5) == [1]
    assert shown(store) == shown(reopened(flash)) == "on server"
    assert outbox.reported(message.message_id, "eve@x", states.DELIVERED) == 0
    assert outbox.reported("1-guess", "b@x", states.DELIVERED) == 0
    assert outbox.reported(message.message_id, "b@x", states.DELIVERED) == 1
    assert shown(store) == shown(reopened(flash)) == "delivered"
    assert reopened(flash).outbox.reported(message.message_id, "b@x", states.READ) == 1
    assert shown(reopened(flash)) == "read"
    assert outbox.reported(message.message_id, "b@x", states.DELIVERED) == 0


def test_acknowledgement_counts_wrap():
    store = reopened(MemoryFlash())
    outbox = store.outbox
    for i in range(4):
        store.enqueue("b@x", "m", "t")
        outbox.mark_sent(i + 1, (0xFFFFFFFE + i) & 0xFFFFFFFF, "")
    assert outbox.acknowledged(0xFFFFFFFF) == [1, 2]
    assert outbox.acknowledged(1) == [3, 4]


def test_requeue_keeps_ids_and_order_and_says_that_it_may_arrive_twice():
    flash = MemoryFlash()
    store = reopened(flash)
    ids = [store.enqueue("b@x", "m%d" % i, "t%d" % i).message_id for i in range(3)]
    store.outbox.mark_sent(1, 1, "")
    store.outbox.mark_sent(2, 2, "")
    store.outbox.session_gone()
    assert store.outbox.acknowledged(2) == [] and store.outbox.resend() == []
    assert store.outbox.settle(states.QUEUED, True) == [1, 2]
    for where in (store, reopened(flash)):
        assert where.outbox.next_queued().message_id == ids[0]
        assert [item.flags for item in where.history("b@x", 5)] == [records.MAY_ARRIVE_TWICE] * 2 + [0]


def test_what_another_session_has_sent_is_in_doubt_after_a_restart_too():
    flash = MemoryFlash()
    store = reopened(flash)
    store.save_session("first", 0, "a@x/r")
    store.enqueue("b@x", "m", "t")
    store.outbox.mark_sent(1, 1, "")
    assert reopened(flash).outbox.in_doubt() == [] and reopened(flash).outbox.acknowledged(1) == [1]
    flash = MemoryFlash()
    store = reopened(flash)
    store.save_session("first", 0, "a@x/r")
    store.enqueue("b@x", "m", "t")
    store.outbox.mark_sent(1, 1, "")
    store.save_session("second", 0, "a@x/r")
    for where in (store, reopened(flash)):
        assert [e.seq for e in where.outbox.in_doubt()] == [1]
        assert where.outbox.acknowledged(1) == []


def test_the_archive_settles_only_what_is_in_doubt():
    store = reopened(MemoryFlash())
    outbox = store.outbox
    one, two = (store.enqueue("b@x", "m", "t").message_id for _ in range(2))
    outbox.mark_sent(1, 1, "a7")
    assert outbox.found_on_server(two) == 0 and outbox.found_on_server("nonsense") == 0
    assert outbox.found_on_server(one) == 0
    outbox.session_gone()
    assert outbox.found_on_server(one) == 1 and outbox.in_doubt() == []


def test_an_incoming_message_is_on_flash_with_its_count_and_seen_afterwards():
    flash = MemoryFlash()
    store = reopened(flash)
    store.received(incoming(1, records.RECEIPT_OWED | records.MOVES_CURSOR, 9, "arch-9"))
    for where in (store, reopened(flash)):
        assert where.h == 9 and where.cursor == "arch-9"
        assert where.inbox.window.seen(dedup_key("x") + dedup_key("o", "b@x", "id1"), 0)
        assert not where.inbox.window.seen(dedup_key("o", "b@x", "id2"), 0)
        assert where.inbox.next_owed([]).message_id == "id1" and where.inbox.next_owed([1]) is None
        assert [(i.incoming, i.body, i.utc_s) for i in where.history("b@x", 9)] == [(True, "text 1", 1001)]
    store.inbox.receipt_done(1)
    assert store.inbox.next_owed([]) is None and reopened(flash).inbox.next_owed([]) is None


def test_what_is_put_aside_survives_until_it_has_come_in_its_place():
    flash = MemoryFlash()
    limits = QueueLimits(512, 3, window=16, aside=2)
    store = reopened(flash, limits)
    early = [incoming(i, records.RECEIPT_OWED, i, "arch-%d" % i) for i in (7, 8, 9)]
    assert [store.put_aside(message) for message in early] == [True, True, False]
    assert store.put_aside(early[0])  # it is there already
    for i in range(100, 160):
        store.received(incoming(i, 0, i))
    for where in (store, reopened(flash, limits)):
        assert where.h == 159 and len(flash.files) <= 4
        assert where.inbox.is_aside(early[1].keys) and not where.inbox.is_aside(early[2].keys)
        assert not where.inbox.window.seen(early[0].keys, 0)
    store = reopened(flash, limits)
    store.received(incoming(7, 0, 160))  # in its place
    for where in (store, reopened(flash, limits)):
        assert where.inbox.next_aside().message_id == "id8"
    store.received(store.inbox.next_aside())
    for where in (store, reopened(flash, limits)):
        assert where.inbox.next_aside() is None and where.inbox.window.seen(early[1].keys, 0)
        assert [i.body for i in where.history("b@x", 2)] == ["text 7", "text 8"]


def test_what_is_alive_survives_any_number_of_compactions():
    flash = MemoryFlash()
    limits = QueueLimits(512, 3, window=16)
    store = reopened(flash, limits)
    store.save_session("sm-id", 3, "a@x/r")
    store.save_cursor("arch-1")
    stuck = store.enqueue("b@x", "the old one", "tok").message_id
    store.outbox.mark_sent(1, 7, store.cursor)
    waiting = store.enqueue("c@x", "waits", "tok2").message_id
    for i in range(200):
        flag = records.RECEIPT_OWED if i == 0 else records.MOVES_CURSOR
        store.received(incoming(i, flag, 10 + i, "arch-%d" % (i + 2)))
        assert len(flash.files) <= 4
    for where in (store, reopened(flash, limits)):
        assert (where.h, where.sm_id, where.jid, where.cursor) == (209, "sm-id", "a@x/r", "arch-201")
        owed = where.inbox.next_owed([])
        assert owed.message_id == "id0" and where.inbox.next_owed([owed.seq]) is None
        where.outbox.session_gone()
        doubt = where.outbox.in_doubt()
        assert [(e.seq, e.count, e.cursor) for e in doubt] == [(1, 7, "arch-1")]
        assert where.outbox.message(doubt[0]).message_id == stuck
        assert where.outbox.next_queued().message_id == waiting
        assert where.inbox.window.seen(dedup_key("o", "b@x", "id199"), 0)


def test_a_power_cut_at_any_byte_of_a_conversation_loses_nothing_that_was_promised():
    limits = QueueLimits(512, 2, window=16)

    def conversation(store, promised):
        for i in range(8):
            promised["out"], promised["seq"] = i + 1, store.enqueue("b@x", "body %d" % i, "t").seq
            store.outbox.mark_sent(promised["seq"], i + 1, store.cursor)
            store.received(incoming(i, records.MOVES_CURSOR, i + 1, "arch-%d" % i))
            promised["h"], promised["cursor"] = i + 1, "arch-%d" % i
            store.outbox.acknowledged(i + 1)

    flash = MemoryFlash()
    conversation(reopened(flash, limits), {})
    for cut in range(0, flash.written_bytes, 3):
        flash = MemoryFlash()
        flash.cut_after_bytes = cut
        promised = {"out": 0, "h": 0, "cursor": ""}
        try:
            conversation(reopened(flash, limits), promised)
        except PowerCut:
            pass
        flash.cut_after_bytes = None
        store = reopened(flash, limits)
        assert store.h in (promised["h"], promised["h"] + 1), cut
        assert store.cursor in (promised["cursor"], "arch-%d" % promised["h"]), cut
        store.outbox.session_gone()
        if promised["out"] > promised["h"]:
            alive = [e.seq for e in store.outbox.in_doubt()]
            queued = store.outbox.next_queued()
            assert promised["seq"] in alive + ([queued.seq] if queued else []), cut


def test_correspondents_are_known_without_the_server():
    store = reopened(MemoryFlash())
    store.enqueue("b@x", "1", "t")
    store.enqueue("c@x", "2", "t")
    store.received(incoming(1))  # from b@x/phone
    store.enqueue("d@x", "3", "t")
    assert store.talks.whom(9) == ["c@x", "b@x", "d@x"] and store.talks.whom(2) == ["b@x", "d@x"]


def test_full_and_read_only_flash_are_typed_errors_and_nothing_is_lost():
    flash = MemoryFlash(300)
    store = reopened(flash)
    first = store.enqueue("b@x", "fits", "tok")
    assert raises(StorageFull, store.enqueue, "b@x", "x" * 300, "tok")
    assert raises(StorageFull, store.received, Incoming(0, 1, 0, 0, b"", "", "b@x", "", "y" * 300))
    flash.read_only = True
    assert raises(StorageError, store.enqueue, "b@x", "no", "tok")
    flash.read_only = False
    flash.capacity_bytes = 5000
    store.enqueue("b@x", "fits again", "tok")
    for where in (store, reopened(flash)):
        assert where.outbox.next_queued().message_id == first.message_id
        assert [i.body for i in where.history("b@x", 9)] == ["fits", "fits again"]


def test_limits_are_the_callers_and_typed():
    flash = MemoryFlash()
    store = reopened(flash, QueueLimits(256, 2))
    while not raises(UsageError, store.enqueue, "b@x", "body", "t"):
        pass
    assert 200 < flash.written_bytes < 300  # half of the log is for what waits
    assert raises(UsageError, QueueLimits, 256, 2, 0) and raises(UsageError, Window(2, 1).remember, bytes(24), 0)
    assert raises(UsageError, Journal, MemoryFlash(), 10, 4)
    assert raises(UsageError, reopened(MemoryFlash()).enqueue, "b" * 256, "m", "t")


def test_transitions_are_a_table_without_doubles():
    assert len(set([row[:2] for row in states.TRANSITIONS])) == len(states.TRANSITIONS)
    rows = [(row[0], row[2]) for row in states.TRANSITIONS]
    for a in range(len(states.NAMES)):
        for b in range(len(states.NAMES)):
            assert states.may_follow(a, b) == ((a, b) in rows)
