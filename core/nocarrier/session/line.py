"""What the line can do, and when it must be given up for dead."""

from nocarrier.compat import const
from nocarrier.errors import UsageError
from nocarrier.modular import ticks_add, ticks_diff

_AHEAD_MS = const(1000)
_MOST_DOUBLED = const(12)
_PATIENCE_MS = const(60_000)  # up to which more silence is borne after a verdict that may have come too soon
_CROSSED_MS = const(20)  # too short to make a difference: as good as crossed
_LEAST_IDLE_MS = const(60_000)  # whatever a server says, it is not asked more often
_PACKET_BYTES = const(576)  # which comes as a whole, or not yet
_THINKING_MS = const(1000)  # what a server may take for an answer, though it mostly does not
_LONGEST_MS = const(0x0FFFFFFF)  # three days; half of what the wrapping clock can tell apart

try:
    from typing import Optional
except ImportError:
    pass


class LineProfile:
    """The line as the user knows it.

    rate_bps:   bits per second, ten of them a byte.
    latency_ms: one way.
    stall_ms:   the longest silence that a healthy line shows (retrain, cell change).
    idle_ms:    silence after which the server is asked whether it is still there.
    trusted:    the user's word that nobody listens: only then may a password cross it in clear.
    """

    def __init__(
        self,
        rate_bps: int = 2400,
        latency_ms: int = 300,
        stall_ms: int = 15_000,
        trusted: bool = False,
        idle_ms: int = 900_000,
    ) -> None:
        if rate_bps < 20 or latency_ms < 0 or not 1 <= stall_ms <= _LONGEST_MS or not 1 <= idle_ms <= _LONGEST_MS:
            raise UsageError("a line has a rate of 20 bit/s or more, and allowances for stalls and idleness")
        self.rate_bps = rate_bps
        self.latency_ms = latency_ms
        self.stall_ms = stall_ms
        self.trusted = trusted
        self.idle_ms = idle_ms

    def transfer_ms(self, size_bytes: int) -> int:
        """How long so many bytes take."""
        return size_bytes * 10_000 // self.rate_bps


