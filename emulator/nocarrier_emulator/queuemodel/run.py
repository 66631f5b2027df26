"""Random commands, power cuts in the middle of a write, a full flash, restarts; a failing list of them is shrunk.

`Run(seed).play(range(steps))` raises Difference; shrunk() finds a short list of commands that still fails.
"""

import random
from collections.abc import Iterable

from nocarrier.errors import UsageError
from nocarrier.queue.storage import StorageError
from nocarrier_emulator.flash import PowerCut
from nocarrier_emulator.queuemodel.commands import TABLE
from nocarrier_emulator.queuemodel.compared import ComparedQueue


class Run:
    """One seed's."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.queue = ComparedQueue(seed)

    def play(self, numbers: Iterable[int]) -> None:
        """Carries out the commands with these numbers; each depends on its number and on the state only."""
        for number in numbers:
            rng = random.Random("%d %d" % (self._seed, number))
            command = rng.choices([row[1] for row in TABLE], [row[0] for row in TABLE])[0]
            mishap = rng.random()
            if mishap < 0.02:
                self.queue.flash.cut_after_bytes = self.queue.flash.written_bytes + rng.randrange(150)
            elif mishap < 0.03:
                self.queue.flash.read_only = True
            try:
                command(self.queue, rng)
            except PowerCut:
                self.queue.recover(True)
            except StorageError:
                self.queue.recover(False)
            except UsageError:
                pass  # full: the command changed nothing
            self.queue.flash.cut_after_bytes = None
            self.queue.flash.read_only = False
            if not self.queue.flash.unsafe_bytes():
                self.queue.model.promise()
            if number % 64 == 0:
                self.queue.compare()


def fails(seed: int, numbers: Iterable[int]) -> str:
    """Why these commands fail, or ""."""
    try:
        Run(seed).play(numbers)
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)
    return ""


def shrunk(seed: int, steps: int) -> list[int]:
    """The numbers of few commands that still fail."""
    numbers = list(range(steps))
    size = len(numbers) // 2
    while size:
        at = 0
        while at < len(numbers):
            fewer = numbers[:at] + numbers[at + size :]
            if fails(seed, fewer):
                numbers = fewer
            else:
                at += size
        size //= 2
    return numbers
