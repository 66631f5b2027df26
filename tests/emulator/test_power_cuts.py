"""The power goes at every byte of a conversation, before every flush and every removal: all once, under one id."""

import pytest

from nocarrier.queue.inbox import Inbox
from nocarrier.queue.journal import Journal
from nocarrier_emulator.powercuts import cut_everywhere


def wrong(outcomes):
    return {where: what for where, what in outcomes.items() if what}


def test_the_power_goes_at_every_byte():
    """Without h in <failed/>: what is in doubt only the archive can tell."""
    outcomes = cut_everywhere(archiving=True, tells_h=False)
    assert not wrong(outcomes)
    assert sum(where.startswith("byte") for where in outcomes) > 1500
    assert sum(where.startswith("removal") for where in outcomes) > 2


@pytest.mark.parametrize(("archiving", "tells_h"), [(True, True), (False, True), (False, False)])
def test_on_other_exchanges_in_every_record(archiving, tells_h):
    assert not wrong(cut_everywhere(archiving, tells_h, 13))


def test_a_missing_flush_would_be_seen(monkeypatch):
    store = Inbox.store

    def unsafe(self, message):
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "flush", lambda self: None)
            return store(self, message)

    monkeypatch.setattr(Inbox, "store", unsafe)
    assert wrong(cut_everywhere(False, True, 997))
