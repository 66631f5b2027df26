"""A device's settings: one JSON file that the owner writes."""

import json

from nocarrier.errors import UsageError
from nocarrier.limits import ClientLimits
from nocarrier.queue.limits import QueueLimits
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier.wire.limits import WireLimits
from nocarrier_ports.links import socketprofile
from nocarrier_ports.links.bringup import Access
from nocarrier_ports.links.dialprofile import PROFILES
from nocarrier_ports.runner import RunnerLimits

try:
    from typing import Any

    from nocarrier_ports.links.dialprofile import DialProfile
except ImportError:
    pass

# What the file must hold.
_NEEDED = ("jid", "number", "port")
# What it may hold, with what is taken otherwise; a tuple stands for a list.
_DEFAULTS: "dict[str, Any]" = {
    # Of the account (Account). Without a password only what an earlier login has left logs in.
    "password": "",
    "resource": "nocarrier",
    "quick": False,
    "legacy": False,
    "asks": False,
    "carbons": False,
    "markers": False,
    # The modem: a name of dialprofile.PROFILES, and init strings instead of the profile's own, without "AT".
    "modem": "hayes",
    "init": (),
    "portions": False,  # a module for GSM or LTE hands data over in portions (AtModem), not as a transparent wire
    # Of a module for GSM or LTE (Access): the SIM card's PIN, and what the network wants to know.
    "pin": "",
    "apn": "",
    "apn_user": "",
    "apn_password": "",
    # Of the board's own network ("port": "net"): the name server, for a number that is a domain and not host:port; and
    # who tells the time, where the clock does not run on.
    "dns": "",
    "ntp": "pool.ntp.org",
    # TLS (choice.py): "none", "direct" with the connection, "starttls" after it. Empty: on the board's own network as
    # the server has it, unless that network is trusted; on a modem's line none. roots: the folder of the certificates
    # that are trusted.
    "tls": "",
    "roots": "roots",
    # Of a terminal server behind the modem: what to expect, what to send then, and so on (LoginScript).
    "script": (),
    # The line (LineProfile). trusted: nobody listens, so that the password may cross it in clear.
    "rate_bps": 2400,
    "latency_ms": 300,
    "stall_ms": 15_000,
    "trusted": False,
    # What every call is paid for at least, in seconds: none is made sooner after another (RunnerLimits).
    "billed_s": 0,
    # Of the clock, for demonstrations.
    "speed": 1,
    # Flash and memory (QueueLimits, WireLimits).
    "segment_bytes": 8192,
    "segments": 8,
    "loaded": 4,
    "tracked": 24,
    "window": 96,
    "stanza_bytes": 3584,
    "stanza_words": 0,  # 24 where there are 4 KB to spare: stanzas that come again are read five times as fast
}
_CHUNK_BYTES = 256
_TLS = ("", "none", "direct", "starttls")


class Settings:
    """fields: what the file holds. Raises UsageError, which names the field and never its value, if one is wrong.

    number: what the modem dials. port: the serial device. dial_profile, access, script: see Dialler.
    """

    def __init__(self, fields: "dict[str, Any]") -> None:
        for name in _NEEDED:
            if not isinstance(fields.get(name), str) or not fields[name]:
                raise UsageError("settings: %s is missing" % name)
        for name in fields:
            if name not in _NEEDED and name not in _DEFAULTS:
                raise UsageError("settings: %s is unknown" % name)
        got = dict(_DEFAULTS)
        got.update(fields)
        for name in _DEFAULTS:
            wanted = list if name in fields and _DEFAULTS[name] == () else type(_DEFAULTS[name])
            if type(got[name]) is not wanted:
                raise UsageError("settings: %s is of the wrong type" % name)
        for name in ("number", "pin", "apn", "apn_user", "apn_password"):
            if not _is_plain(got[name]):
                raise UsageError("settings: %s has a character that a modem takes for something else" % name)
        choices = (got["quick"], got["legacy"], got["asks"], got["carbons"], got["markers"])
        self.account = Account(fields["jid"], got["password"] or None, got["resource"], *choices)
        self.number: str = fields["number"]
        self.port: str = fields["port"]
        self.dial_profile = _profile(got["modem"], got["init"])
        self.socket_profile = None
        if got["portions"]:
            if got["modem"] not in socketprofile.PROFILES:
                raise UsageError("settings: portions need a modem of " + ", ".join(sorted(socketprofile.PROFILES)))
            self.socket_profile = socketprofile.PROFILES[got["modem"]]()
        self.access = Access(got["apn"], got["apn_user"], got["apn_password"], got["pin"])
        self.script = _script(got["script"])
        self.dns: str = got["dns"]
        self.ntp: str = got["ntp"]
        if got["tls"] not in _TLS:
            raise UsageError("settings: tls is none of direct, none, starttls")
        self.tls: str = got["tls"]
        self.roots: str = got["roots"]
        self.speed: int = got["speed"]
        self.line = LineProfile(got["rate_bps"], got["latency_ms"], got["stall_ms"], got["trusted"])
        self.runner = RunnerLimits(billed_ms=1000 * got["billed_s"])
        self.queue = QueueLimits(got["segment_bytes"], got["segments"], got["loaded"], got["tracked"], got["window"])
        self.client = ClientLimits(WireLimits(got["stanza_bytes"], _CHUNK_BYTES, words=got["stanza_words"]))


def _is_plain(text: str) -> bool:
    return not [char for char in text if char < " " or char == '"']


def _profile(name: str, init: "Any") -> "DialProfile":
    if name not in PROFILES:
        raise UsageError("settings: modem is none of " + ", ".join(sorted(PROFILES)))
    for command in init:
        if not isinstance(command, str) or [char for char in command if char < " "]:
            raise UsageError("settings: init is no list of commands")
    return PROFILES[name](tuple(init))


def _script(rows: "Any") -> "tuple[tuple[str, str], ...]":
    for row in rows:
        if not isinstance(row, list) or [type(text) for text in row] != [str, str]:
            raise UsageError("settings: script is no list of pairs of texts")
    return tuple([(row[0], row[1]) for row in rows])


def load(path: str) -> Settings:
    """Reads the file. Raises UsageError if it is not there or not what it should be."""
    try:
        with open(path) as file:
            fields = json.load(file)
    except OSError:
        raise UsageError("no settings at " + path) from None
    except ValueError:
        raise UsageError("settings are not JSON") from None
    if not isinstance(fields, dict):
        raise UsageError("settings are not an object")
    return Settings(fields)
