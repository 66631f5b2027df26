"""Cuts a list of events down to what a failure needs: delta debugging (Zeller and Hildebrandt 2002, ddmin)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shrunk(played: Sequence[T], fails: Callable[[Sequence[T]], bool], tries: int = 1_000) -> list[T]:
    """The shortest list found of which fails() is still true; without any one of its events it is not.

    tries: how often fails() is asked at most; then the list is what was found until then.
    """
    kept = list(played)
    parts = 2
    while len(kept) > 1 and tries > 0:
        size = -(-len(kept) // parts)
        for at in range(0, len(kept), size):
            rest = kept[:at] + kept[at + size :]
            tries -= 1
            if fails(rest):
                kept = rest
                parts = max(2, parts - 1)
                break
            if tries == 0:
                return kept
        else:
            if size == 1:
                return kept
            parts = min(len(kept), parts * 2)
    return kept
