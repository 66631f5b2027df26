"""What a login costs over a 2400-baud modem with 300 ms one way: bytes, round trips, seconds; and a resumption.

Bytes and turns are counted on the line; seconds are the line's, from CONNECT to online.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any

from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import Clock, ScaledClock, VirtualClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service, Subscriber
from nocarrier_emulator.servers.prosody import Prosody
from nocarrier_emulator.tcpnumber import TcpNumber

_RATE_BPS = 2400
_LATENCY_MS = 300
_PASSWORD = "pencil"


class Counter:
    """Bytes both ways and the turns from up to down."""

    def __init__(self, modem: Modem, clock: Clock) -> None:
        self.way = ""
        self.up = self.down = self.turns = 0
        self.begun_ms = clock.now_ms()
        modem.on_wire = self._on_wire

    def _on_wire(self, way: str, data: bytes) -> None:
        if way == "up":
            self.up += len(data)
        else:
            self.down += len(data)
            self.turns += self.way == "up"
        self.way = way

    def result(self, clock: Clock) -> dict[str, Any]:
        seconds = round((clock.now_ms() - self.begun_ms) / 1000, 1)
        return {"bytes_up": self.up, "bytes_down": self.down, "round_trips": self.turns, "seconds": seconds}


Runner = Callable[[Callable[[], bool]], Any]


def handheld_on(clock: Clock, subscriber: Subscriber, jid: str, trusted: bool) -> Handheld:
    """A handheld that has not dialled yet."""
    modem = Modem(clock, PhoneBook({"1": subscriber}), _RATE_BPS, _LATENCY_MS)
    line = LineProfile(_RATE_BPS, _LATENCY_MS, trusted=trusted)
    handheld = Handheld(clock, modem, Account(jid, _PASSWORD, "nc"), "1", MemoryFlash(), 1, line)
    handheld.power_on()
    return handheld


async def measured(handheld: Handheld, clock: Clock, play: Runner) -> dict[str, Any]:
    """First login; a resumption after the carrier has dropped; a login after a farewell, when the server is known."""
    results = {}
    for event in ("login", "resume", "again"):
        await play(lambda: handheld.modem.connected)
        counter = Counter(handheld.modem, clock)
        await play(lambda: handheld.client.online() and handheld.client.roster.known)
        results[event] = counter.result(clock)
        await play(lambda: not handheld.client.session.acks.unacknowledged())
        if event == "resume":
            handheld.runner.hang_up(clock.ticks_ms())
            await play(lambda: handheld.runner.state == 0)
        handheld.modem.drop_carrier()
        handheld.runner.dial(clock.ticks_ms())
    return results


async def on_exchange(mechanism: str) -> dict[str, Any]:
    """In virtual time: the same figures every time."""
    clock = VirtualClock()
    exchange = Exchange(clock)
    exchange.mechanisms = (mechanism,)
    account = exchange.add("anna", _PASSWORD)

    async def play(until: Callable[[], bool]) -> None:
        assert clock.run(600_000, until), "never happened"

    return await measured(handheld_on(clock, Service(exchange.connect), account.jid, mechanism == "PLAIN"), clock, play)


async def on_prosody(program: str, sasl2: bool, trusted: bool) -> dict[str, Any]:
    """In scaled time, since the server is a process of its own."""
    clock = ScaledClock(8)
    prosody = Prosody(program, {"anna": _PASSWORD}, sasl2=sasl2)
    prosody.start()

    async def play(until: Callable[[], bool]) -> None:
        for _ in range(6_000):
            if until():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("never happened")

    try:
        subscriber = TcpNumber(clock, "127.0.0.1", prosody.port)
        return await measured(handheld_on(clock, subscriber, "anna@" + prosody.domain, trusted), clock, play)
    finally:
        prosody.remove()


async def _all() -> dict[str, Any]:
    results = {
        "exchange, SCRAM-SHA-256": await on_exchange("SCRAM-SHA-256"),
        "exchange, PLAIN on a trusted line": await on_exchange("PLAIN"),
    }
    program = os.environ.get("PROSODY13")
    if program:
        for profile in ("RFC 6120", "SASL2"):
            for mechanism in ("SCRAM-SHA-256", "PLAIN"):
                way = "Prosody 13, %s, %s" % (profile, mechanism)
                results[way] = await on_prosody(program, profile == "SASL2", mechanism == "PLAIN")
    else:
        print("Prosody was not measured: it is not there")
    for name, events in results.items():
        for event, figures in events.items():
            print("%-36s %-7s %s" % (name, event, figures))
    return results


def main() -> dict[str, Any]:
    """Per server and way in: login and resumption."""
    return asyncio.run(_all())
