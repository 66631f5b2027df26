"""A handheld in this process: the real client, dialler and handset on a modem, a flash and a surface."""

import random
from collections.abc import Callable
from dataclasses import replace

from nocarrier.client import Client
from nocarrier.errors import UsageError
from nocarrier.limits import ClientLimits
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.storage import Storage, StorageError
from nocarrier.queue.store import Store
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.battery import Battery, Cell
from nocarrier_emulator.clock import Alarm, Clock
from nocarrier_emulator.flash import MemoryFlash, PowerCut
from nocarrier_emulator.flashimage import ImagedFlash
from nocarrier_emulator.line.profile import Profile
from nocarrier_emulator.line.tariff import Tariff
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.surface import TextSurface
from nocarrier_ports.handset.app import App
from nocarrier_ports.handset.letters import has
from nocarrier_ports.handset.screen import Screen
from nocarrier_ports.links.dialler import Dialler
from nocarrier_ports.links.link import Link
from nocarrier_ports.links.stream import StreamLink
from nocarrier_ports.runner import Runner

_UART_BYTES = 4096
_PAGE_CHARS = 4000
_MOST_SNAPSHOTS = 16


class ModemStream:
    """The handheld's UART: what the modem says waits here to be read. pieces: bytes that one read returns; 0: all."""

    def __init__(self, modem: Modem, wake: Callable[[], None], pieces: int = 0) -> None:
        self._modem = modem
        self._pieces = pieces
        self._wake = wake
        self._rx = bytearray()
        modem.on_dte = self._receive
        modem.on_room = wake

    def _receive(self, data: bytes) -> None:
        self._rx += data[: _UART_BYTES - len(self._rx)]
        self._wake()

    def readinto(self, buf: bytearray) -> int:
        n = min(len(buf), len(self._rx), self._pieces or len(buf))
        buf[:n] = self._rx[:n]
        del self._rx[:n]
        return n

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        return self._modem.write(bytes(data))


