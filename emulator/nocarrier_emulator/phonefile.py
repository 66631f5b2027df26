"""A phone book in a TOML file: numbers, who answers there, and notes.

["5552368"]
name = "home"
to = "tls://xmpp.example:5223"
notes = "the server in the cellar"

`to` is tcp://host:port, telnet://host:port, or tls://host:port with the host's certificate verified; "busy",
"no answer" or "no carrier" for a number at which nobody is to be had. `domain` is whose certificate is wanted, if not
the host's; `ca` names a PEM file with the root that is trusted instead of the system's. A number may be dialled by its
name too.
"""

import ssl
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nocarrier_emulator.clock import Clock
from nocarrier_emulator.phonebook import Nobody, PhoneBook, Silent, Subscriber
from nocarrier_emulator.tcpnumber import TcpNumber

_SILENT = {"busy": Silent("BUSY"), "no carrier": Silent("NO CARRIER"), "no answer": Nobody()}
_FIELDS = {"name", "to", "notes", "domain", "ca"}
_MOST_ENTRIES = 1000


@dataclass(frozen=True)
class Entry:
    """One number of the file."""

    number: str
    to: str
    name: str = ""
    notes: str = ""
    domain: str = ""
    ca: str = ""


def read(path: Path) -> list[Entry]:
    """The entries of a file. Raises ValueError, which says where, for what is none; OSError if it cannot be read."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    if len(tables) > _MOST_ENTRIES:
        raise ValueError("a phone book has at most %d numbers" % _MOST_ENTRIES)
    return [_entry(number, table) for number, table in tables.items()]


def _entry(number: str, table: Any) -> Entry:
    if not number.isascii() or not number.isdigit():
        raise ValueError("%r is no telephone number: digits only" % number)
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise ValueError("%s: a number has fields with text" % number)
    if strange := table.keys() - _FIELDS:
        raise ValueError("%s: no field %r; there are: %s" % (number, min(strange), ", ".join(sorted(_FIELDS))))
    entry = Entry(number, **{"to": "", **table})
    if entry.to not in _SILENT:
        _address(entry)
    return entry


def _address(entry: Entry) -> tuple[str, str, int]:
    """(scheme, host, port)"""
    parts = urlsplit(entry.to)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("tcp", "telnet", "tls") or not parts.hostname or not port or parts.path:
        raise ValueError('%s: "to" is tcp://, telnet:// or tls://host:port, not %r' % (entry.number, entry.to))
    return parts.scheme, parts.hostname, port


def book(entries: list[Entry], clock: Clock) -> PhoneBook:
    """Who answers. Raises OSError or ssl.SSLError for a root that cannot be read."""
    return PhoneBook(
        {entry.number: _subscriber(entry, clock) for entry in entries},
        {entry.name.lower(): entry.number for entry in entries if entry.name},
    )


def _subscriber(entry: Entry, clock: Clock) -> Subscriber:
    if entry.to in _SILENT:
        return _SILENT[entry.to]
    scheme, host, port = _address(entry)
    tls = ssl.create_default_context(cafile=entry.ca or None) if scheme == "tls" else None
    return TcpNumber(clock, host, port, tls=tls, domain=entry.domain, telnet=scheme == "telnet")
