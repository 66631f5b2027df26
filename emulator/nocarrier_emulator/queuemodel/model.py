"""What the queue should hold, as one dictionary.

Every record that the queue writes is a group of changes to it. What was promised must be there after a power cut, and
of what came later any part, in order.
"""

from collections.abc import Iterable
from typing import Any

from nocarrier.queue import states

Change = tuple[Any, Any]  # key, new value; None: gone


class Difference(AssertionError):
    """The queue is not what it was said to be."""


class Model:
    """state: what should be on flash. Changes are grouped as the records are; promise() makes them stay."""

    def __init__(self) -> None:
        self.state: dict[Any, Any] = {"h": 0, "sm": "", "cursor": "", "version": ""}
        self._undo: list[list[Change]] = []

    def write(self, *changes: Change) -> None:
        """One record's worth."""
        self._undo.append([(key, self.state.get(key)) for key, _ in changes])
        self._apply(changes)

    def promise(self) -> None:
        self._undo = []

    def unpromised(self) -> int:
        return len(self._undo)

    def take_back(self) -> None:
        """The youngest record is not there."""
        self._apply(self._undo.pop())

    def of(self, kind: str) -> list[Any]:
        """The names of all that is there of a kind, sorted."""
        return sorted(key[1] for key in self.state if isinstance(key, tuple) and key[0] == kind)

    def table(self, kind: str) -> dict[Any, Any]:
        return {name: self.state[kind, name] for name in self.of(kind)}

    def out(self, *wanted: int) -> list[int]:
        """Numbers of outgoing messages in these states."""
        return [seq for seq in self.of("out") if self.state["out", seq][3] in wanted]

    def sent(self, doubt: bool) -> list[int]:
        return [seq for seq in self.out(states.SENT) if self.state["out", seq][5] == doubt]

    def next(self) -> int:
        """Number of the message to be written next, or 0."""
        queued = self.out(states.QUEUED)
        return min(queued, key=lambda seq: (self.state["out", seq][2], seq), default=0)

    def moved(self, seq: int, state: int, twice: bool = False) -> Change:
        to, body, bulk, _, count, _, was, token = self.state["out", seq]
        return ("out", seq), (to, body, bulk, state, count, False, was or twice, token)

    def in_doubt(self) -> list[Change]:
        changes: list[Change] = []
        for seq in self.sent(False):
            row = self.state["out", seq]
            changes.append((("out", seq), (*row[:5], True, *row[6:])))
        return changes

    def _apply(self, changes: Iterable[Change]) -> None:
        for key, value in changes:
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value
