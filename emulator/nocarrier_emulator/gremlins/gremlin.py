"""What a gremlin does: a list of commands with pauses, that follows from its number alone."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nocarrier_emulator.commands import RATES_BPS
from nocarrier_emulator.surface import HEIGHT_PX, WIDTH_PX

NAMES = ("anna", "bert")
_KEYS: tuple[str, ...] = ("Enter",) * 12 + ("Escape",) * 6 + ("ArrowUp", "ArrowDown") * 4 + ("Backspace",) * 4
_KEYS += ("PageUp", "PageDown") * 2 + ("F1", "F2") * 2
_TEXTS = (
    "hello",
    "Grüße",
    "привет",
    "你好 😀",
    "<&> ]]>",
    "+++",
    "NO CARRIER",
    "anna@exchange.test",
    " ",
    "\u202eabc",
    "'\"",
)
_MEAN_PAUSE_MS = 700.0
_LONG_PAUSE_MS = 90_000.0
_LONG_PAUSES = 0.01


@dataclass(frozen=True)
class Event:
    """A pause, and what is done then (commands.py)."""

    pause_ms: float
    command: dict[str, Any]


def events(number: int, count: int) -> list[Event]:
    """The first so many of that gremlin's."""
    rng = random.Random(number)
    return [Event(_pause_ms(rng), _command(rng, i)) for i in range(count)]


def _pause_ms(rng: random.Random) -> float:
    if rng.random() < _LONG_PAUSES:
        return round(rng.uniform(0, _LONG_PAUSE_MS), 1)
    return round(rng.expovariate(1 / _MEAN_PAUSE_MS), 1)


def _command(rng: random.Random, number: int) -> dict[str, Any]:
    name, other = rng.sample(NAMES, 2)
    kinds, weights = zip(*_WEIGHTS, strict=True)
    kind = rng.choices(kinds, weights)[0]
    if kind == "restart":
        return {"exchange": "restart", "keep_sessions": rng.random() < 0.5}
    values: dict[str, Callable[[], Any]] = {
        "key": lambda: rng.choice(_KEYS),
        "tap": lambda: [rng.randrange(-8, WIDTH_PX + 8), rng.randrange(-8, HEIGHT_PX + 8)],
        "text": lambda: rng.choice(_TEXTS) + " %d" % number,
        "send": lambda: {"to": other, "body": "%s %d" % (rng.choice(_TEXTS), number)},
        "power": lambda: rng.random() < 0.75,
        "cut_after_bytes": lambda: rng.randrange(400),
        "plugged": lambda: rng.random() < 0.75,
        "drop": lambda: True,
        "rate_bps": lambda: rng.choice(RATES_BPS),
    }
    return {"handheld": name, kind: values[kind]()}


# What is done how often, of a hundred times or so.
_WEIGHTS = (
    ("key", 42), ("tap", 6), ("text", 20), ("send", 8), ("power", 4), ("cut_after_bytes", 2), ("plugged", 6),
    ("drop", 6), ("rate_bps", 2), ("restart", 1),
)  # fmt: skip
