"""What crosses the lines, as rows of a table: each stanza with its bytes, its time on the line, and its price."""

import re
from collections import deque
from typing import Any

from nocarrier_emulator.clock import Clock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.trace.trace import Trace
from nocarrier_emulator.world import World

_ROWS = 100  # that a page is shown which comes late
_TEXT_CHARS = 2_000
_BITS_A_BYTE = 10
_PIECE = re.compile(r"([\d.]+) (\w+) (up|down) (\d+) (.*)", re.DOTALL)
_OTHER = re.compile(r"([\d.]+) (\w+) (at|says|carrier|no carrier)(?: (.*))?$", re.DOTALL)


class NoWire:
    """Where nothing is seen of any line."""

    count = worlds = 0

    def since(self, count: int) -> list[dict[str, Any]]:
        return []


class Wire:
    """count: rows since the beginning. since(count): those that came later, of the last hundred or so.

    worlds: how many it has watched; what was shown of another is none of this one's.
    """

    def __init__(self, clock: Clock) -> None:
        self._trace = Trace(clock, self._line)
        self._rows: deque[dict[str, Any]] = deque(maxlen=_ROWS)
        self._world: World | None = None
        self.count = self.worlds = 0

    def watch(self, world: World, commands: Commands) -> None:
        """That world from now on; what was seen of another is forgotten."""
        self._rows.clear()
        self._world = world
        self.worlds += 1
        self._trace.watch(world, commands)

    def since(self, count: int) -> list[dict[str, Any]]:
        new = min(self.count - count, len(self._rows))
        return list(self._rows)[len(self._rows) - new :] if new > 0 else []

    def _line(self, line: str) -> None:
        if match := _PIECE.match(line):
            at_ms, who, way, size, text = match.groups()
            self._add(at_ms, who, way, text, **self._price(who, way, int(size)))
        elif match := _OTHER.match(line):
            at_ms, who, what, text = match.groups()
            self._add(at_ms, who, what, text or "")

    def _add(self, at_ms: str, who: str, way: str, text: str, **more: Any) -> None:
        self.count += 1
        row = {"at_s": round(float(at_ms) / 1000, 1), "who": who, "way": way, "text": text[:_TEXT_CHARS]}
        self._rows.append({**row, **more})

    def _price(self, who: str, way: str, size_bytes: int) -> dict[str, Any]:
        """What is paid by the minute is no stanza's: it is in the meter."""
        assert self._world is not None
        profile = self._world.handhelds[who].modem.profile
        rate_bps = profile.up_bps if way == "up" else profile.down_bps
        return {
            "bytes": size_bytes,
            "seconds": round(size_bytes * _BITS_A_BYTE / rate_bps, 2),
            "cost": round(size_bytes / 1024 * profile.tariff.per_kb, 4),
        }
