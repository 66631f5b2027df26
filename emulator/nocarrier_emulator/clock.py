"""Time: one event queue, played as fast as possible or at a multiple of real time.

Everything in the emulator asks a Clock what time it is and to be called later. VirtualClock jumps from alarm to alarm,
so an hour of 2400 bit/s passes in a moment and the same seed gives the same run. ScaledClock hangs the same alarms on
an asyncio loop, for people, processes and real servers.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable

Action = Callable[[], None]
_FEW = 1000


class Alarm:
    """A call that is still to come; cancel() makes it not come."""

    def __init__(self, due_ms: float, action: Action, on_cancel: Action | None = None) -> None:
        self.due_ms = due_ms
        self.action: Action | None = action
        self._on_cancel = on_cancel

    def cancel(self) -> None:
        if self.action is not None and self._on_cancel is not None:
            self._on_cancel()
        self.action = None


class Clock:
    """now_ms() counts from 0; utc_s() is a wall clock that began at epoch_s."""

    epoch_s = 999_700_000  # September 2001

    def now_ms(self) -> float:
        raise NotImplementedError

    def call_later(self, delay_ms: float, action: Action) -> Alarm:
        """Calls action() after delay_ms."""
        raise NotImplementedError

    def ticks_ms(self) -> int:
        """now_ms as devices count it: modulo 2^30."""
        return int(self.now_ms()) & 0x3FFFFFFF

    def utc_s(self) -> int:
        return self.epoch_s + int(self.now_ms() / 1000)


class VirtualClock(Clock):
    """Moves only when run() is called, from alarm to alarm; those of one time come in the order of their making."""

    def __init__(self) -> None:
        self._now_ms = 0.0
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._cancelled = 0  # of the alarms

    def now_ms(self) -> float:
        return self._now_ms

    def call_later(self, delay_ms: float, action: Action) -> Alarm:
        alarm = Alarm(self._now_ms + max(0.0, delay_ms), action, self._on_cancel)
        heapq.heappush(self._alarms, (alarm.due_ms, next(self._order), alarm))
        return alarm

    def _on_cancel(self) -> None:
        """Most alarms are deadlines, which are put off again and again: those that will not come must not pile up."""
        self._cancelled += 1
        if self._cancelled > _FEW and self._cancelled > len(self._alarms) // 2:
            self._alarms = [row for row in self._alarms if row[2].action is not None]
            heapq.heapify(self._alarms)
            self._cancelled = 0

    def run(self, for_ms: float, until: Callable[[], bool] | None = None) -> bool:
        """Plays for_ms, or less if until() becomes true after an alarm. Returns whether it did."""
        end_ms = self._now_ms + for_ms
        while self._alarms and self._alarms[0][0] <= end_ms:
            due_ms, _, alarm = heapq.heappop(self._alarms)
            action = alarm.action
            if action is None:
                self._cancelled = max(0, self._cancelled - 1)
                continue
            self._now_ms = due_ms
            alarm.action = None
            action()
            if until is not None and until():
                return True
        self._now_ms = end_ms
        return until is not None and until()


class ScaledClock(Clock):
    """Real time, `speed` times as fast, on the running asyncio loop."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._loop = asyncio.get_running_loop()
        self._start_s = self._loop.time()

    def now_ms(self) -> float:
        return (self._loop.time() - self._start_s) * 1000 * self.speed

    def call_later(self, delay_ms: float, action: Action) -> Alarm:
        alarm = Alarm(self.now_ms() + delay_ms, action)
        self._loop.call_later(max(0.0, delay_ms) / 1000 / self.speed, self._fire, alarm)
        return alarm

    @staticmethod
    def _fire(alarm: Alarm) -> None:
        action, alarm.action = alarm.action, None
        if action is not None:
            action()
