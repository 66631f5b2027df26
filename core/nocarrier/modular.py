"""Numbers that wrap: milliseconds modulo 2^30 (time.ticks_ms) and stanza counts modulo 2^32 (XEP-0198 §4)."""

from nocarrier.compat import const

TICKS_MASK = const(0x3FFFFFFF)
_TICKS_HALF = const(0x20000000)
COUNT_MASK = 0xFFFFFFFF
_COUNT_HALF = 0x80000000


def ticks_add(now_ms: int, delta_ms: int) -> int:
    """The tick `delta_ms` after now_ms; the core keeps no delta beyond 2^29."""
    return (now_ms + delta_ms) & TICKS_MASK


def ticks_diff(later_ms: int, earlier_ms: int) -> int:
    """later - earlier, between -2^29 and 2^29 - 1."""
    return ((later_ms - earlier_ms + _TICKS_HALF) & TICKS_MASK) - _TICKS_HALF


def count_add(count: int, delta: int) -> int:
    """A stanza count moved on by delta."""
    return (count + delta) & COUNT_MASK


def count_diff(later: int, earlier: int) -> int:
    """later - earlier, between -2^31 and 2^31 - 1: negative means that `later` is behind."""
    return ((later - earlier + _COUNT_HALF) & COUNT_MASK) - _COUNT_HALF
