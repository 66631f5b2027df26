"""What modems differ in, as tables: how they are brought up, dial, fail, hang up, and say that the call is lost.

The commands of modules for GSM and LTE are those of their vendors' manuals, in transparent mode: behind CONNECT the
module is a wire to a TCP address, as a Hayes modem is one to a telephone number. In commands {apn}, {user}, {password}
and {pin} stand for the owner's settings, {host} and {port} for the two halves of the number.
"""

from nocarrier.compat import const
from nocarrier_ports.links.link import Blacklisted, Busy, NetError, NoAnswer, NoCarrier, NoDialtone

try:
    from typing import Any
except ImportError:
    pass

# What kind of step a command is (bringup.py).
TRY = const(0)  # whatever the modem says, the next one follows
MUST = const(1)  # OK, or there will be no call
SIM = const(2)  # +CPIN?: the card, and its PIN
SIGNAL = const(3)  # +CSQ
NETWORK = const(4)  # +CREG? and its sisters, "|" between them, until one says that we are registered
REPORT = const(5)  # OK only begins it; it ends with a line of its own, wanted: those that are good, that begin bad ones
ADDRESS = const(6)  # ends with an IP address instead of OK

# (command, how long it may take, kind, what is wanted): of ADDRESS and REPORT the lines, else the setting without which
# the step is left out, or "".
START = (
    ("+CPIN?", 5_000, SIM, ""),
    ("+CSQ", 2_000, SIGNAL, ""),
)
GSM_NETWORK = START + (("+CREG?|+CGREG?", 2_000, NETWORK, ""),)
LTE_NETWORK = START + (("+CEREG?|+CGREG?", 2_000, NETWORK, ""),)
# The data services, without what differs between a transparent connection and portions.
SIM800_DOWN = (("+CGATT=1", 75_000, MUST, ""), ("+CIPSHUT", 65_000, TRY, ""))
SIM800_UP = (
    ('+CSTT="{apn}","{user}","{password}"', 3_000, MUST, ""),
    ("+CIICR", 85_000, MUST, ""),
    ("+CIFSR", 5_000, ADDRESS, ""),
)
SIM7600_APN = (
    ('+CGDCONT=1,"IP","{apn}"', 9_000, MUST, "apn"),
    ('+CGAUTH=1,1,"{password}","{user}"', 9_000, MUST, "user"),
)
# Opened, or open already; or how it failed.
SIM7600_UP = (
    (
        "+NETOPEN",
        75_000,
        REPORT,
        (b"+NETOPEN: 0", b"+NETOPEN: 1", b"+IP ERROR: Network is already opened", b"+NETOPEN:"),
    ),
)
QUECTEL_UP = (
    ("+QIDEACT=1", 40_000, TRY, ""),
    ('+QICSGP=1,1,"{apn}"', 3_000, MUST, "apn"),
    ('+QICSGP=1,1,"{apn}","{user}","{password}",1', 3_000, MUST, "user"),
    ("+QIACT=1", 150_000, MUST, ""),
)
_TRANSPARENT = (("+CIPMODE=1", 3_000, MUST, ""),)
_SIM800_STEPS = GSM_NETWORK + SIM800_DOWN + _TRANSPARENT + SIM800_UP
_SIM7600_STEPS = LTE_NETWORK + (("+CIPCLOSE=0", 10_000, TRY, ""),) + SIM7600_APN + _TRANSPARENT + SIM7600_UP
_QUECTEL_STEPS = LTE_NETWORK + (("+QICLOSE=0", 10_000, TRY, ""),) + QUECTEL_UP

# How a dial command fails: words, where ":" at the end stands for all that begins so, in words and, for modems that
# cannot be talked out of it, digits (V.250 §6.3).
_HAYES_FAILURES: "tuple[tuple[tuple[bytes, ...], type[Any]], ...]" = (
    ((b"NO CARRIER", b"VOICE", b"ERROR", b"3", b"4"), NoCarrier),
    ((b"BUSY", b"7"), Busy),
    ((b"NO ANSWER", b"8"), NoAnswer),
    ((b"NO DIALTONE", b"NO DIAL TONE", b"6"), NoDialtone),
    ((b"BLACKLISTED", b"BLACKLIST FULL", b"DELAYED"), Blacklisted),
)
_DATA_FAILURES: "tuple[tuple[tuple[bytes, ...], type[Any]], ...]" = (
    (
        (
            b"ERROR",
            b"NO CARRIER",
            b"CONNECT FAIL",
            b"CONNECT OK",  # not transparent
            b"ALREADY CONNECT",
            b"CLOSED",
            b"+PDP: DEACT",
            b"+CME ERROR:",
            b"+CIPOPEN:",
            b"+QIOPEN:",
        ),
        NetError,
    ),
)
_HAYES_INIT = ("E0Q0V1", "X4", "&C1", "&D2", "S0=0")
GSM_INIT = ("E0Q0V1", "+CMEE=1")
SIMCOM_TRIES = "+SPIC"  # how many wrong PINs the card still takes
QUECTEL_TRIES = '+QPINC="SC"'
GSM_WAKES = const(3)  # modules that find out the rate by themselves swallow the first commands


