"""Brings a modem up, step by step (dialprofile.py): init strings, the SIM card, the network, its data service.

One step's command is sent, and lines are taken until it is through; then comes the next. A step that fails raises what
the user must know; the call is then tried again from the first step on, when the error's advice says so.
"""

from nocarrier.compat import const
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.links.at import text_of, verdict
from nocarrier_ports.links.dialprofile import ADDRESS, NETWORK, REPORT, SIGNAL, SIM, TRY
from nocarrier_ports.links.link import NetError, SimError, Timeout

try:
    from typing import Any, Callable, Optional

    from nocarrier_ports.links.at import AtPort
    from nocarrier_ports.links.dialprofile import DialProfile
except ImportError:
    pass

# What a line means to the step.
_WAIT = const(0)
_NEXT = const(1)
_AGAIN = const(2)  # ask the same once more, after a rest

_AGAIN_MS = const(2_000)
_DENIED_RETRY_MS = const(600_000)  # the network has refused the card, and does not change its mind soon
_NO_NETWORK_RETRY_MS = const(60_000)
_REGISTERED = (b"1", b"5")  # at home, abroad (3GPP TS 27.007 §7.2)
_DENIED = b"3"
_UNKNOWN_CSQ = const(99)
_WEAKEST_DBM = const(-113)  # +CSQ: 0; every step is two decibels (§8.5)

_READY = b"+CPIN: READY"
_WANTS_PIN = (b"+CPIN: SIM PIN", b"+CME ERROR: 11")
_SIM_BUSY = (b"+CME ERROR: 14", b"+CPIN: NOT READY", b"+CPIN: SIM BUSY")
# What else a card can say, in words (§8.3) or as an error (§9.2.1), and what the user is told.
_SIM_FAULTS = (
    (b"+CPIN: SIM PUK", "wants its PUK"),
    (b"+CPIN: NOT INSERTED", "is not there"),
    (b"+CME ERROR: 10", "is not there"),
    (b"+CME ERROR: 12", "wants its PUK"),
    (b"+CME ERROR: 13", "failed"),
    (b"+CME ERROR: 15", "is of the wrong kind"),
    (b"+CME ERROR: 16", "refuses the PIN"),
)
_REFUSES = "refuses the PIN"
# A module that says one of these after its first answer has just started anew, or is about to end.
RESTARTS = (b"RDY", b"START", b"POWERED DOWN", b"NORMAL POWER DOWN", b"UNDER-VOLTAGE POWER DOWN")


class Access:
    """What a network wants to know. pin: of the SIM card; apn, user, password: of the data service."""

    def __init__(self, apn: str = "", user: str = "", password: str = "", pin: str = "") -> None:
        self.apn = apn
        self.user = user
        self.password = password
        self.pin = pin


