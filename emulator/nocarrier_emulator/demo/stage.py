"""What the two sides of a demonstration share: options, clock, phone book, log."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook

NUMBER = "5552368"


@dataclass
class Options:
    """What the command line says. speed: of device clock, modem and line.

    firmware, qemu: what A runs on instead of micropython with that heap. span_s: of the script, in the device's time.
    page: lines of A's history asked for at once, as many as its heap has room for. segments: of 8 KB, in which both
    keep their history. trusted: the user's word for the lines. contacts: in A's roster, besides B.
    """

    seed: int = 1
    speed: int = 8
    messages: int = 20
    drops: int = 6
    kills: int = 2
    server: str = "exchange"
    peer: str = "nocarrier"
    micropython: str = ""
    heap: str = "64k"
    firmware: str = ""
    qemu: str = ""
    span_s: float = 0
    rate_bps: int = 2400
    latency_ms: int = 300
    page: int = 2
    segments: int = 8
    trusted: bool = False
    contacts: int = 0

    def script_ms(self) -> float:
        """The device's time in which the script is played: six seconds a message if nothing else is wanted."""
        return 1000 * (self.span_s or 6.0 * self.messages)

    def limit_s(self) -> float:
        """Real time for the script, and again for all to arrive: 40 minutes of the device's, or what is wanted."""
        return 60 + max(2400, 2 * self.span_s) / self.speed


@dataclass
class Sent:
    """A message of the script: its text and its states, with times in device seconds."""

    body: str
    seq: int = 0  # its number in the handheld, once that has taken it
    states: list[tuple[float, str]] = field(default_factory=list)


class Stage:
    """One demonstration. drops, kills: what really happened. kills_online: of them while messages could pass."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = ScaledClock(options.speed)
        self.book = PhoneBook()
        self.folder = Path(tempfile.mkdtemp(prefix="nocarrier-demo-"))
        self.logins = 0
        self.drops = 0
        self.kills = 0
        self.kills_online = 0

    def modem(self) -> Modem:
        return Modem(self.clock, self.book, plain(self.options.rate_bps, self.options.latency_ms))

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
