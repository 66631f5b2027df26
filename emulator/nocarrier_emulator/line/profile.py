"""Kinds of lines by name: profiles.toml, with a source for each number. Files of one's own have the same form."""

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from nocarrier_emulator.line.faults import Fault, made
from nocarrier_emulator.line.tariff import Tariff

_FILE = Path(__file__).with_name("profiles.toml")
_LEAST_BPS, _MOST_BPS = 50, 10_000_000


@dataclass(frozen=True)
class Profile:
    """down_bps: towards the caller. latency_ms: one way. buffer_bytes: what each modem holds back at most.

    packet_bytes: of a radio that sends packets; 0: a stream.
    """

    down_bps: int
    up_bps: int
    latency_ms: float = 300
    buffer_bytes: int = 1024
    packet_bytes: int = 0
    faults: tuple[Fault, ...] = ()
    tariff: Tariff = Tariff()

    def at(self, rate_bps: int) -> "Profile":
        """The same at another rate, both ways."""
        return replace(self, down_bps=rate_bps, up_bps=rate_bps)


def plain(rate_bps: int, latency_ms: float, **more: Any) -> Profile:
    """A line of that rate, both ways, that does not fail by itself."""
    return Profile(rate_bps, rate_bps, latency_ms, **more)


def read(path: Path) -> dict[str, Profile]:
    """The profiles of a TOML file. Raises ValueError, which says where, for what is no profile."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    return {name: _made(name, dict(table)) for name, table in tables.items()}


@cache
def shipped() -> dict[str, Profile]:
    """Those that come with the emulator."""
    return read(_FILE)


def named(name: str) -> Profile:
    """A shipped profile. Raises ValueError for a name that there is not."""
    profile = shipped().get(name)
    if profile is None:
        raise ValueError("no profile %r; there are: %s" % (name, ", ".join(shipped())))
    return profile


def _made(name: str, table: dict[str, Any]) -> Profile:
    table.pop("source", None)  # for readers of the file
    faults = tuple(made(fault, values) for fault, values in table.pop("faults", {}).items())
    try:
        profile = Profile(faults=faults, tariff=Tariff(**table.pop("tariff", {})), **table)
    except TypeError as error:
        raise ValueError("profile %s: %s" % (name, error)) from None
    for rate_bps in (profile.down_bps, profile.up_bps):
        if not _LEAST_BPS <= rate_bps <= _MOST_BPS:
            raise ValueError("profile %s: a line has %d to %d bit/s" % (name, _LEAST_BPS, _MOST_BPS))
    return profile
