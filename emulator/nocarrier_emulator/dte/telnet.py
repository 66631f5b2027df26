"""Telnet as far as a modem's line needs it (RFC 854): 0xFF is doubled, and both sides are asked for eight bits.

Options that are agreed to: binary transmission (RFC 856), echo by the server (RFC 857), no go-ahead (RFC 858).
"""

from typing import Protocol

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
BINARY, ECHO, NO_GO_AHEAD = 0, 1, 3
_ASK = bytes((IAC, WILL, BINARY, IAC, DO, BINARY, IAC, WILL, NO_GO_AHEAD, IAC, DO, NO_GO_AHEAD))
_TEXT, _COMMAND, _OPTION, _INSIDE, _INSIDE_COMMAND = range(5)
_CR, _NUL = 13, 0


class Coding(Protocol):
    """What becomes of bytes on their way over a connection. greeting: to be sent first."""

    greeting: bytes

    def encoded(self, data: bytes) -> bytes:
        """Data as it is to be sent."""

    def decoded(self, data: bytes) -> tuple[bytes, bytes]:
        """What of the received is data, and what is to be answered."""


class Raw:
    """Bytes as they are."""

    greeting = b""

    def encoded(self, data: bytes) -> bytes:
        return data

    def decoded(self, data: bytes) -> tuple[bytes, bytes]:
        return data, b""


class Telnet:
    """One side of a connection. wants: options that the other side may switch on."""

    greeting = _ASK

    def __init__(self, wants: tuple[int, ...] = (BINARY, ECHO, NO_GO_AHEAD)) -> None:
        self._wants = wants
        self._does = {BINARY: False, NO_GO_AHEAD: False}  # what we do, as agreed
        self._asked = {WILL: {BINARY, NO_GO_AHEAD}, DO: {BINARY, NO_GO_AHEAD}}  # what the answer to is to come
        self._theirs: set[int] = set()  # what they do
        self._state = _TEXT
        self._verb = 0
        self._after_cr = False

    def encoded(self, data: bytes) -> bytes:
        data = data.replace(b"\xff", b"\xff\xff")
        return data if self._does[BINARY] else data.replace(b"\r", b"\r\0")

    def decoded(self, data: bytes) -> tuple[bytes, bytes]:
        out, answer = bytearray(), bytearray()
        for byte in data:
            if self._state == _TEXT:
                if byte == IAC:
                    self._state = _COMMAND
                else:
                    self._text(byte, out)
            elif self._state == _COMMAND:
                self._command(byte, out)
            elif self._state == _OPTION:
                self._state = _TEXT
                answer += self._option(byte)
            elif self._state == _INSIDE:
                self._state = _INSIDE_COMMAND if byte == IAC else _INSIDE
            else:
                self._state = _TEXT if byte == SE else _INSIDE
        return bytes(out), bytes(answer)

    def _text(self, byte: int, out: bytearray) -> None:
        filler = self._after_cr and byte == _NUL
        self._after_cr = byte == _CR and BINARY not in self._theirs
        if not filler:
            out.append(byte)

    def _command(self, byte: int, out: bytearray) -> None:
        self._state = _TEXT
        if byte == IAC:
            self._text(byte, out)
        elif byte in (WILL, WONT, DO, DONT):
            self._verb, self._state = byte, _OPTION
        elif byte == SB:
            self._state = _INSIDE

    def _option(self, option: int) -> bytes:
        """An answer only to what changes something, or two sides would answer each other for ever."""
        if self._verb in (DO, DONT):
            known, on = option in self._does, self._verb == DO
            asked = option in self._asked[WILL]
            self._asked[WILL].discard(option)
            if not known:
                return bytes((IAC, WONT, option)) if on else b""
            changed, self._does[option] = self._does[option] != on, on
            return bytes((IAC, WILL if on else WONT, option)) if changed and not asked else b""
        on, asked = self._verb == WILL, option in self._asked[DO]
        self._asked[DO].discard(option)
        if on and option not in self._wants:
            return bytes((IAC, DONT, option))
        changed = on != (option in self._theirs)
        (self._theirs.add if on else self._theirs.discard)(option)
        return bytes((IAC, DO if on else DONT, option)) if changed and not asked else b""
