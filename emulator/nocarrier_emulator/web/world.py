"""What the page shows: two handhelds, their modems and lines, and the exchange that both call."""

import secrets
from typing import Any

from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import Clock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service
from nocarrier_ports.handset import keys

NUMBER = "5552368"
RATES_BPS = (300, 1200, 2400, 9600, 14_400, 33_600)
_RATE_BPS = 2400
_LATENCY_MS = 300
_NAMES = ("anna", "bert")
_TEXT_CHARS = 1000  # of one command


class World:
    """Both handhelds are switched on and call at once. seed: of ids and nonces."""

    def __init__(self, clock: Clock, seed: int) -> None:
        exchange = Exchange(clock, seed=seed)
        book = PhoneBook({NUMBER: Service(exchange.connect)})
        passwords = {name: secrets.token_hex(8) for name in _NAMES}
        anna, bert = (exchange.add(name, password) for name, password in passwords.items())
        exchange.befriend(anna, bert, "Anna", "Bert")
        self.handhelds = [
            Handheld(
                clock,
                Modem(clock, book, _RATE_BPS, _LATENCY_MS),
                Account(account.jid, passwords[name], "handheld"),
                NUMBER,
                MemoryFlash(),
                seed + i,
                LineProfile(_RATE_BPS, _LATENCY_MS),
            )
            for i, (name, account) in enumerate(zip(_NAMES, (anna, bert), strict=True))
        ]
        for handheld in self.handhelds:
            handheld.power_on()

    def state(self) -> list[dict[str, Any]]:
        """Everything that a page shows, one object a handheld."""
        return [self._handheld(handheld) for handheld in self.handhelds]

    def command(self, command: Any) -> None:
        """What a page asks for: {"handheld": 0 or 1, and one of key, text, plugged, power, rate_bps}.

        Raises ValueError if it is none of these.
        """
        which = command.get("handheld") if isinstance(command, dict) else None
        if type(which) is not int or which not in (0, 1):
            raise ValueError("no such handheld")
        handheld = self.handhelds[which]
        if isinstance(text := command.get("text"), str):
            handheld.type(text[:_TEXT_CHARS])
        elif isinstance(name := command.get("key"), str):
            handheld.key(keys.from_name(name))
        elif isinstance(plugged := command.get("plugged"), bool):
            handheld.modem.set_plugged(plugged)
        elif isinstance(power := command.get("power"), bool):
            self._power(handheld, power)
        elif type(rate_bps := command.get("rate_bps")) is int and rate_bps in RATES_BPS:
            handheld.set_rate(rate_bps)
        else:
            raise ValueError("no such command")

    @staticmethod
    def _power(handheld: Handheld, on: bool) -> None:
        if on and handheld.app is None:
            handheld.power_on()
        elif not on:
            handheld.power_off()

    @staticmethod
    def _handheld(handheld: Handheld) -> dict[str, Any]:
        modem = handheld.modem
        return {
            "jid": handheld.account.jid,
            "power": handheld.app is not None,
            "screen": [[text, inverted] for text, inverted in handheld.surface.lines],
            "lamps": modem.lamps(),
            "bytes_up": modem.total_up,
            "bytes_down": modem.total_down,
            "seconds": int(modem.connected_ms() / 1000),
            "rate_bps": modem.rate_bps,
            "plugged": modem.dialtone,
        }
