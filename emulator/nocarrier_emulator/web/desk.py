"""What the page shows: two handhelds, their modems and lines, and the exchange that both call."""

from typing import Any

from nocarrier_emulator.clock import Clock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.script.recording import Recording
from nocarrier_emulator.world import World

_NAMES = ("anna", "bert")


class Desk:
    """Both handhelds are switched on and call at once. seed: see World.

    command(command): see Commands. recording(): what was done until now, as a scenario.
    """

    def __init__(self, clock: Clock, seed: int) -> None:
        self._world = World(clock, seed)
        for name in _NAMES:
            self._world.add(name)
        self._world.befriend(*_NAMES)
        commands = Commands(self._world)
        self.command = commands.run
        self.recording = Recording(clock, self._world, commands).text
        for handheld in self._world.handhelds.values():
            handheld.power_on()

    def state(self) -> list[dict[str, Any]]:
        """Everything that a page shows, one object a handheld."""
        return [self._handheld(name, handheld) for name, handheld in self._world.handhelds.items()]

    @staticmethod
    def _handheld(name: str, handheld: Handheld) -> dict[str, Any]:
        modem = handheld.modem
        return {
            "name": name,
            "jid": handheld.account.jid,
            "power": handheld.app is not None,
            "screen": [[text, inverted] for text, inverted in handheld.surface.lines],
            "lamps": modem.lamps(),
            "bytes_up": modem.meter.bytes_up,
            "bytes_down": modem.meter.bytes_down,
            "seconds": int(modem.meter.connected_ms() / 1000),
            "rate_bps": modem.profile.down_bps,
            "plugged": modem.dialtone,
        }
