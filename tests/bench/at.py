"""Twenty commands, one after the other: how long a modem takes for them, how long with our reader, and with a peer's.

The modem is the emulator's, on a pty, and thinks about each command for as long as modems do. The peer is pyatcommand's
AtClient. Wall clock, since waiting is what is measured; all three in one run.
"""

import os
import select
import time
from collections.abc import Callable
from typing import Any

from pyatcommand.client import AtClient
from served import Served

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.dte.pty import PtyPort
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook
from nocarrier_ports.links.at import AtPort, verdict
from nocarrier_ports.links.stream import StreamLink

_COMMANDS = ("", "I", "S0?", "S2?", "S7?", "S12?", "&C1", "&D2", "X4", "M0") * 2
_THINK_MS = 20.0


async def _modem() -> PtyPort:
    modem = Modem(ScaledClock(1), PhoneBook())
    modem.think_ms = _THINK_MS
    return PtyPort(modem)


class _Device:
    """An open terminal as StreamLink's stream."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def readinto(self, buf: Any) -> int | None:
        try:
            data = os.read(self.descriptor, len(buf))
        except BlockingIOError:
            return None
        buf[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        return os.write(self.descriptor, data)


def _ours(path: str) -> float:
    device = _Device(path)
    at = AtPort(StreamLink(device))
    at.open(0)

    def ask(command: str) -> None:
        at.send(command, 3_000, 0)
        while True:
            line = at.line()
            if line is None:
                select.select([device.descriptor], [], [], 3)
            elif verdict(line) is not None:
                assert verdict(line), (command, line)
                return

    ask("E0V1")
    seconds = _timed(ask)
    os.close(device.descriptor)
    return seconds


def _peers(path: str) -> float:
    client = AtClient()
    client.connect(port=path, baudrate=9600, retry_timeout=10, echo=False)

    def ask(command: str) -> None:
        answer = client.send_command("AT" + command, timeout=3)
        assert answer.ok, (command, answer)

    ask("")
    seconds = _timed(ask)
    client.disconnect()
    return seconds


def _timed(ask: Callable[[str], None]) -> float:
    begin_s = time.monotonic()
    for command in _COMMANDS:
        ask(command)
    return time.monotonic() - begin_s


def _with_modem(measure: Callable[[str], float]) -> float:
    with Served(_modem) as port:
        return measure(port.path)


def main() -> dict[str, Any]:
    """{"seconds": ours, "seconds_modem": what the modem thinks, "seconds_peer": pyatcommand's, "commands": 20}."""
    modem_s = len(_COMMANDS) * _THINK_MS / 1000
    ours_s = _with_modem(_ours)
    peer_s = _with_modem(_peers)
    print("the modem thinks for %.3f s; with us %.3f s, with pyatcommand %.3f s" % (modem_s, ours_s, peer_s))
    return {
        "seconds": round(ours_s, 3),
        "seconds_modem": round(modem_s, 3),
        "seconds_peer": round(peer_s, 3),
        "commands": len(_COMMANDS),
    }
