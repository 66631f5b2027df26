"""What modules for GSM and LTE differ in, as tables, where they keep connections and hand over data in portions.

In commands and lines {n} stands for the connection's number. Of a line that begins with its words the rest is looked at
where that says more; the tables say which field it is.
"""

from nocarrier.compat import const
from nocarrier_ports.links.dialprofile import (
    GSM_INIT,
    GSM_NETWORK,
    GSM_WAKES,
    LTE_NETWORK,
    MUST,
    QUECTEL_TRIES,
    QUECTEL_UP,
    SIM800_DOWN,
    SIM800_UP,
    SIM7600_APN,
    SIM7600_UP,
    SIMCOM_TRIES,
    TRY,
    DialProfile,
)

try:
    from typing import Any
except ImportError:
    pass

_PORTIONS = (("+CIPMODE=0", 3_000, MUST, ""),)
_RECEIVE_LATER = (("+CIPRXGET=1", 3_000, MUST, ""),)
_SIM800_STEPS = GSM_NETWORK + SIM800_DOWN + _PORTIONS + (("+CIPMUX=1", 3_000, MUST, ""),) + _RECEIVE_LATER + SIM800_UP
_SIM7600_STEPS = LTE_NETWORK + (("+NETCLOSE", 10_000, TRY, ""),) + SIM7600_APN + _PORTIONS + SIM7600_UP + _RECEIVE_LATER
_QUECTEL_STEPS = LTE_NETWORK + QUECTEL_UP

_SIM_PORTION_BYTES = const(1_024)


class SocketProfile:
    """bring_up: init strings and steps, as of a call. connections: how many the module keeps.

    open:       the command. opened: the line that says how it ended: words, then "0" if it stands; or two lines.
    refused:    lines that say that it does not stand.
    send:       the command; {size}. sent: the line that ends it well; sent_field: which field of it says how much the
                module has taken, None if it is all. full: the line of a module that has no room now.
    read:       the command; {size}. data: the line before the data; data_field: which field of it says how much.
    close:      the command.
    arrived, closed: lines that come unasked. lost: beginnings of those that end all connections.
    portion_bytes:   sent at once at most. connect_ms, send_ms: how long those may take.
    """

    def __init__(self, steps: "Any", connections: int, portion_bytes: int, connect_ms: int, **words: "Any") -> None:
        self.bring_up = DialProfile(
            GSM_INIT, answer_ms=10_000, steps=steps, wakes=GSM_WAKES, by_dtr=False, pin_tries=words["pin_tries"]
        )
        self.connections = connections
        self.portion_bytes = portion_bytes
        self.connect_ms = connect_ms
        self.send_ms = 60_000
        self.open: str = words["open"]
        self.opened: str = words["opened"]
        self.refused: "tuple[str, ...]" = words["refused"]
        self.send: str = words["send"]
        self.sent: str = words["sent"]
        self.sent_field: "Any" = words["sent_field"]
        self.full: str = words["full"]
        self.read: str = words["read"]
        self.data: str = words["data"]
        self.data_field: int = words["data_field"]
        self.close: str = words["close"]
        self.arrived: str = words["arrived"]
        self.closed: str = words["closed"]
        self.lost: "tuple[bytes, ...]" = words["lost"]


def words_of(words: str, number: int) -> bytes:
    """A line of the tables, for one connection."""
    return words.format(n=number).encode()


def says(line: bytes, words: str, number: int) -> bool:
    """True if the line begins with these words, for this connection and not for one whose number only begins so."""
    wanted = words_of(words, number)
    return line.startswith(wanted) and not (wanted[-1:].isdigit() and line[len(wanted) : len(wanted) + 1].isdigit())


def field_of(line: bytes, words: str, number: int, field: int) -> int:
    """A number behind the words; 0 if there is none."""
    fields = line[len(words_of(words, number)) :].split(b",")
    text = fields[field].strip() if field < len(fields) else b""
    return int(text) if text.isdigit() else 0


def sim800() -> SocketProfile:
    """SIMCom's modules for GSM: SIM800, SIM900."""
    return SocketProfile(
        _SIM800_STEPS,
        6,
        _SIM_PORTION_BYTES,
        160_000,
        open='+CIPSTART={n},"TCP","{host}","{port}"',
        opened="{n}, CONNECT OK",
        refused=("{n}, CONNECT FAIL", "{n}, ALREADY CONNECT"),
        send="+CIPSEND={n},{size}",
        sent="{n}, SEND OK",
        sent_field=None,
        full="{n}, SEND FAIL",
        read="+CIPRXGET=2,{n},{size}",
        data="+CIPRXGET: 2,{n},",
        data_field=0,
        close="+CIPCLOSE={n}",
        arrived="+CIPRXGET: 1,{n}",
        closed="{n}, CLOSED",
        lost=(b"+PDP: DEACT",),
        pin_tries=SIMCOM_TRIES,
    )


def sim7600() -> SocketProfile:
    """SIMCom's modules for LTE: SIM7500, SIM7600, A76xx."""
    return SocketProfile(
        _SIM7600_STEPS,
        10,
        _SIM_PORTION_BYTES,
        120_000,
        open='+CIPOPEN={n},"TCP","{host}",{port}',
        opened="+CIPOPEN: {n},0",
        refused=("+CIPOPEN: {n},",),
        send="+CIPSEND={n},{size}",
        sent="+CIPSEND: {n},",
        sent_field=1,
        full="",
        read="+CIPRXGET=2,{n},{size}",
        data="+CIPRXGET: 2,{n},",
        data_field=0,
        close="+CIPCLOSE={n}",
        arrived="+CIPRXGET: 1,{n}",
        closed="+IPCLOSE: {n},",
        lost=(b"+CIPEVENT:", b"+NETCLOSE:"),
        pin_tries=SIMCOM_TRIES,
    )


def quectel() -> SocketProfile:
    """Quectel's modules: BG95, BG96, EC2x."""
    return SocketProfile(
        _QUECTEL_STEPS,
        12,
        _SIM_PORTION_BYTES,
        150_000,
        open='+QIOPEN=1,{n},"TCP","{host}",{port},0,0',
        opened="+QIOPEN: {n},0",
        refused=("+QIOPEN: {n},",),
        send="+QISEND={n},{size}",
        sent="SEND OK",
        sent_field=None,
        full="SEND FAIL",
        read="+QIRD={n},{size}",
        data="+QIRD: ",
        data_field=0,
        close="+QICLOSE={n}",
        arrived='+QIURC: "recv",{n}',
        closed='+QIURC: "closed",{n}',
        lost=(b'+QIURC: "pdpdeact"',),
        pin_tries=QUECTEL_TRIES,
    )


PROFILES = {"sim800": sim800, "sim7600": sim7600, "quectel": quectel}
