"""What people, scripts, gremlins and recordings do to a world: one JSON object each.

{"handheld": "anna", "key": "Enter"} and the like for a handheld, whose messages go to an address or another's name;
{"exchange": "stall", "on": true} and the like for the exchange.
"""

from collections.abc import Callable
from typing import Any

from nocarrier import ns
from nocarrier.errors import UsageError
from nocarrier.jid import checked
from nocarrier.wire.element import Element
from nocarrier.wire.writer import encode
from nocarrier_emulator.hardware import Hardware
from nocarrier_emulator.line import profile
from nocarrier_emulator.line.tariff import Tariff
from nocarrier_emulator.world import World
from nocarrier_ports.handset import keys

TEXT_CHARS = 1000  # of one command
_STANZA_BYTES = 16_384
_DEAREST = 1_000_000
_NAME_CHARS = 40
RATES_BPS = (300, 1200, 2400, 9600, 14_400, 33_600)


class Commands:
    """Carries them out. on_command(command): called with each before that, for traces and recordings.

    Not with what is typed where a handheld asks for a password.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.on_command: Callable[[dict[str, Any]], None] = lambda command: None

    def run(self, command: Any) -> None:
        """Raises ValueError, which says what is wrong, for what is none; nothing has happened then."""
        if not isinstance(command, dict) or len(command) != 2:
            raise ValueError("no such command")
        if "exchange" in command:
            self._exchange(command)
            return
        which = command.get("handheld")
        handheld = self._world.handhelds.get(which) if isinstance(which, str) else None
        if handheld is None:
            raise ValueError("no such handheld")
        ((name, value),) = ((key, value) for key, value in command.items() if key != "handheld")
        if name not in _HANDHELDS:
            raise ValueError("no command %r; there are: %s" % (name, ", ".join(_HANDHELDS)))
        checked, act = _HANDHELDS[name]
        value = checked(value)
        if name == "send":
            value = self._address(value[0]), value[1]
        elif name == "restore" and value not in handheld.snapshots:
            raise ValueError("no such snapshot")
        if name not in ("key", "text") or not handheld.asks_secret():
            self.on_command(command)
        act(handheld, value)

    def _address(self, to: str) -> str:
        if to in self._world.handhelds:
            return self._world.handhelds[to].account.jid
        try:
            return checked(to)
        except UsageError as error:
            raise ValueError(str(error)) from None

    def _exchange(self, command: dict[str, Any]) -> None:
        what = command["exchange"]
        argument, checked, act = _EXCHANGE.get(what if isinstance(what, str) else "", ("", _boolean, None))
        if act is None or argument not in command:
            wanted = ", ".join("%s with %s" % (name, row[0]) for name, row in _EXCHANGE.items())
            raise ValueError("an exchange takes: " + wanted)
        value = checked(command[argument])
        self.on_command(command)
        act(self._world, value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false is wanted")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("text is wanted")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("half a letter is no text") from None
    return value[:TEXT_CHARS]


def _key(value: Any) -> int:
    code = keys.from_name(value) if isinstance(value, str) else 0
    if not code:
        raise ValueError("no such key")
    return code


def _place(value: Any) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or any(type(each) is not int for each in value):
        raise ValueError("[x, y] in pixels is wanted")
    return value[0], value[1]


def _rate(value: Any) -> int:
    if type(value) is not int or value not in RATES_BPS:
        raise ValueError("a rate is one of: %s" % ", ".join(map(str, RATES_BPS)))
    return value


def _profile(value: Any) -> profile.Profile:
    return profile.named(value if isinstance(value, str) else "")


def _tariff(value: Any) -> Tariff:
    known = {"per_call", "per_minute", "per_kb"}
    fine = isinstance(value, dict) and value.keys() <= known
    if not fine or not all(type(price) in (int, float) and 0 <= price <= _DEAREST for price in value.values()):
        raise ValueError("prices are wanted: " + ", ".join(sorted(known)))
    return Tariff(**value)


def _message(value: Any) -> tuple[str, str]:
    if not isinstance(value, dict) or value.keys() != {"to", "body"}:
        raise ValueError("to and body are wanted")
    to, body = _text(value["to"]), _text(value["body"])
    if not body:
        raise ValueError("there is no text")
    try:
        encode(Element("message", ns.CLIENT, ("to", to), [body]), ns.CLIENT, _STANZA_BYTES)
    except UsageError as error:
        raise ValueError(str(error)) from None
    return to, body


def _bytes(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 30:
        raise ValueError("a number of bytes is wanted")
    return value


def _difference(value: Any) -> int:
    if type(value) is not int or abs(value) > 1_000:
        raise ValueError("a difference of at most 1000 is wanted")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _NAME_CHARS or not value.isprintable():
        raise ValueError("a name of at most %d letters is wanted" % _NAME_CHARS)
    return value


def _charge(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise ValueError("a charge from 0 to 1 is wanted")
    return float(value)


def _power(handheld: Hardware, on: bool) -> None:
    if on and not handheld.on:
        handheld.power_on()
    elif not on and handheld.on:
        handheld.power_off()


# Faults of the exchange, and what it offers: the name of their argument, what checks it, and what is then done.
_EXCHANGE: dict[str, tuple[str, Callable[[Any], Any], Callable[[World, Any], object] | None]] = {
    "restart": ("keep_sessions", _boolean, World.restart),
    "refuse": ("on", _boolean, lambda world, on: setattr(world.exchange, "refuses", on)),
    "stall": ("on", _boolean, lambda world, on: world.exchange.stall(on)),
    "sasl2": ("on", _boolean, lambda world, on: setattr(world.exchange, "sasl2", on)),
    "lie": ("h", _difference, lambda world, h: setattr(world.exchange, "h_lie", h)),
}
# Each with what checks its value, and what is then done.
_HANDHELDS: dict[str, tuple[Callable[[Any], Any], Callable[[Hardware, Any], object]]] = {
    "key": (_key, lambda handheld, code: handheld.key(code)),
    "text": (_text, lambda handheld, text: handheld.type(text)),
    "tap": (_place, lambda handheld, place: handheld.tap(*place)),
    "send": (_message, lambda handheld, message: handheld.send(*message)),
    "power": (_boolean, _power),
    "cut_after_bytes": (_bytes, lambda handheld, after_bytes: handheld.cut(after_bytes)),
    "battery": (_charge, Hardware.set_charge),
    "snapshot": (_name, Hardware.snapshot),
    "restore": (_name, Hardware.restore),
    "plugged": (_boolean, lambda handheld, plugged: handheld.modem.set_plugged(plugged)),
    "drop": (_boolean, lambda handheld, on: handheld.modem.drop_carrier() if on else None),
    "rate_bps": (_rate, Hardware.set_rate),
    "profile": (_profile, Hardware.set_profile),
    "tariff": (_tariff, Hardware.set_tariff),
}
