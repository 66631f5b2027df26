"""Giving up the oldest segment: what is alive in it is written once more at the end of the log, then it is removed.

If the power goes in between, both are there. What is read back first counts, so the copies change nothing; and every
copy is followed by whatever is known of it.
"""

from nocarrier.queue import records

try:
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from nocarrier.queue.journal import Journal
        from nocarrier.queue.store import Store
except ImportError:
    pass


def give_up_oldest(journal: "Journal", store: "Store") -> None:
    """Raises StorageError; then nothing has been given up."""
    oldest = journal.numbers[0]
    behind = store.outbox.behind_in(oldest)
    window = False  # whether what is remembered of messages that are given up must be written
    for position, kind, payload in journal.scan(oldest):
        if kind in (records.OUT, records.OUT_AGAIN):
            new = store.outbox.rewrite(position, kind, payload, behind)
            if new:
                store.talks.wrote(new, records.other_end(kind, payload))
        elif kind == records.KEYS:
            window = True
        elif kind in (records.IN, records.OWED, records.ASIDE):
            window = store.inbox.rewrite(position, kind, payload) or window
        elif kind == records.CONTACT:
            store.contacts.rewrite(position, payload)
        elif kind == records.NOTE:
            name, text = records.unpack(kind, payload)
            if text and store.notes.get(name) == text:
                journal.append(kind, payload)
    if window:
        journal.append(records.KEYS, store.inbox.window.pack())
    store.save_all(journal)
    journal.flush()
    unseen = store.talks.unseen_in(oldest)
    journal.drop_oldest()
    store.outbox.given_up(oldest)
    store.unseen_given_up += store.talks.given_up(oldest, unseen)
