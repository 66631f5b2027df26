"""The trace of a world: what was pressed, said, sent, shown and broken, a line each, with the time and who it was.

The same seed gives the same trace, byte for byte, on every machine and every Python. Secrets are masked.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from nocarrier import events
from nocarrier_emulator.clock import Clock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.hardware import Hardware
from nocarrier_emulator.trace import masks
from nocarrier_emulator.trace.stanzas import StanzaCutter
from nocarrier_emulator.world import World


class Trace:
    """lines: "<ms> <who> <what>". sink(line): called with each, for who wants them elsewhere."""

    def __init__(self, clock: Clock, sink: Callable[[str], None] | None = None) -> None:
        self._clock = clock
        self.lines: list[str] = []
        self._sink = sink or self.lines.append

    def note(self, who: str, what: str) -> None:
        """One line, however many there are in what."""
        self._sink("%.3f %s %s" % (self._clock.now_ms(), who, what.replace("\r", "\\r").replace("\n", "\\n")))

    def watch(self, world: World, commands: Commands) -> None:
        """What is done to the world from now on, and all handhelds that are there."""
        commands.on_command = self._command
        for name, handheld in world.handhelds.items():
            _Watch(self, name, handheld)

    def sha256(self) -> str:
        """Of all lines."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()

    def _command(self, command: dict[str, Any]) -> None:
        self.note("user", json.dumps(command, ensure_ascii=False))


class _Watch:
    """One handheld with its modem."""

    def __init__(self, trace: Trace, name: str, handheld: Hardware) -> None:
        self._trace, self._name, self._handheld = trace, name, handheld
        self._rows = [("", False)] * len(handheld.surface.lines)
        self._wires = {"up": StanzaCutter(), "down": StanzaCutter()}
        self._typed = {"up": bytearray(), "down": bytearray()}
        self._before = handheld.surface.on_show, handheld.on_event
        handheld.surface.on_show, handheld.on_event = self._show, self._event
        modem = handheld.modem
        modem.on_wire, modem.on_at, modem.on_call = self._wire, self._at, self._call

    def _note(self, what: str) -> None:
        self._trace.note(self._name, what)

    def _event(self, kind: int, value: object) -> None:
        self._note("event %s" % events.NAMES[kind])
        self._before[1](kind, value)

    def _show(self) -> None:
        rows = self._handheld.surface.lines
        for i, row in enumerate(rows):
            if self._rows[i] != row:
                self._note("screen %d %s%s" % (i, "*" if row[1] else "", row[0]))
        self._rows = list(rows)
        self._before[0]()

    def _wire(self, way: str, data: bytes) -> None:
        for piece in self._wires[way].feed(data):
            text = piece.decode(errors="replace")
            stripped = text.strip()
            shown = masks.of_xml(text) if stripped[:1] == "<" else "(no XML)" if stripped else "(keepalive)"
            self._note("%s %d %s" % (way, len(piece), shown))

    def _call(self, stands: bool) -> None:
        """A call begins or ends; of what was not whole then, only the length is told."""
        for way, wire in self._wires.items():
            if rest := wire.cut():
                self._note("%s %d (cut)" % (way, len(rest)))
        self._note("carrier" if stands else "no carrier")

    def _at(self, way: str, data: bytes) -> None:
        line = self._typed[way]
        line += data
        if line.endswith((b"\r", b"\n")):
            text = line.decode(errors="replace").strip("\r\n")
            line.clear()
            if text:
                self._note("%s %s" % ("at" if way == "up" else "says", masks.of_command(text)))
