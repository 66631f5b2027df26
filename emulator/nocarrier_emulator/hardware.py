"""What every handheld of a world has, whatever its program runs on: modem, screen, battery, account, power switch."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.battery import Battery, Cell
from nocarrier_emulator.clock import Clock
from nocarrier_emulator.line.profile import Profile
from nocarrier_emulator.line.tariff import Tariff
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.surface import TextSurface

_MOST_SNAPSHOTS = 16


class Kept(NamedTuple):
    """A message that a handheld has on its flash. state: a name of queue/states.py."""

    message_id: str
    body: str
    incoming: bool
    state: str


class Hardware:
    """line: what the handheld is told of its line. on_event(kind, value): what its program reports (nocarrier.events).

    peers: addresses of the others in its world.
    """

    heap_free_bytes: int | None = None  # None: nobody knows

    def __init__(self, clock: Clock, modem: Modem, account: Account, line: LineProfile, surface: TextSurface) -> None:
        self.clock = clock
        self.modem = modem
        self.account = account
        self.line = line
        self.surface = surface
        self.on_event: Callable[[int, Any], None] = lambda kind, value: None
        self.fault: Exception | None = None
        self.battery: Battery | None = None  # None: it hangs on the mains
        self.peers: set[str] = set()
        self.snapshots: dict[str, dict[str, bytes]] = {}  # images of its flash, by name

    @property
    def on(self) -> bool:
        """It has power."""
        raise NotImplementedError

    def power_on(self) -> None:
        """Boots from flash, and calls. With an empty battery nothing happens."""
        raise NotImplementedError

    def power_off(self) -> None:
        """At once, in the middle of whatever it is doing. DTR falls with the power."""
        raise NotImplementedError

    def cut(self, after_bytes: int) -> None:
        """The power goes when so many more have been written to flash, in the middle of a write."""
        raise NotImplementedError

    def key(self, code: int) -> None:
        """Presses and lets go."""
        raise NotImplementedError

    def type(self, text: str) -> None:
        """Presses the keys of a text."""
        raise NotImplementedError

    def tap(self, x_px: int, y_px: int) -> None:
        """Touches the screen."""
        raise NotImplementedError

    def send(self, to: str, body: str) -> bool:
        """Queues a message without the detour over the keys. False: it is off, its power went meanwhile, or there is no
        room for one more."""
        raise NotImplementedError

    def asks_secret(self) -> bool:
        """What is typed now is a password."""
        raise NotImplementedError

    def online(self) -> bool:
        """Messages pass."""
        raise NotImplementedError

    def settled(self) -> bool:
        """Online, and nothing is under way or waits."""
        raise NotImplementedError

    def redial(self) -> None:
        """Calls, if its user had hung up."""
        raise NotImplementedError

    def messages(self, jid: str, newest: int) -> list[Kept]:
        """With that one, oldest first."""
        raise NotImplementedError

    def found(self, body: str) -> list[Kept]:
        """All messages with this text; none if it is off."""
        raise NotImplementedError

    def image(self) -> dict[str, bytes]:
        """What a loss of power would leave on its flash now: files by name."""
        raise NotImplementedError

    def load(self, image: dict[str, bytes]) -> None:
        """Has this on its flash, and nothing else; it should be off."""
        raise NotImplementedError

    def charged(self) -> bool:
        """There is something in its battery, or it needs none."""
        return self.battery is None or self.battery.charge > 0

    def set_charge(self, charge: float) -> None:
        """Of its battery, from 1 to 0; it gets one if it had none."""
        if self.battery is None:
            self.battery = Battery(self.clock, Cell(), self._load_mw, self.power_off)
        self.battery.set_charge(charge)

    def _load_mw(self) -> float:
        if not self.on or self.battery is None:
            return 0.0
        cell = self.battery.cell
        return cell.awake_mw + (cell.call_mw if self.modem.connected else 0.0)

    def snapshot(self, name: str) -> None:
        """Keeps what is on its flash now, as a loss of power would leave it. Of very many the oldest are dropped."""
        self.snapshots.pop(name, None)
        self.snapshots[name] = self.image()
        if len(self.snapshots) > _MOST_SNAPSHOTS:
            del self.snapshots[next(iter(self.snapshots))]

    def restore(self, name: str) -> None:
        """Has on its flash what it had then, as if it were flashed with that image. Raises KeyError."""
        image, was_on = self.snapshots[name], self.on
        self.power_off()
        self.load(image)
        if was_on:
            self.power_on()

    def set_rate(self, rate_bps: int) -> None:
        """Modem, line and the handheld's own idea of it."""
        self.modem.set_rate(rate_bps)
        self.line.rate_bps = rate_bps

    def set_profile(self, profile: Profile) -> None:
        """Another kind of line from the next call on; it costs what the old one did if it has no prices itself."""
        if profile.tariff == Tariff():
            profile = replace(profile, tariff=self.modem.profile.tariff)
        self.modem.profile = profile
        self.line.rate_bps, self.line.latency_ms = profile.up_bps, int(profile.latency_ms)

    def set_tariff(self, tariff: Tariff) -> None:
        """Other prices from the next call on."""
        self.modem.profile = replace(self.modem.profile, tariff=tariff)
