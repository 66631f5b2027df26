"""The board's clock, in seconds since 1970."""

import time

try:
    from typing import Any
except ImportError:
    pass

_EPOCH_S = 0 if time.gmtime(0)[0] == 1970 else 946_684_800  # some ports count from 2000
EARLIEST_S = 1_767_225_600  # 2026: a clock before that was never set


def utc_s() -> int:
    """0 while the clock is not set."""
    now_s = int(time.time()) + _EPOCH_S
    return now_s if now_s >= EARLIEST_S else 0


def set_utc(utc_s: int) -> None:
    """Sets it, on boards that have one of MicroPython's."""
    import machine

    rtc: "Any" = machine.RTC()
    year, month, day, hour, minute, second, weekday = time.gmtime(utc_s - _EPOCH_S)[:7]
    rtc.datetime((year, month, day, weekday, hour, minute, second, 0))
