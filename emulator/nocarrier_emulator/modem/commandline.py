"""The command line (V.250 §5.2): its characters, A/, and the commands that are chained on it."""

import re

_COMMAND = re.compile(r"D.*|S\d+(?:=\d*|\?)?|\+[A-Z]+[^;]*;?|[&\\%-]?[A-Z]\d*")
_CHARS = 80


class CommandLine:
    """Collects what is typed. last: the line that A/ means, if there was one."""

    def __init__(self) -> None:
        self._text = ""
        self.last: str | None = None

    def clear(self) -> None:
        self._text = ""

    def typed(self, byte: int, cr: int, backspace: int) -> str | None:
        """One more character; returns the line if that has ended it, without its AT. A line without AT is none."""
        if byte == cr:
            plain, self._text = self._text.replace(" ", ""), ""
            at = plain.upper().find("AT")
            if at < 0:
                return None
            self.last = plain[at + 2 :]
            return self.last
        if byte == backspace:
            self._text = self._text[:-1]
        elif len(self._text) < _CHARS and 32 <= byte < 127:
            self._text += chr(byte)
            if self._text.upper() == "A/":
                self._text = ""
                return self.last
        return None


def commands(line: str) -> list[str]:
    """The commands of a line without spaces, in capitals, but for what is dialled.

    An empty one at the end means that the line goes on with something that is no command.
    """
    found: list[str] = []
    rest = line
    while rest:
        match = _COMMAND.match(rest.upper())
        if match is None:
            return [*found, ""]
        word = rest[: match.end()]
        found.append(word if word[0] in "dD" else word.upper())
        rest = rest[match.end() :]
    return found
