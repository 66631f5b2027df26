"""A client on TCP, with or without TLS, in real time: its server is a process of its own."""

import ssl
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from nocarrier import events
from nocarrier.client import Client
from nocarrier.limits import ClientLimits
from nocarrier.modular import ticks_diff
from nocarrier.queue import states
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.storage import Storage
from nocarrier.queue.store import Store
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.servers.server import Server
from nocarrier_ports.links.desktop_tls import TlsLink
from nocarrier_ports.links.link import Link
from nocarrier_ports.links.tcp import TcpLink
from nocarrier_ports.runner import Runner, RunnerLimits

PLAIN, STARTTLS, DIRECT = "plain", "starttls", "direct"
_PAUSE_MS = 2_000  # in real time, before the archive is looked at again: a server is no quicker than its devices' clock


class NetDevice:
    """One user's device.

    way: PLAIN, STARTTLS or DIRECT, for the server's domain that has it. ca: the PEM file of the root that is trusted
    under TLS. trusted: the user's word for the line. quick, legacy: see Account. flash: of an earlier device, or new.
    carbons: see Account. domain, port, line, inner (what carries the bytes): others than the usual. handshake_ms: see
    TlsLink's silence_ms. speed: of its clock, so that its patience with servers and lines is shorter. rest_s: of real
    time, before it calls for the first time, and again after a call that was lost.
    """

    def __init__(
        self,
        server: Server,
        user: str,
        password: str | None = None,
        way: str = PLAIN,
        ca: Path | None = None,
        flash: Storage | None = None,
        trusted: bool = False,
        quick: bool = False,
        legacy: bool = False,
        domain: str = "",
        port: int = 0,
        line: LineProfile | None = None,
        inner: Link | None = None,
        handshake_ms: int = 60_000,
        carbons: bool = False,
        resource: str = "",
        queue: QueueLimits | None = None,
        speed: int = 1,
        rest_s: float = 0.0,
    ) -> None:
        self._speed = speed
        self.flash = flash or MemoryFlash()
        domain = domain or (server.domain if way == PLAIN else server.tls_domain)
        password, resource = password or server.users.get(user), resource or "nocarrier-" + user
        account = Account("%s@%s" % (user, domain), password, resource, quick, legacy, carbons=carbons)
        count = iter(range(1 << 30))

        def entropy(size: int) -> bytes:
            return (next(count).to_bytes(4, "big") + time.monotonic_ns().to_bytes(8, "big") * 4)[:size]

        line = line or LineProfile(1_000_000, 10, 5_000, trusted)
        limits = ClientLimits(pause_ms=max(ClientLimits().pause_ms, _PAUSE_MS * speed))
        self.client = Client(account, Store(self.flash, queue or QueueLimits()), line, entropy, limits)
        self.client.open()
        port = port or {PLAIN: server.port, STARTTLS: server.starttls_port, DIRECT: server.tls_port}[way]
        self.link: Link = inner or TcpLink("127.0.0.1", port)
        if way != PLAIN:
            context = ssl.create_default_context(cafile=ca) if ca else None
            self.link = TlsLink(self.link, domain, way == STARTTLS, context, handshake_ms)
        rest_ms = int(rest_s * 1000 * speed)
        self.runner = Runner(self.client, self.link, entropy, RunnerLimits(4096, (rest_ms or 50, rest_ms or 200)))
        self.events: list[tuple[int, Any]] = []
        self.said = bytearray()  # inside TLS, if there is any
        self.got = bytearray()  # likewise
        self.flights: list[bytearray] = []  # the same, a new one whenever it speaks after it has heard something
        self._heard = True
        self._listen_in()
        self._dials_at = time.monotonic() + rest_s

    def now_ms(self) -> int:
        """The clock of the machine, as a device's wraps."""
        return time.monotonic_ns() * self._speed // 1_000_000 & 0x3FFFFFFF

    def step(self) -> None:
        """What is to be done now."""
        if self._dials_at and time.monotonic() >= self._dials_at:
            self._dials_at = 0.0
            self.runner.dial(self.now_ms())
        self.runner.step(self.now_ms(), int(time.time()))
        while event := self.client.next_event():
            self.events.append(event)

    def busy(self) -> bool:
        """More is to be done at once: a key is being derived, slice by slice."""
        due_ms = self.runner.deadline_ms()
        return due_ms is not None and ticks_diff(due_ms, self.now_ms()) <= 0

    def run(self, until: Callable[[], object], seconds: float = 20, others: "Iterable[NetDevice]" = ()) -> None:
        """Goes on, with others, until something is true. Raises AssertionError if that takes too long."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            for device in (self, *others):
                device.step()
            if until():
                return
            if not any(device.busy() for device in (self, *others)):
                time.sleep(0.005)
        raise AssertionError("not within %d s: %r %s" % (seconds, self.events[-5:], self.runner.error))

    def values(self, kind: int) -> list[Any]:
        """The values of all events of a kind so far."""
        return [value for k, value in self.events if k == kind]

    def online(self) -> bool:
        return self.client.online()

    def ready(self) -> bool:
        """Online, roster and archive read."""
        return self.online() and self.client.roster.known and self.client._reader._catch_up.done

    def state(self, jid: str) -> str:
        """What has become of the newest message to or from a contact."""
        return states.NAMES[self.client.store.history(jid, 1)[-1].state]

    def fault(self) -> str:
        """The condition of the newest fault, "" if there was none."""
        faults = self.values(events.FAULT)
        return getattr(faults[-1], "condition", str(faults[-1])) if faults else ""

    def flight(self, words: bytes) -> int:
        """In which flight, counted from 1, these words were said first; 0 if never."""
        return next((n for n, flight in enumerate(self.flights, 1) if words in flight), 0)

    def cut(self) -> None:
        """The socket dies under it; flights are counted anew."""
        self.link.close()
        self.flights.clear()
        self._heard = True

    def quit(self) -> None:
        """Hangs up; the session stays resumable."""
        self.runner.hang_up(self.now_ms())

    def log_out(self) -> None:
        """Ends the session and hangs up."""
        self.client.log_out()
        self.step()
        self.quit()

    def _listen_in(self) -> None:
        write, read_into = self.link.write, self.link.read_into

        def spoken(data: bytes | bytearray | memoryview) -> int:
            size = write(data)
            if size:
                self.said += data[:size]
                if self._heard:
                    self.flights.append(bytearray())
                self.flights[-1] += data[:size]
                self._heard = False
            return size

        def heard(buf: bytearray | memoryview) -> int:
            size = read_into(buf)
            self.got += buf[:size]
            self._heard = self._heard or size > 0
            return size

        self.link.write = spoken  # type: ignore[method-assign]
        self.link.read_into = heard  # type: ignore[method-assign]