class Handheld:
    """A handheld with a power switch. Everything that must outlive it is in `flash`.

    wired: whether DTR and carrier detect of its modem reach it. link: made of the port and the number.
    """

    def __init__(
        self,
        clock: Clock,
        modem: Modem,
        account: Account,
        number: str,
        flash: Storage,
        seed: int,
        line: LineProfile | None = None,
        limits: QueueLimits | None = None,
        wired: bool = True,
        link: Callable[[StreamLink, str], Link] = Dialler,
    ) -> None:
        self.clock = clock
        self.wired = wired
        self._link = link
        self.modem = modem
        self.account = account
        self.number = number
        self.flash = flash
        self.line = line or LineProfile()
        self.limits = limits or QueueLimits()
        self.surface = TextSurface()
        self.on_event: Callable[[int, object], None] = lambda kind, value: None
        self.app: App | None = None
        self.fault: Exception | None = None
        self.battery: Battery | None = None  # None: it hangs on the mains
        self.snapshots: dict[str, dict[str, bytes]] = {}  # images of its flash, by name
        self._random = random.Random(seed)
        self._alarm: Alarm | None = None

    @property
    def client(self) -> Client:
        assert self.app is not None, "switched off"
        return self.app.client

    @property
    def runner(self) -> Runner:
        assert self.app is not None, "switched off"
        return self.app.runner

    def power_on(self, dial: bool = True) -> None:
        """Boots from flash. A flash that cannot be read leaves `fault` and a word on the screen.

        With an empty battery nothing happens.
        """
        if self.battery is not None and self.battery.charge <= 0:
            return
        store = Store(self.flash, self.limits)
        client = Client(self.account, store, self.line, self._random.randbytes, ClientLimits())
        try:
            client.open()
        except StorageError as error:
            self.fault = error
            self.surface.text("memory cannot be read", 0, 0, 1)
            self.surface.show()
            return
        stream = ModemStream(self.modem, self.wake)
        lines = (self.modem.set_dtr, lambda: self.modem.dcd) if self.wired else (None, None)
        port = StreamLink(stream, *lines)
        runner = Runner(client, self._link(port, self.number), self._random.randbytes)
        screen = Screen(self.surface, self.surface.width_px, self.surface.height_px, has)
        self.app = App(client, runner, screen, _PAGE_CHARS, lambda kind, value: self.on_event(kind, value))
        self.fault = None
        if dial:
            runner.dial(self.clock.ticks_ms())
        self.wake()

    def power_off(self) -> None:
        """At once, in the middle of whatever it is doing. DTR falls with the power."""
        self.app = None
        if isinstance(self.flash, MemoryFlash):
            self.flash.power_off()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self.modem.on_dte = lambda data: None
        self.modem.on_room = lambda: None
        self.modem.set_dtr(False)
        self.surface.fill(0)
        self.surface.show()

    def set_charge(self, charge: float) -> None:
        """Of its battery, from 1 to 0; it gets one if it had none."""
        if self.battery is None:
            self.battery = Battery(self.clock, Cell(), self._load_mw, self.power_off)
        self.battery.set_charge(charge)

    def _load_mw(self) -> float:
        if self.app is None or self.battery is None:
            return 0.0
        cell = self.battery.cell
        return cell.awake_mw + (cell.call_mw if self.modem.connected else 0.0)

    def snapshot(self, name: str) -> None:
        """Keeps what is on its flash now, as a loss of power would leave it. Of very many the oldest are dropped."""
        assert isinstance(self.flash, ImagedFlash)
        self.snapshots.pop(name, None)
        self.snapshots[name] = self.flash.image()
        if len(self.snapshots) > _MOST_SNAPSHOTS:
            del self.snapshots[next(iter(self.snapshots))]

    def restore(self, name: str) -> None:
        """Has on its flash what it had then, as if it were flashed with that image. Raises KeyError."""
        assert isinstance(self.flash, ImagedFlash)
        image, was_on = self.snapshots[name], self.app is not None
        self.power_off()
        self.flash.load(image)
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

    def key(self, code: int) -> None:
        """Presses and lets go."""
        if self.app is not None:
            try:
                self.app.key(code, 0, True)
                self.app.key(code, 0, False)
                self.wake()
            except PowerCut:
                self.power_off()

    def asks_secret(self) -> bool:
        """What is typed now is a password."""
        return self.app is not None and self.app.asks_secret()

    def tap(self, x_px: int, y_px: int) -> None:
        """Touches the screen."""
        if self.app is not None:
            try:
                self.app.tap(x_px, y_px)
                self.wake()
            except PowerCut:
                self.power_off()

    def send(self, to: str, body: str) -> bool:
        """Queues a message without the detour over the keys. False: it is off, its power went meanwhile, or there is no
        room for one more."""
        if self.app is None:
            return False
        try:
            self.client.send_message(to, body)
        except UsageError:
            return False
        except PowerCut:
            self.power_off()
            return False
        self.wake()
        return True

    def type(self, text: str) -> None:
        """Presses the keys of a text."""
        for char in text:
            self.key(ord(char))

    def wake(self) -> None:
        """Something happened: step soon."""
        self._schedule(0)

    def _schedule(self, delay_ms: float) -> None:
        due_ms = self.clock.now_ms() + delay_ms
        if self._alarm is not None and self._alarm.action is not None:
            if self._alarm.due_ms <= due_ms:
                return
            self._alarm.cancel()
        self._alarm = self.clock.call_later(delay_ms, self._step)

    def _step(self) -> None:
        if self.app is None:
            return
        now_ms = self.clock.ticks_ms()
        try:
            self.app.step(now_ms, self.clock.utc_s())
        except PowerCut:  # the flash double cuts in the middle of a write
            self.power_off()
            return
        due_ms = self.app.runner.deadline_ms()
        if due_ms is not None:
            delay_ms = ((due_ms - now_ms + (1 << 29)) & 0x3FFFFFFF) - (1 << 29)
            self._schedule(max(delay_ms, 1))
