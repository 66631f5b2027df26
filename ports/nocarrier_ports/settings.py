"""A device's settings: one JSON file that the owner writes."""

import json

from nocarrier.errors import UsageError
from nocarrier.queue.store import QueueLimits
from nocarrier.session.line import LineProfile
from nocarrier.session.session import Account

try:
    from typing import Any
except ImportError:
    pass


class Settings:
    """fields: what the file holds. Raises UsageError, which names the field and never its value, if one is missing.

    jid, password, resource: the account. number: what the modem dials. port: the serial device.
    rate_bps, latency_ms, stall_ms, trusted: the line (LineProfile). speed: of the clock, for demonstrations.
    """

    def __init__(self, fields: "dict[str, Any]") -> None:
        for name in ("jid", "password", "number", "port"):
            if not isinstance(fields.get(name), str) or not fields[name]:
                raise UsageError("settings: %s is missing" % name)
        self.account = Account(fields["jid"], fields["password"], fields.get("resource", "nocarrier"))
        self.number: str = fields["number"]
        self.port: str = fields["port"]
        self.line = LineProfile(
            fields.get("rate_bps", 2400),
            fields.get("latency_ms", 300),
            fields.get("stall_ms", 15_000),
            fields.get("trusted", False) is True,
        )
        self.speed: int = fields.get("speed", 1)
        self.queue = QueueLimits(fields.get("segment_bytes", 8192), fields.get("segments", 8))


def load(path: str) -> Settings:
    """Reads the file. Raises UsageError if it is not there or not JSON."""
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
