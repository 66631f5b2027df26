"""A handheld in this process: the real client, dialler and handset on a modem, a flash and a surface."""

import random
from collections.abc import Callable

from nocarrier.client import Client
from nocarrier.errors import UsageError
from nocarrier.limits import ClientLimits
from nocarrier.queue import states
from nocarrier.queue.history import HistoryItem
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.storage import Storage, StorageError
from nocarrier.queue.store import Store
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import Alarm, Clock
from nocarrier_emulator.flash import MemoryFlash, PowerCut
from nocarrier_emulator.flashimage import ImagedFlash
from nocarrier_emulator.hardware import Hardware, Kept
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.surface import TextSurface
from nocarrier_ports import runner as run
from nocarrier_ports.handset.app import App
from nocarrier_ports.handset.letters import has
from nocarrier_ports.handset.screen import Screen
from nocarrier_ports.links.dialler import Dialler
from nocarrier_ports.links.link import Link
from nocarrier_ports.links.stream import StreamLink
from nocarrier_ports.runner import Runner

_UART_BYTES = 4096
_PAGE_CHARS = 4000
_HISTORY = 100_000
_WHOLE_CHARS = 1 << 30


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


class Handheld(Hardware):
    """Its program runs in this process. Everything that must outlive it is in `flash`.

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
        super().__init__(clock, modem, account, line or LineProfile(), TextSurface())
        self.wired = wired
        self._link = link
        self.number = number
        self.flash = flash
        self.limits = limits or QueueLimits()
        self.app: App | None = None
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

    @property
    def on(self) -> bool:
        return self.app is not None

    def power_on(self, dial: bool = True) -> None:
        """Boots from flash. A flash that cannot be read leaves `fault` and a word on the screen.

        With an empty battery nothing happens.
        """
        if not self.charged():
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

    def cut(self, after_bytes: int) -> None:
        if isinstance(self.flash, MemoryFlash) and self.app is not None:
            self.flash.cut_after_bytes = self.flash.written_bytes + after_bytes

    def key(self, code: int) -> None:
        if self.app is not None:
            try:
                self.app.key(code, 0, True)
                self.app.key(code, 0, False)
                self.wake()
            except PowerCut:
                self.power_off()

    def asks_secret(self) -> bool:
        return self.app is not None and self.app.asks_secret()

    def tap(self, x_px: int, y_px: int) -> None:
        if self.app is not None:
            try:
                self.app.tap(x_px, y_px)
                self.wake()
            except PowerCut:
                self.power_off()

    def send(self, to: str, body: str) -> bool:
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
        for char in text:
            self.key(ord(char))

    def online(self) -> bool:
        return self.app is not None and self.client.online()

    def settled(self) -> bool:
        client = self.client
        if not (client.online() and client.session.settled() and client.roster.known):
            return False
        return client._reader._catch_up.done and client.store.outbox.next_queued() is None

    def redial(self) -> None:
        if self.runner.state == run.IDLE:
            self.runner.dial(self.clock.ticks_ms())
            self.wake()

    def messages(self, jid: str, newest: int) -> list[Kept]:
        return [_kept(item) for item in self.client.store.history(jid, newest, 0, _WHOLE_CHARS)]

    def found(self, body: str) -> list[Kept]:
        if self.app is None:
            return []
        return [_kept(item) for item in self.client.store.search(body, _HISTORY) if item.body == body]

    def image(self) -> dict[str, bytes]:
        assert isinstance(self.flash, ImagedFlash)
        return self.flash.image()

    def load(self, image: dict[str, bytes]) -> None:
        assert isinstance(self.flash, ImagedFlash)
        self.flash.load(image)

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


def _kept(item: HistoryItem) -> Kept:
    return Kept(item.message_id, item.body, item.incoming, states.NAMES[item.state])
