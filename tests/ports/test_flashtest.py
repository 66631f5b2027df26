"""The self-test of a flash: at every byte at which the power can go, with one that is honest and with one that lies."""

import pytest

from nocarrier_emulator.flash import MemoryFlash, PowerCut
from nocarrier_ports import flashtest
from nocarrier_ports.flash import FolderFlash

RECORDS = 6


class Liar(MemoryFlash):
    """Says that it has flushed, and does so with every third record."""

    def flush(self, name):
        if self.flushes % 3:
            self.flushes += 1
        else:
            super().flush(name)


def told_and_found(flash, cut_after_bytes):
    told = []
    flash.cut_after_bytes = cut_after_bytes
    try:
        flashtest.write(flash, RECORDS, told.append)
    except PowerCut:
        flash.cut_after_bytes = None
    flash.power_off()
    return len(told), flashtest.survived(flash)


def test_what_an_honest_flash_has_flushed_is_there():
    for cut in range(8 * RECORDS + 1):
        told, found = told_and_found(MemoryFlash(), cut)
        assert told == cut // 8 and found in (told, told + 1)  # the last may be there, and not told yet


def test_one_that_lies_is_seen():
    outcomes = [told_and_found(Liar(), cut) for cut in range(8 * RECORDS + 1)]
    assert [told for told, found in outcomes if found < told]
    told, found = told_and_found(Liar(), None)
    assert (told, found) == (RECORDS, 4)


def test_what_is_damaged_does_not_count():
    flash = MemoryFlash()
    flashtest.write(flash, RECORDS, lambda number: None)
    flash.files[flashtest.NAME][8 * 3 + 5] ^= 1
    assert flashtest.survived(flash) == 3


@pytest.mark.parametrize("took_us, wanted", [([5, 1, 9], (5, 9)), ([7], (7, 7))])
def test_flushes_are_measured_and_nothing_is_left(tmp_path, took_us, wanted):
    now = [0]
    steps = [step for took in took_us for step in (0, took)]

    def ticks_us():
        now[0] += steps.pop(0)
        return now[0]

    flash = FolderFlash(str(tmp_path))
    assert flashtest.measure(flash, len(took_us), ticks_us) == wanted and flash.names() == []
