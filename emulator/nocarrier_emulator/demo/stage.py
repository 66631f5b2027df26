"""What the two sides of a demonstration share: options, clock, phone book, log."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook

NUMBER = "5552368"
RATE_BPS = 2400
LATENCY_MS = 300


@dataclass
class Options:
    """What the command line says. speed: of device clock, modem and line."""

    seed: int = 1
    speed: int = 8
    messages: int = 20
    drops: int = 6
    kills: int = 2
    server: str = "exchange"
    peer: str = "nocarrier"
    micropython: str = ""
    heap: str = "64k"

    def limit_s(self) -> float:
        """Real time for the script, and again for all to arrive: 40 minutes of the device's."""
        return 60 + 2400 / self.speed


@dataclass
class Sent:
    """A message of the script: its text and its states, with times in device seconds."""

    body: str
    seq: int = 0  # its number in the handheld, once that has taken it
    states: list[tuple[float, str]] = field(default_factory=list)


class Stage:
    """One demonstration. drops, kills: what really happened."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = ScaledClock(options.speed)
        self.book = PhoneBook()
        self.folder = Path(tempfile.mkdtemp(prefix="nocarrier-demo-"))
        self.logins = 0
        self.drops = 0
        self.kills = 0

    def modem(self) -> Modem:
        return Modem(self.clock, self.book, RATE_BPS, LATENCY_MS)

    def say(self, who: str, text: str) -> None:
        """A line of the transcript."""
        print("%8.1f  %-2s %s" % (self.clock.now_ms() / 1000, who, text), flush=True)

    def log(self, who: str, sent: list[Sent], event: dict[str, Any]) -> None:
        """What a handheld reports (nocarrier_ports.remote)."""
        name = event["event"]
        if name == "state":
            at = (self.clock.now_ms() / 1000, event["state"])
            # The first word comes before the answer to the command that queued the message.
            for message in sent:
                if message.seq in (0, event["seq"]):
                    message.seq = event["seq"]
                    message.states.append(at)
                    return
        if name == "online":
            self.logins += 1
        if name in ("message", "online", "offline", "fault"):
            self.say(who, "%s %s" % (name, event.get("body") or event.get("error") or ""))
