"""A scenario, read from TOML and checked before anything is played.

    handhelds = ["anna", "bert"]      # all are in each other's contacts, and switched on at the beginning
    profile = "gprs"                  # of their lines; the command line may want another
    until_s = 600                     # of virtual time: who has not come to the end by then has failed
    flash = "out/flash"               # where another one has left what was on their flash; otherwise it is empty

    [[step]]
    handheld = "anna"
    send = { to = "bert", body = "Hello" }

    [[step]]
    handheld = "bert"
    expect_screen = "1>Anna"
    within_s = 60

A step does something (commands.py), waits (wait_s = 30), takes a screenshot (screenshot = "name"), or expects.
"""

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_MOST_HANDHELDS = 100
_MOST_STEPS = 10_000
_WITHIN_S = 60.0
_LONGEST_S = 1e7

# Expectations, with the type of their value. Those in _AT_ONCE are looked at once, the others until they come true.
EXPECTATIONS: dict[str, type] = {
    "expect_screen": str,
    "expect_no_screen": str,
    "expect_online": bool,
    "expect_received": str,
    "expect_state": dict,
    "expect_bytes": int,
    "expect_seconds": float,
    "expect_battery": float,
}
AT_ONCE = ("expect_no_screen", "expect_bytes", "expect_seconds", "expect_battery")


class ScriptError(ValueError):
    """The scenario is none; says where."""


@dataclass(frozen=True)
class Step:
    """kind: what it does, and value with what. handheld: whose; "" for the exchange, or nobody's."""

    number: int
    handheld: str
    kind: str
    value: Any
    within_s: float = _WITHIN_S

    def text(self) -> str:
        """As a line of a report."""
        return "%d. %s %s %r" % (self.number, self.handheld or "-", self.kind, self.value)


@dataclass(frozen=True)
class Script:
    """What a file says. profile: "" for the usual line. flash: a folder with one for each handheld; "" for none."""

    name: str
    handhelds: tuple[str, ...]
    steps: tuple[Step, ...]
    profile: str = ""
    until_s: float = 3_600.0
    flash: str = ""


def read(path: Path) -> Script:
    """Of a file, and with flash relative to it. Raises ScriptError, or OSError if it cannot be read."""
    script = parsed(path.read_text(), path.stem)
    return replace(script, flash=str(path.parent / script.flash)) if script.flash else script


def parsed(text: str, name: str = "scenario") -> Script:
    """Of a text. Raises ScriptError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(str(error)) from None
    steps = table.pop("step", [])
    handhelds = _names(table.pop("handhelds", ["anna", "bert"]))
    profile, until_s, flash = table.pop("profile", ""), table.pop("until_s", 3_600.0), table.pop("flash", "")
    if table:
        raise ScriptError("no %r at the top; there are: handhelds, profile, until_s, flash, [[step]]" % min(table))
    _want(isinstance(profile, str), "profile is a name")
    _want(isinstance(flash, str), "flash is a folder")
    _want(_seconds(until_s), "until_s is a number of seconds")
    _want(isinstance(steps, list) and 0 < len(steps) <= _MOST_STEPS, "a scenario has 1 to %d steps" % _MOST_STEPS)
    read = tuple(_step(i, step, handhelds) for i, step in enumerate(steps, 1))
    return Script(name, handhelds, read, profile, until_s, flash)


def _want(fine: bool, complaint: str) -> None:
    if not fine:
        raise ScriptError(complaint)


def _seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value <= _LONGEST_S


def _names(names: Any) -> tuple[str, ...]:
    fine = isinstance(names, list) and all(
        isinstance(name, str) and name.isalnum() and name.isascii() for name in names
    )
    _want(fine and 0 < len(names) <= _MOST_HANDHELDS, "handhelds are 1 to %d names of letters" % _MOST_HANDHELDS)
    lower = tuple(name.lower() for name in names)
    _want(len(set(lower)) == len(lower), "two handhelds have the same name")
    return lower


def _step(number: int, table: Any, handhelds: tuple[str, ...]) -> Step:
    fields = dict(table) if isinstance(table, dict) else {}
    where = "step %d: " % number
    handheld, within_s = fields.pop("handheld", ""), fields.pop("within_s", _WITHIN_S)
    _want(handheld == "" or handheld in handhelds, where + "no handheld %r" % handheld)
    _want(_seconds(within_s), where + "within_s is a number of seconds")
    if "exchange" in fields:
        return Step(number, "", "exchange", fields, within_s)
    _want(len(fields) == 1, where + "does one thing; this does %d" % len(fields))
    ((kind, value),) = fields.items()
    if kind == "wait_s":
        _want(_seconds(value), where + "wait_s is a number of seconds")
    elif kind == "screenshot":
        _want(isinstance(value, str) and value.replace("-", "").isalnum(), where + "a screenshot has a name of letters")
    elif kind in EXPECTATIONS:
        _want(_is(value, EXPECTATIONS[kind]), where + "%s wants %s" % (kind, EXPECTATIONS[kind].__name__))
        if kind == "expect_state":
            _want(value.keys() == {"body", "state"}, where + "expect_state has body and state")
    if kind not in ("wait_s", "expect_seconds"):
        _want(handheld != "", where + "whose? handheld is missing")
    return Step(number, handheld, kind, value, within_s)


def _is(value: Any, kind: type) -> bool:
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind
