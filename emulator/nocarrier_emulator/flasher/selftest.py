"""nocarrier-flash --selftest: a board's flash, judged by what is left when somebody takes its power away."""

from collections.abc import Callable
from typing import Any

from nocarrier_emulator.flasher.board import Board
from nocarrier_emulator.flasher.errors import FlashError

_BEGIN = """
import os, time
from nocarrier_ports import flashtest
from nocarrier_ports.flash import FolderFlash
try:
    os.mkdir('flashtest')
except OSError:
    pass
flash = FolderFlash('flashtest')
"""
_MEASURE = _BEGIN + "print(*flashtest.measure(flash, 20, time.ticks_us))"
_WRITE = _BEGIN + "flashtest.write(flash, 1_000_000, print)"
_SURVIVED = _BEGIN + "print(flashtest.survived(flash))\nflashtest.clear(flash)\nos.rmdir('flashtest')"
_SILENCE_S = 3.0  # after so long without a flush there is no power any more


def selftest(board: Board, again: Callable[[], Board], say: Callable[[str], Any]) -> None:
    """board: one with nocarrier on it. again(): the same, when it has its power back. Raises FlashError if it lies."""
    try:
        middle_us, longest_us = (int(word) for word in board.run(_MEASURE).split())
        say("a flush takes %.1f ms, %.1f ms at most" % (middle_us / 1000, longest_us / 1000))
        say("it writes: now take its power away")
        told = 0
        for line in board.lines(_WRITE, _SILENCE_S):
            told = int(line) if line.isdigit() else told
    finally:
        board.close()
    say("%d records were flushed; give it its power back" % told)
    board = again()
    try:
        found = int(board.run(_SURVIVED))
    finally:
        board.close()
    if not told:
        raise FlashError("it has flushed nothing in time")
    if found < told:
        raise FlashError("the flash lies: of %d records that it had flushed there are %d" % (told, found))
    say("all of them are there")
