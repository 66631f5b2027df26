"""Conversations as the user reads them: pages, search, what was not seen yet, what had to make room."""

from nocarrier.queue import records, states
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.records import Incoming
from nocarrier.queue.window import Window, dedup_key
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.stores import incoming, reopened


def came(store, sender, body, flags=0):
    store.received(Incoming(0, 1, 0, flags, b"", "", sender + "/r", "", body))


def bodies(items):
    return [item.body for item in items]


def test_pages_from_the_newest_back_over_all_segments():
    flash = MemoryFlash()
    store = reopened(flash, QueueLimits(512, 12))
    for i in range(40):
        came(store, "b@x", "b%d" % i)
        came(store, "c@x", "c%d" % i)
    pages = []
    while True:
        page = store.history("b@x", 7, len(pages))
        if not page:
            break
        pages = bodies(page) + pages
    assert pages == ["b%d" % i for i in range(40)]
    assert store.history("nobody@x", 5) == []


def test_search_finds_in_one_conversation_or_in_all():
    store = reopened(MemoryFlash(), QueueLimits(512, 12))
    for i in range(20):
        came(store, "b@x", "Number %d" % i)
        store.enqueue("c@x", "number %d of mine" % i, "t")
    assert bodies(store.search("NUMBER 7", 9)) == ["Number 7", "number 7 of mine"]
    assert bodies(store.search("number 7", 9, jid="c@x")) == ["number 7 of mine"]
    assert bodies(store.search("number 1", 3, 1, jid="b@x")) == ["Number 16", "Number 17", "Number 18"]
    assert [item.jid for item in store.search("number 3", 9)] == ["b@x", "c@x"]
    assert store.search("nothing", 9) == []


def test_what_was_not_seen_is_counted_through_restarts():
    flash = MemoryFlash()
    store = reopened(flash)
    came(store, "b@x", "1")
    came(store, "b@x", "2")
    came(store, "c@x", "3")
    came(store, "b@x", "mine, from the desk", records.ELSEWHERE)
    for where in (store, reopened(flash)):
        assert [where.talks.unseen(jid) for jid in ("b@x", "c@x", "d@x")] == [2, 1, 0]
    store.mark_seen("b@x")
    came(store, "b@x", "4")
    store.save_cursor("flushed")
    for where in (store, reopened(flash)):
        assert [where.talks.unseen(jid) for jid in ("b@x", "c@x")] == [1, 1]


def test_the_users_own_messages_from_elsewhere_stand_on_his_side():
    store = reopened(MemoryFlash())
    came(store, "b@x", "question")
    came(store, "b@x", "answer", records.ELSEWHERE)
    items = store.history("b@x", 9)
    assert [(item.incoming, item.body) for item in items] == [(True, "question"), (False, "answer")]
    assert items[1].state == states.ON_SERVER


def test_what_makes_room_unseen_is_counted():
    store = reopened(MemoryFlash(), QueueLimits(512, 2))
    for i in range(60):
        came(store, "b@x", "text %d" % i)
    there = len(store.history("b@x", 99))
    assert store.unseen_given_up == 60 - there and store.talks.unseen("b@x") == there
    store.mark_seen("b@x")
    before = store.unseen_given_up
    for _ in range(8):
        came(store, "c@x", "seen or not, those of others count for themselves")
    assert store.talks.unseen("b@x") == 0 and store.unseen_given_up == before


def test_rows_of_conversations_are_bounded_and_unseen_ones_stay():
    store = reopened(MemoryFlash(), QueueLimits(talks=3))
    came(store, "a@x", "unseen")
    for i in range(5):
        store.enqueue("%d@x" % i, "m", "t")
    assert store.talks.whom(9) == ["a@x", "3@x", "4@x"] and store.talks.unseen("a@x") == 1
    assert bodies(store.history("0@x", 9)) == ["m"]  # found without a row too


def test_a_weak_key_wears_off_and_the_others_do_not():
    hour_s = 3600
    window = Window(4, 24)
    weak, strong = dedup_key("id", "text", weak=True), dedup_key("origin")
    window.remember(weak + strong, 1000 * hour_s)
    for later_h in (0, 23, 24):
        assert window.seen(weak, (1000 + later_h) * hour_s) and window.seen(weak, (1000 - later_h) * hour_s)
    assert not window.seen(weak, 1025 * hour_s) and not window.seen(weak, 970 * hour_s)
    assert window.seen(strong, 9999 * hour_s)
    assert window.seen(weak, 0)  # nobody knows what time it is: rather once too seldom
    window.remember(weak, 1030 * hour_s)
    assert window.seen(weak, 1031 * hour_s)


def test_what_was_received_is_known_when_its_message_is_not_there_any_more():
    flash = MemoryFlash()
    limits = QueueLimits(1024, 4, window=24)
    store = reopened(flash, limits)
    for i in range(4):
        store.received(incoming(i, 0, i + 1))
    for i in range(900):
        store.save_handled(i)  # no messages, but the log moves on
    assert store.history("b@x", 9) == []
    for where in (store, reopened(flash, limits)):
        assert all([where.inbox.window.seen(incoming(i).keys, 0) for i in range(4)])
