"""What each command does. The table is at the end; what is not in it and harmless is answered OK."""

import re
from typing import TYPE_CHECKING

from nocarrier_emulator.modem import results, settings

if TYPE_CHECKING:
    from nocarrier_emulator.modem.modem import Modem

_HARMLESS = "BFKLMNPTWY"  # letters of V.250 and of the modems of its time; with & % or \ in front, all are
_NAME = "nocarrier modem"


class Interpreter:
    """Runs commands on its modem."""

    def __init__(self, modem: "Modem") -> None:
        self._modem = modem
        self._last_number = ""

    def run(self, word: str) -> str:
        """One command; returns its result, or "" if that comes later or was said."""
        if not word:
            return results.ERROR
        if word[0] in "dD":
            return self._dial(word[1:])
        if word[0] == "S" and len(word) > 1:
            return self._register(word)
        if word[0] == "+":
            return self._extended(word.rstrip(";"))
        match = re.fullmatch(r"(\W?[A-Z])(\d*)", word)
        assert match is not None, word
        name, number = match[1], int(match[2] or 0)
        if name in _SETTINGS:
            return self._set(number, *_SETTINGS[name])
        method = _COMMANDS.get(name)
        if method is not None:
            result: str = getattr(self, method)(number)
            return result
        return results.OK if name[0] in "&%\\-" or name in _HARMLESS else results.ERROR

    def reset(self, place: int) -> str:
        """Z: hangs up, and recalls what &W has stored."""
        recalled = self._modem.kept.recalled(place)
        if recalled is None:
            return results.ERROR
        if self._modem.connected:
            self._modem.hang_up(False)
        self._modem.off_hook = False
        self._modem.settings = recalled
        return results.OK

    def _set(self, number: int, what: str, most: int) -> str:
        if number > most:
            return results.ERROR
        setattr(self._modem.settings, what, number)
        return results.OK

    def _dial(self, number: str) -> str:
        if number.upper() in ("L", "TL", "PL"):
            number = self._last_number
        self._last_number = number
        return self._modem.dial(number, number.count(","))

    def _register(self, word: str) -> str:
        name, is_set, value = word[1:].rstrip("?").partition("=")
        registers = self._modem.settings.registers
        if int(name) > settings.MOST_REGISTERS:
            return results.ERROR
        if word.endswith("?"):
            self._modem.text("%03d" % registers.get(int(name), 0))
        elif is_set:
            registers[int(name)] = min(int(value or 0), 255)
        return results.OK

    def _extended(self, word: str) -> str:
        name = re.match(r"\+[A-Z]+", word)
        answer = _EXTENDED.get(name[0] if name else "")
        if answer is None:
            return results.ERROR
        if answer and not word.endswith("=?"):
            self._modem.text(answer)
        return results.OK

    def _answer(self, number: int) -> str:
        return self._modem.answer_call()

    def _hook(self, number: int) -> str:
        if number > 1:
            return results.ERROR
        if number == 0 and self._modem.connected:
            self._modem.hang_up(False)
        self._modem.off_hook = number == 1
        return results.OK

    def _information(self, number: int) -> str:
        modem = self._modem
        text = {
            0: _NAME,
            3: _NAME + ", V.250",
            4: modem.settings.shown(),
            6: "%d bytes sent, %d received, %d s"
            % (modem.meter.bytes_up, modem.meter.bytes_down, modem.meter.connected_ms() / 1000),
        }.get(number)
        if text:
            modem.text(text)
        return results.OK

    def _online(self, number: int) -> str:
        return self._modem.go_online()

    def _factory(self, number: int) -> str:
        if self._modem.connected:
            self._modem.hang_up(False)
        self._modem.settings = settings.Settings()
        return results.OK

    def _view(self, number: int) -> str:
        self._modem.text(self._modem.settings.shown())
        return results.OK

    def _write(self, number: int) -> str:
        return results.OK if self._modem.kept.store(number, self._modem.settings) else results.ERROR


# Settings by their commands: what they are called, and their highest value.
_SETTINGS = {
    "E": ("echo", 1), "Q": ("quiet", 1), "V": ("verbose", 1), "X": ("x_level", 4), "&C": ("carrier_follows", 1),
    "&D": ("dtr_falls", 3),
}  # fmt: skip
_COMMANDS = {
    "A": "_answer",
    "H": "_hook",
    "I": "_information",
    "O": "_online",
    "Z": "reset",
    "&F": "_factory",
    "&V": "_view",
    "&W": "_write",
}
# V.250 §6.1 and those that set up the port, which has no rate of its own here.
_EXTENDED = {
    "+GMI": "nocarrier", "+GMM": _NAME, "+GMR": "1", "+GCAP": "+GCAP: ",
    "+IPR": "", "+IFC": "", "+ILRR": "", "+ICF": "",
}  # fmt: skip