class Liveness:
    """Declares the line dead when an answer is due and nothing at all has come for long enough.

    Long enough is three times what the answer should take: the round trip as it was measured, smoothed, with four times
    its deviation (RFC 6298 §2), and the time that what is in flight takes to cross the line; or else the line's own
    stalls. So no time-out is shorter than the transfer, and every byte received begins the wait anew. When an answer
    does not begin in time a probe is asked for once: white space that makes a server look again at a token which it
    holds incomplete.
    """

    def __init__(self, line: LineProfile) -> None:
        self._line = line
        self._idle_ms = line.idle_ms
        self._due = False
        self._probed = False
        self._begun = False  # something was heard since the answer is due
        self._since_ms = 0  # from when on silence counts
        self._flight_ms = 0  # how long what was in flight then takes to cross the line
        self._asking = False  # the request is not handed out yet
        self._asked_ms = 0  # when the request has crossed the line
        self._clear_ms = 0  # when all that was handed out has crossed the line
        self._heard_ms = 0
        # As if one round trip had been measured: that of the profile.
        self._trip_ms = 2 * line.latency_ms
        self._deviation_ms = line.latency_ms
        self._doubled = 0  # how often what is borne was doubled

    def limit_idle(self, idle_s: int) -> None:
        """The server hangs up after so long a silence: it is asked when three quarters of that have passed.

        Not more often than every _LEAST_IDLE_MS, whatever it says; until reset().
        """
        self._idle_ms = min(self._idle_ms, max(_LEAST_IDLE_MS, min(idle_s, _LONGEST_MS // 1000) * 750))

    def reset(self, now_ms: int) -> None:
        """A new connection: nothing is due, nothing on its way. What was measured stays."""
        self._due = self._asking = False
        self._idle_ms = self._line.idle_ms
        self._clear_ms = self._heard_ms = now_ms

    def passed(self, now_ms: int) -> None:
        """Time has passed. What is long past is moved on, or it would seem to be to come when the clock has wrapped."""
        if ticks_diff(now_ms, self._clear_ms) > _AHEAD_MS:
            self._clear_ms = ticks_add(now_ms, -_AHEAD_MS)

    def idle(self, now_ms: int) -> bool:
        """True if nothing was heard for so long that it is time to ask."""
        return not self._due and ticks_diff(now_ms, self._heard_ms) >= self._idle_ms

    def idle_at_ms(self) -> int:
        """When idle() becomes true, if nothing happens."""
        return ticks_add(self._heard_ms, self._idle_ms)

    def sent(self, size_bytes: int, now_ms: int) -> None:
        """So many bytes were handed to the link."""
        if size_bytes == 0:
            return
        begin = self._clear_ms if ticks_diff(self._clear_ms, now_ms) > 0 else now_ms
        self._clear_ms = ticks_add(begin, self._line.transfer_ms(size_bytes))
        if self._asking:  # what follows, and the probe above all, is no reason to wait longer
            self._asking = False
            self._asked_ms = self._clear_ms
            self._flight_ms = max(0, ticks_diff(self._clear_ms, self._since_ms))

    def budget_bytes(self, now_ms: int) -> int:
        """How much may be handed out now, so that no more than a second's worth is ahead of what comes next.

        Half a second's worth at least, or none: TLS wraps every portion into 22 bytes of its own.
        """
        ahead_ms = max(0, ticks_diff(self._clear_ms, now_ms))
        return 0 if ahead_ms > _AHEAD_MS // 2 else (_AHEAD_MS - ahead_ms) * self._line.rate_bps // 10_000

    def budget_ms(self) -> int:
        """When half of the budget is free again."""
        return ticks_add(self._clear_ms, -_AHEAD_MS // 2)

    def crossing(self, now_ms: int) -> bool:
        """True if what was handed out is still crossing the line, and will be for some time."""
        return ticks_diff(self._clear_ms, now_ms) > _CROSSED_MS

    def crossed_ms(self) -> int:
        """When crossing() ends."""
        return ticks_add(self._clear_ms, -_CROSSED_MS)

    def received(self, now_ms: int) -> None:
        """Anything was received."""
        self._heard_ms = now_ms
        self._probed = False
        self._begun = True
        self._count_from(now_ms)

    def expect(self, now_ms: int) -> None:
        """An answer is due from now on, to what is handed out next."""
        if not self._due:
            self._due = self._asking = True
            self._probed = self._begun = False
            self._count_from(now_ms)

    def waits(self) -> bool:
        """True if an answer is due."""
        return self._due

    def answered(self) -> None:
        """Nothing is due any more."""
        self._due = self._asking = False

    def acknowledged(self, now_ms: int) -> None:
        """A request for an acknowledgement was answered: that is a round trip measured (RFC 6298 §2.3)."""
        if self._due and not self._asking:
            trip_ms = min(max(0, ticks_diff(now_ms, self._asked_ms)), _LONGEST_MS)
            self._deviation_ms += (abs(trip_ms - self._trip_ms) - self._deviation_ms) // 4
            self._trip_ms += (trip_ms - self._trip_ms) // 8
            self._doubled = 0
        self.answered()

    def allowance_ms(self) -> int:
        """Silence that is borne."""
        least_ms = max(3 * self._answer_ms(), self._line.stall_ms)
        patient_ms = min(least_ms << self._doubled, _PATIENCE_MS)
        return min(max(least_ms, patient_ms), _LONGEST_MS)

    def deadline_ms(self) -> "Optional[int]":
        """When the next thing is to be decided, or None."""
        if not self._due:
            return None
        return ticks_add(self._since_ms, self.allowance_ms() if self._probed else self._probe_ms())

    def wants_probe(self, now_ms: int) -> bool:
        """True once, when an answer is late."""
        if not self._due or self._probed or ticks_diff(now_ms, self._since_ms) < self._probe_ms():
            return False
        self._probed = True
        return True

    def dead(self, now_ms: int) -> bool:
        """True when the verdict is reached."""
        return self._due and self._probed and ticks_diff(now_ms, self._since_ms) >= self.allowance_ms()

    def give_up(self) -> int:
        """The line is given up. Returns how much silence was borne.

        From now on it is twice as much, up to _PATIENCE_MS, until a round trip is measured again (RFC 6298 §2.5, §5.5):
        the verdict may have come too soon, if the server takes longer for a login, or for looking something up in an
        archive of years, than for an acknowledgement.
        """
        borne_ms = self.allowance_ms()
        self._doubled = min(self._doubled + 1, _MOST_DOUBLED)
        return borne_ms

    def _answer_ms(self) -> int:
        """How long an answer takes, as far as is known of line and server."""
        return self._trip_ms + 4 * self._deviation_ms + self._flight_ms

    def _probe_ms(self) -> int:
        """When an answer is late: if it has not begun, with a packet of it more than usual; else half-way."""
        late_ms = max(self._answer_ms(), _THINKING_MS) + self._line.transfer_ms(_PACKET_BYTES)
        half_ms = self.allowance_ms() // 2
        return half_ms if self._begun else min(late_ms, half_ms)

    def _count_from(self, now_ms: int) -> None:
        self._since_ms = now_ms
        self._flight_ms = max(0, ticks_diff(self._clear_ms, now_ms))
