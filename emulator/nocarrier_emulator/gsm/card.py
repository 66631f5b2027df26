"""A module's SIM card, and what the network makes of it."""

from collections.abc import Callable

from nocarrier_emulator.gsm.faults import Faults


class Card:
    """Locked anew whenever the module is switched on."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._unlocked = faults.sim == "READY"

    def pin(self, argument: str, say: Callable[[str], None]) -> str:
        """+CPIN (3GPP TS 27.007 §8.3): "?", or "=" and a PIN. Returns the final result."""
        faults = self._faults
        if faults.sim == "NOT INSERTED":
            return "+CME ERROR: 10"
        if faults.busy:
            faults.busy -= 1
            return "+CME ERROR: 14"
        if argument == "?":
            say("+CPIN: %s" % ("READY" if self._unlocked else faults.sim))
            return "OK"
        if self._unlocked or faults.sim != "SIM PIN":
            return "+CME ERROR: 3"
        if argument[1:].strip('"') == faults.pin:
            self._unlocked = True
            return "OK"
        faults.tries -= 1
        if faults.tries == 0:
            faults.sim = "SIM PUK"
        return "+CME ERROR: 16"

    def registration(self) -> int:
        """What the network says now (§7.2)."""
        states = self._faults.registration
        return states.pop(0) if len(states) > 1 else states[0]