class DialProfile:
    """What a modem and its line need; all commands without "AT".

    init:       sent one by one, so that an ERROR costs no more than that one. wakes: how often the first is sent before
                the modem counts as silent.
    steps:      what comes then, and cannot be left out. register_ms: how long a network may be looked for.
    dial:       with {number}, or with {host} and {port}. failures: how that fails. connect_ms: how long it may take
                (for a telephone: more than the modem's S7).
    hang_up:    what ends a call when the modem is in command state.
    lost:       what the modem says when the call has ended by itself.
    guard_ms:   silence around the escape sequence (S12). answer_ms: how long a command of init or hang_up may take.
    pin_tries:  asks how many wrong PINs the card still takes, the first number of the answer; "": that cannot be asked.
    by_dtr:     dropping DTR ends a call, where that line is wired.
    """

    def __init__(
        self,
        init: "tuple[str, ...]" = _HAYES_INIT,
        guard_ms: int = 1_100,
        answer_ms: int = 3_000,
        connect_ms: int = 75_000,
        steps: "tuple[tuple[str, int, int, Any], ...]" = (),
        dial: str = "DT{number}",
        failures: "tuple[tuple[tuple[bytes, ...], type[Any]], ...]" = _HAYES_FAILURES,
        hang_up: "tuple[str, ...]" = ("H",),
        lost: "tuple[bytes, ...]" = (b"NO CARRIER",),
        wakes: int = 1,
        register_ms: int = 90_000,
        by_dtr: bool = True,
        pin_tries: str = "",
    ) -> None:
        self.init = init
        self.guard_ms = guard_ms
        self.answer_ms = answer_ms
        self.connect_ms = connect_ms
        self.steps = steps
        self.dial = dial
        self.failures = failures
        self.hang_up = hang_up
        self.lost = lost
        self.wakes = wakes
        self.register_ms = register_ms
        self.by_dtr = by_dtr
        self.pin_tries = pin_tries


def hayes(init: "tuple[str, ...]" = ()) -> DialProfile:
    """A telephone modem (V.250)."""
    return DialProfile(init or _HAYES_INIT)


def sim800(init: "tuple[str, ...]" = ()) -> DialProfile:
    """SIMCom's modules for GSM: SIM800, SIM900."""
    dial = '+CIPSTART="TCP","{host}","{port}"'
    close = ("+CIPCLOSE=1", "+CIPSHUT")
    return _data(init, 160_000, _SIM800_STEPS, dial, close, (b"CLOSED", b"+PDP: DEACT"), SIMCOM_TRIES)


def sim7600(init: "tuple[str, ...]" = ()) -> DialProfile:
    """SIMCom's modules for LTE: SIM7500, SIM7600, A76xx."""
    lost = (b"CLOSED", b"+IPCLOSE:", b"+CIPEVENT:")
    return _data(
        init, 120_000, _SIM7600_STEPS, '+CIPOPEN=0,"TCP","{host}",{port}', ("+CIPCLOSE=0",), lost, SIMCOM_TRIES
    )


def quectel(init: "tuple[str, ...]" = ()) -> DialProfile:
    """Quectel's modules: BG95, BG96, EC2x."""
    lost = (b"NO CARRIER", b"+QIURC:")
    return _data(
        init, 151_000, _QUECTEL_STEPS, '+QIOPEN=1,0,"TCP","{host}",{port},0,2', ("+QICLOSE=0",), lost, QUECTEL_TRIES
    )


def _data(init: Any, connect_ms: int, steps: Any, dial: str, hang_up: Any, lost: Any, pin_tries: str) -> DialProfile:
    return DialProfile(
        init or GSM_INIT,
        1_100,
        10_000,
        connect_ms,
        steps,
        dial,
        _DATA_FAILURES,
        hang_up,
        lost,
        GSM_WAKES,
        by_dtr=False,
        pin_tries=pin_tries,
    )


PROFILES = {"hayes": hayes, "sim800": sim800, "sim7600": sim7600, "quectel": quectel}
