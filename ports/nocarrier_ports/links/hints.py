"""Words in the data of a call that may be the modem's: NO CARRIER, where no carrier line tells.

Such words are only a hint. They stand alone at the end of what was received, from the beginning of a line to its end,
and silence follows; a contact's message may hold the same. So they are kept back from the data until another byte shows
that they are part of it; nobody can do anything with a stanza that ends so, and has no end.
"""

from nocarrier.compat import const

try:
    from typing import Optional

    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass

HELD_BYTES = const(64)  # at most: of several hints in a row, the last ones
_END = b"\r\n"
_ARGUMENT_BYTES = const(32)  # behind words that end with ":"


def _hint_at(tail: bytes, words: "tuple[bytes, ...]") -> "Optional[int]":
    """How long the hint is with which tail begins; 0 if tail is a part of one; None if there is none."""
    if len(tail) < len(_END):
        return 0 if _END.startswith(tail) else None
    if not tail.startswith(_END):
        return None
    rest = tail[len(_END) :]
    for word in words:
        end = len(word)
        if word.endswith(b":") and rest.startswith(word):
            end = rest.find(b"\r")
            if end < 0:
                return 0 if len(rest) - len(word) <= _ARGUMENT_BYTES else None
            if end - len(word) > _ARGUMENT_BYTES:
                return None
        if not rest.startswith(word[:end]):
            if word.startswith(rest):
                return 0
            continue
        if rest[end : end + len(_END)] == _END:
            return 2 * len(_END) + end
        if _END.startswith(rest[end:]):
            return 0
    return None


class Hints:
    """words: whole lines, or beginnings of lines that end with ":"."""

    def __init__(self, words: "tuple[bytes, ...]") -> None:
        self._words = words
        self.held = b""
        self.complete = False  # what is held is nothing but whole hints

    def clear(self) -> None:
        self.held = b""
        self.complete = False

    def keep(self, buf: "Buffer", n: int) -> int:
        """Keeps back the longest end of buf[:n] that may be hints, whole or in part; returns how much is data."""
        begin = max(0, n - HELD_BYTES)
        tail = bytes(buf[begin:n])
        at = tail.find(b"\r")
        while at >= 0:
            complete = self._all_hints(tail[at:])
            if complete is not None:
                self.held = tail[at:]
                self.complete = complete
                return begin + at
            at = tail.find(b"\r", at + 1)
        self.clear()
        return n

    def _all_hints(self, tail: bytes) -> "Optional[bool]":
        """True if tail is hints and nothing else, False if the last one is not whole; None if other bytes are there."""
        while tail:
            n = _hint_at(tail, self._words)
            if n is None:
                return None
            if n == 0:
                return False
            tail = tail[n:]
        return True
