"""A serial port of the board "mps2" (CMSDK UART): bytes as a stream that never blocks."""

from machine import mem32

try:
    from typing import Any
except ImportError:
    pass

REMOTE, MODEM = 0x40004000, 0x40005000  # addresses of UART0 and UART1
_DATA, _STATE, _CONTROL, _DIVISOR = 0, 4, 8, 16
_TX_FULL, _RX_FULL = 1, 2
_BOTH_WAYS = 3
_FASTEST = 16
_LOOKS = 100  # for the next byte: the port holds one, and QEMU brings the next a moment after that was read


class Uart:
    """address: REMOTE or MODEM."""

    def __init__(self, address: int) -> None:
        self._data, self._state = address + _DATA, address + _STATE
        mem32[address + _DIVISOR] = _FASTEST
        mem32[address + _CONTROL] = _BOTH_WAYS

    def readinto(self, buf: "Any") -> int:
        """What is there, at most as much as fits; returns how much that was."""
        n, looks, state, data = 0, 1, self._state, self._data
        while n < len(buf) and looks:
            looks -= 1
            if mem32[state] & _RX_FULL:
                buf[n] = mem32[data]
                n += 1
                looks = _LOOKS
        return n

    def write(self, buf: "Any") -> int:
        """Takes what there is room for; returns how much that was."""
        n, state, data = 0, self._state, self._data
        while n < len(buf) and not mem32[state] & _TX_FULL:
            mem32[data] = buf[n]
            n += 1
        return n