class BringUp:
    """signal_dbm: how strong the network was; None where the modem does not tell."""

    def __init__(self, at: "AtPort", profile: "DialProfile", access: Access) -> None:
        self.signal_dbm: "Optional[int]" = None
        self._at = at
        self._profile = profile
        self._access = access
        self._pin_used = False  # and the card has not been seen open since: a third wrong one would lock it
        self._reset()

    def _reset(self) -> None:
        self._step = -1
        self._asked = 0  # how often in this step
        self._heard = False  # the modem has answered something
        self._resting = self._entering = self._counting = self._denied = False
        self._tries: "Optional[int]" = None  # that the card has left, where the module tells
        self._said: "Optional[bytes]" = None  # what the step is about, before its final result
        self._ended: "Optional[bool]" = None
        self._until_ms = 0

    def start(self, now_ms: int) -> bool:
        """Sends the first command; True if there is none."""
        self._reset()
        return self._next(now_ms)

    def silent(self) -> bool:
        """True as long as the modem has not answered anything."""
        return not self._heard

    def line(self, line: bytes, now_ms: int) -> bool:
        """Takes a line; True if all steps are through. Raises SimError, NetError."""
        if line in RESTARTS and self._heard:
            raise NetError("modem has restarted")
        ended = verdict(line)
        if ended is not None:
            self._heard = True
            if self._resting:
                return False  # nothing was asked
        meaning = _JUDGES[self._row()[2]](self, line, ended, now_ms)
        if meaning == _AGAIN:
            self._resting = True
            self._at.due_ms = ticks_add(now_ms, _AGAIN_MS)
        return meaning == _NEXT and self._next(now_ms)

    def overdue(self, now_ms: int) -> bool:
        """The step's time is over; True if all steps are through. Raises Timeout, NetError, SimError."""
        kind = self._row()[2]
        if self._resting:
            self._resting = False
            if ticks_diff(now_ms, self._until_ms) >= 0:
                if kind == SIM:
                    said = self._said or b""
                    raise SimError("is busy" if said in _SIM_BUSY else text_of(said))
                if self._denied:
                    raise NetError("registration denied", _DENIED_RETRY_MS)
                raise NetError("no network", _NO_NETWORK_RETRY_MS)
            self._ask(now_ms)
            return False
        if not self._heard:
            if self._asked >= self._profile.wakes:
                raise Timeout()
            self._ask(now_ms)
            return False
        if self._counting:  # this module cannot tell
            self._counting = False
            self._enter_pin(now_ms)
            return False
        if kind in (TRY, SIGNAL):
            return self._next(now_ms)
        raise Timeout(self._name())

    # -- steps ------------------------------------------------------------------------------------------------------

    def _row(self) -> "tuple[str, int, int, Any]":
        init = self._profile.init
        if self._step < len(init):
            return init[self._step], self._profile.answer_ms, TRY, ""
        return self._profile.steps[self._step - len(init)]

    def _name(self) -> str:
        """The command without its arguments, which may be secret."""
        return self._row()[0].split("=")[0]

    def _next(self, now_ms: int) -> bool:
        self._said = self._ended = None
        self._asked = 0
        self._until_ms = ticks_add(now_ms, self._profile.register_ms)
        while True:
            self._step += 1
            if self._step == len(self._profile.init) + len(self._profile.steps):
                return True
            kind, wanted = self._row()[2:]
            if kind in (REPORT, ADDRESS) or not wanted or getattr(self._access, wanted):
                self._ask(now_ms)
                return False

    def _ask(self, now_ms: int) -> None:
        command, wait_ms, kind, _ = self._row()
        if kind == NETWORK:
            sisters = command.split("|")
            command = sisters[self._asked % len(sisters)]
        elif "{" in command:
            access = self._access
            command = command.format(apn=access.apn, user=access.user, password=access.password)
        self._asked += 1
        self._said = self._ended = None
        self._at.send(command, wait_ms, now_ms)

    def _failed(self, line: bytes) -> NetError:
        return NetError("%s: %s" % (self._name(), text_of(line)))

    # -- what a line means to each kind of step ---------------------------------------------------------------------

    def _try(self, line: bytes, ended: "Optional[bool]", now_ms: int) -> int:
        return _WAIT if ended is None else _NEXT

    def _must(self, line: bytes, ended: "Optional[bool]", now_ms: int) -> int:
        if ended is False:
            raise self._failed(line)
        return _NEXT if ended else _WAIT

    def _sim(self, line: bytes, ended: "Optional[bool]", now_ms: int) -> int:
        if line.startswith(b"+CPIN:"):
            self._said = line
        elif self._counting and line.startswith(self._profile.pin_tries.split("=")[0].encode()):
            self._tries = _first_number(line)
        if ended is None:
            return _WAIT
        said = line if self._said is None else self._said
        if self._counting:
            self._counting = False
            self._enter_pin(now_ms)
            return _WAIT
        if self._entering:  # this is the answer to the PIN itself
            self._entering = False
            if ended or said in _SIM_BUSY:
                return _AGAIN
            raise SimError(_REFUSES)
        if said == _READY:
            self._pin_used = False
            return _NEXT
        if said in _WANTS_PIN:
            self._count_tries(now_ms)
            return _WAIT
        for word, text in _SIM_FAULTS:
            if said == word:
                raise SimError(text)
        self._said = said
        return _AGAIN  # busy, or a word that nobody knows: noise may have changed it

    def _count_tries(self, now_ms: int) -> None:
        """Before the PIN is sent the module is asked how often it may be wrong, where it can tell."""
        if self._pin_used:
            raise SimError(_REFUSES)
        if not self._access.pin:
            raise SimError("wants its PIN")
        if self._profile.pin_tries:
            self._counting = True
            self._said = None
            self._at.send(self._profile.pin_tries, self._profile.answer_ms, now_ms)
        else:
            self._enter_pin(now_ms)

    def _enter_pin(self, now_ms: int) -> None:
        if self._tries is not None and self._tries < 2:
            raise SimError("has one try left: use a phone")
        self._entering = self._pin_used = True
        self._said = None
        self._at.send('+CPIN="%s"' % self._access.pin, self._profile.answer_ms, now_ms)

    def take_signal(self, line: bytes) -> None:
        """Of +CSQ: how strong the network is."""
        if line.startswith(b"+CSQ:"):
            level = line[5:].split(b",")[0].strip()
            known = level.isdigit() and int(level) != _UNKNOWN_CSQ
            self.signal_dbm = _WEAKEST_DBM + 2 * int(level) if known else None

    def _signal(self, line: bytes, ended: "Optional[bool]", now_ms: int) -> int:
        self.take_signal(line)
        return _WAIT if ended is None else _NEXT

    def _network(self, line: bytes, ended: "Optional[bool]", now_ms: int) -> int:
        if line.startswith(b"+C") and b"REG:" in line:
            fields = line.split(b":")[1].split(b",")
            # Asked, it says first how much it reports unasked; unasked it does not.
            status = fields[1].strip() if len(fields) > 1 and fields[1].strip().isdigit() else fields[0].strip()
            self._denied = status == _DENIED
            if status in _REGISTERED:
                self._said = line
        if self._said is not None and (ended is not None or self._resting):
            self._resting = False
            return _NEXT
        return _WAIT if ended is None else _AGAIN

    def _report(self, line: bytes, ended: "Optional[bool]", now_ms: int) -> int:
        wanted = self._row()[3]
        if ended is not None:
            self._ended = ended
        if line in wanted[:-1]:
            self._said = line
        elif line.startswith(wanted[-1]):
            raise self._failed(line)
        if self._said is None and self._ended is False:
            raise self._failed(line)
        return _WAIT if self._said is None or self._ended is None else _NEXT

    def _address(self, line: bytes, ended: "Optional[bool]", now_ms: int) -> int:
        if ended is False:
            raise self._failed(line)
        return _NEXT if ended or (b"." in line and line[:1].isdigit()) else _WAIT


def _first_number(line: bytes) -> "Optional[int]":
    for field in line.split(b":")[-1].split(b","):
        if field.strip().isdigit():
            return int(field)
    return None


# In the order of dialprofile's constants.
_JUDGES: "tuple[Callable[[BringUp, bytes, Optional[bool], int], int], ...]" = (
    BringUp._try,
    BringUp._must,
    BringUp._sim,
    BringUp._signal,
    BringUp._network,
    BringUp._report,
    BringUp._address,
)
