"""Exactly once and in order, whatever fails: a slice of what `make soak NAME=campaign` plays by thousands."""

import pytest

from nocarrier.queue.journal import Journal
from nocarrier_emulator.campaign import Campaign


@pytest.mark.parametrize("seed", range(24))
def test_everything_arrives_once_and_in_order(seed):
    outcome = Campaign(seed).run()
    assert outcome.ok() and outcome.sent == 24, (seed, outcome)
    assert outcome.drops and outcome.power_cuts and outcome.restarts == 2


def test_the_same_seed_is_the_same_campaign():
    assert Campaign(3).run() == Campaign(3).run()
    assert Campaign(3).run() != Campaign(4).run()


def test_a_loss_would_be_seen():
    """The judge itself: a handheld that forgets what it has received is found out."""
    campaign = Campaign(5)
    campaign.users[0].received = lambda: ["2 x", "1 y", "1 y"]
    outcome = campaign.run()
    assert outcome.lost and outcome.duplicated and not outcome.ok()


def test_a_missing_flush_would_be_seen(monkeypatch):
    """A handheld that says "on flash" of what is not yet there is found out by some power cut."""
    monkeypatch.setattr(Journal, "flush", lambda self: None)
    assert not all(Campaign(seed).run().ok() for seed in range(8))
