"""The queue beside its model, for some seeds; `make soak NAME=queue` plays a million steps."""

import pytest

from nocarrier.queue.inbox import Inbox
from nocarrier.queue.journal import Journal
from nocarrier.queue.outbox import Outbox
from nocarrier_emulator.queuemodel.run import Run, fails, shrunk

STEPS = 500


@pytest.mark.parametrize("seed", range(40))
def test_no_difference_is_found(seed):
    why = fails(seed, range(STEPS))
    assert not why, "seed %d: %s; Run(%d).play(%s)" % (seed, why, seed, shrunk(seed, STEPS))


def test_the_same_seed_writes_the_same_bytes():
    first, again, other = Run(7), Run(7), Run(8)
    for run in (first, again, other):
        run.play(range(STEPS))
    assert first.queue.flash.files == again.queue.flash.files != other.queue.flash.files


def planted(monkeypatch, bug):
    """The shortest list of commands that finds the bug, of the first seed that does."""
    bug(monkeypatch)
    for seed in range(40):
        if fails(seed, range(STEPS)):
            return shrunk(seed, STEPS)
    raise AssertionError("the bug was not found")


def sends_without_a_flush(monkeypatch):
    flush, mark_sent = Journal.flush, Outbox.mark_sent

    def unsafe(self, *args):
        Journal.flush = lambda self: None
        try:
            mark_sent(self, *args)
        finally:
            Journal.flush = flush

    monkeypatch.setattr(Outbox, "mark_sent", unsafe)


def forgets_what_it_has_received(monkeypatch):
    monkeypatch.setattr(Inbox, "_remember", lambda self, message: None)


def gives_up_what_waits(monkeypatch):
    monkeypatch.setattr(Outbox, "behind_in", lambda self, number: {})


@pytest.mark.parametrize(
    ("bug", "commands"), [(sends_without_a_flush, 2), (forgets_what_it_has_received, 2), (gives_up_what_waits, 100)]
)
def test_a_planted_bug_is_found_and_shrunk(monkeypatch, bug, commands):
    assert len(planted(monkeypatch, bug)) <= commands
