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

    def call_at(self, due_ms: float, action: Action) -> Alarm:
        """Calls action() at that time, or at once if it is over; of one time in the order in which they were asked."""
        raise NotImplementedError

    def call_later(self, delay_ms: float, action: Action) -> Alarm:
        """Calls action() after delay_ms."""
        return self.call_at(self.now_ms() + max(0.0, delay_ms), action)

    def ticks_ms(self) -> int:
        """now_ms as devices count it: modulo 2^30."""
        return int(self.now_ms()) & 0x3FFFFFFF

    def utc_s(self) -> int:
        return self.epoch_s + int(self.now_ms() / 1000)


class _Alarms:
    """A queue of alarms; of one time in the order of their making."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()
        self._cancelled = 0  # of the rows

    def add(self, due_ms: float, action: Action) -> Alarm:
        alarm = Alarm(due_ms, action, self._on_cancel)
        heapq.heappush(self.rows, (due_ms, next(self._order), alarm))
        return alarm

    def due(self, now_ms: float) -> Alarm | None:
        """The next that is due by then, taken out; it may have been cancelled."""
        if not self.rows or self.rows[0][0] > now_ms:
            return None
        alarm = heapq.heappop(self.rows)[2]
        if alarm.action is None:
            self._cancelled = max(0, self._cancelled - 1)
        return alarm

    def _on_cancel(self) -> None:
        """Most alarms are deadlines, which are put off again and again: those that will not come must not pile up."""
        self._cancelled += 1
        if self._cancelled > _FEW and self._cancelled > len(self.rows) // 2:
            self.rows[:] = [row for row in self.rows if row[2].action is not None]
            heapq.heapify(self.rows)
            self._cancelled = 0


class VirtualClock(Clock):
    """Moves only when run() is called, from alarm to alarm."""

    def __init__(self) -> None:
        self._now_ms = 0.0
        self._alarms = _Alarms()

    def now_ms(self) -> float:
        return self._now_ms

    def call_at(self, due_ms: float, action: Action) -> Alarm:
        return self._alarms.add(max(due_ms, self._now_ms), action)

    def run(self, for_ms: float, until: Callable[[], bool] | None = None) -> bool:
        """Plays for_ms, or less if until() becomes true after an alarm. Returns whether it did."""
        end_ms = self._now_ms + for_ms
        while alarm := self._alarms.due(end_ms):
            action = alarm.action
            if action is None:
                continue
            self._now_ms = alarm.due_ms
            alarm.action = None
            action()
            if until is not None and until():
                return True
        self._now_ms = end_ms
        return until is not None and until()


class ScaledClock(Clock):
    """Real time, `speed` times as fast, on the running asyncio loop.

    What an alarm raises goes to the loop's exception handler, and the others come all the same.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._loop = asyncio.get_running_loop()
        self._then_s = self._loop.time()  # when it had that speed first
        self._then_ms = 0.0
        self._alarms = _Alarms()
        self._timer: asyncio.TimerHandle | None = None  # for the first of them

    def now_ms(self) -> float:
        return self._then_ms + (self._loop.time() - self._then_s) * 1000 * self.speed

    def set_speed(self, speed: float) -> None:
        """From now on; alarms that are pending come at the times that they were made for."""
        self._then_ms, self._then_s = self.now_ms(), self._loop.time()
        self.speed = speed
        self._arm()

    def call_at(self, due_ms: float, action: Action) -> Alarm:
        alarm = self._alarms.add(due_ms, action)
        if self._alarms.rows[0][2] is alarm:
            self._arm()
        return alarm

    async def sleep(self, for_ms: float) -> None:
        """Until so much of this clock's time has passed."""
        over = asyncio.Event()
        alarm = self.call_later(for_ms, over.set)
        try:
            await over.wait()
        finally:
            alarm.cancel()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._alarms.rows:
            at_s = self._then_s + (self._alarms.rows[0][0] - self._then_ms) / 1000 / self.speed
            self._timer = self._loop.call_at(at_s, self._fire)

    def _fire(self) -> None:
        """All that are due. Those that they make come in a later turn of the loop, which has other things to do."""
        self._timer = None
        now_ms = self.now_ms()
        while alarm := self._alarms.due(now_ms):
            self._loop.call_soon(self._call, alarm)
        self._arm()

    @staticmethod
    def _call(alarm: Alarm) -> None:
        action, alarm.action = alarm.action, None
        if action is not None:
            action()
