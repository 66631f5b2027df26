"""Seeded slices of what `make soak NAME=wire` does for hours."""

import pytest
from fuzz.stream import fuzz
from soak.wire import one

_SEEDS = 160
_RUNS = 3000


@pytest.mark.parametrize("block", range(0, _SEEDS, 40))
def test_every_split_of_what_is_generated_recorded_and_damaged(block):
    refused = 0
    for seed in range(block, block + 40):
        _, _, refusal, different = one(seed)
        assert not different, "seed %d" % seed
        refused += refusal
    assert 10 < refused < 40


def test_guided_fuzzing_finds_nothing():
    tried, found = fuzz(1, "-runs=%d" % _RUNS)
    assert not found, "\n".join(found)
    assert tried == _RUNS
