"""What a modem is set to, and the two places where it keeps that: &W, Z, &F, &V."""

import copy
from dataclasses import dataclass, field

RINGS_TO_ANSWER, RINGS, ESCAPE, CR, LF, BACKSPACE, CARRIER_S, COMMA_S, GUARD = 0, 1, 2, 3, 4, 5, 7, 8, 12
MOST_REGISTERS = 255
_FACTORY = {RINGS_TO_ANSWER: 0, RINGS: 0, ESCAPE: 43, CR: 13, LF: 10, BACKSPACE: 8, 6: 2, CARRIER_S: 60, COMMA_S: 2,
            10: 14, GUARD: 50}  # fmt: skip
_PLACES = 2


@dataclass
class Settings:
    """As the commands give them. carrier_follows: &C; dtr_falls: what &D makes of that; x_level: of result codes."""

    echo: int = 1
    quiet: int = 0
    verbose: int = 1
    x_level: int = 4
    carrier_follows: int = 1
    dtr_falls: int = 2
    registers: dict[int, int] = field(default_factory=lambda: dict(_FACTORY))

    def copied(self) -> "Settings":
        return copy.deepcopy(self)

    def shown(self) -> str:
        """As &V shows them."""
        flags = "E%d Q%d V%d X%d &C%d &D%d" % (
            self.echo, self.quiet, self.verbose, self.x_level, self.carrier_follows, self.dtr_falls,
        )  # fmt: skip
        registers = " ".join("S%02d:%03d" % each for each in sorted(self.registers.items()))
        return flags + "\r\n" + registers


class Kept:
    """The places, which outlive the modem's power."""

    def __init__(self) -> None:
        self._places = [Settings() for _ in range(_PLACES)]

    def store(self, place: int, settings: Settings) -> bool:
        """False: there is no such place."""
        if place >= _PLACES:
            return False
        self._places[place] = settings.copied()
        self._places[place].registers[RINGS] = 0
        return True

    def recalled(self, place: int) -> Settings | None:
        return self._places[place].copied() if place < _PLACES else None
