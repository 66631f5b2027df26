"""The run loop: one client on one link, kept online for as long as the user wishes.

step() does what is to be done now and returns; whoever calls it decides how to wait: a bare loop on a microcontroller
(loop.py), asyncio, or the emulator's clock. Failures wait longer each time, with jitter, until a login succeeds.
"""

from nocarrier.compat import const
from nocarrier.errors import PeerError
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier.queue.storage import StorageError
from nocarrier.session.errors import StreamError, may_retry, patience_ms
from nocarrier_ports.links.link import LinkError, NoCarrier

try:
    from typing import Callable, Optional

    from nocarrier.client import Client
    from nocarrier.errors import NocarrierError
    from nocarrier_ports.links.link import Link
except ImportError:
    pass

IDLE = const(0)  # hung up by the user, or waiting for the user after an error
OPENING = const(1)
CONNECTED = const(2)
CLOSING = const(3)
WAITING = const(4)  # for the next try

_MOST_TRIES = const(6)  # after which waits grow no longer
_LOOK_MS = const(50)  # between two looks at a link that opens or closes and does not say when

NAMES = ("hung up", "calling", "connected", "hanging up", "waiting")


class RunnerLimits:
    """buffer_bytes: read and written at once. retry_ms: first and longest wait between tries.

    billed_ms: what every call is paid for at least, however short: so long is the first wait then, and the longest ten
    times as much. hops: how often servers may send us elsewhere before a login succeeds (RFC 6120 §4.9.3.19).
    conflicts: how many calls in a row may end because our address was taken by another connection (§4.9.3.3). A dead
    one of ours does that when its last bytes arrive late; a second device with our resource does it for ever.
    """

    def __init__(
        self,
        buffer_bytes: int = 256,
        retry_ms: "tuple[int, int]" = (2_000, 120_000),
        billed_ms: int = 0,
        hops: int = 2,
        conflicts: int = 2,
    ) -> None:
        self.buffer_bytes = buffer_bytes
        self.retry_ms = max(retry_ms[0], billed_ms), max(retry_ms[1], 10 * billed_ms)
        self.hops = hops
        self.conflicts = conflicts


class Meter:
    """What a line costs: bytes both ways, calls, logins."""

    def __init__(self) -> None:
        self.bytes_up = 0
        self.bytes_down = 0
        self.calls = 0
        self.logins = 0


class Runner:
    """Drives client and link. entropy: for the jitter."""

    def __init__(
        self, client: Client, link: Link, entropy: "Callable[[int], bytes]", limits: "Optional[RunnerLimits]" = None
    ) -> None:
        self.client = client
        self.link = link
        self.meter = Meter()
        self.state = IDLE
        self.error: "Optional[Exception]" = None
        self._limits = limits or RunnerLimits()
        self._entropy = entropy
        self._buf = bytearray(self._limits.buffer_bytes)
        self._pending = b""
        self._tries = self._hops = self._conflicts = 0
        self._least_ms = 0  # to wait, as the last error wants it
        self._due_ms = 0
        self._now_ms = 0
        self._wanted = False
        self._logged_in = False

    def dial(self, now_ms: int) -> None:
        """The user wants to be online, from now on."""
        self._wanted = True
        if self.state in (IDLE, WAITING):
            self._tries = self._hops = self._conflicts = 0
            self._open(now_ms)

    def hang_up(self, now_ms: int) -> None:
        """The user wants to be offline. The session stays resumable; to end it, client.log_out() before."""
        self._wanted = False
        if self.state in (OPENING, CONNECTED):
            self._close_link(now_ms)
        elif self.state == WAITING:
            self.state = IDLE

    def step(self, now_ms: int, utc_s: int = 0) -> None:
        """Does what is to be done at this time."""
        self._now_ms = now_ms
        if self.state != CONNECTED:
            self.client.tick(now_ms, utc_s)  # it stamps what is written offline too
        try:
            if self.state == OPENING:
                self._opening(now_ms)
            elif self.state == CONNECTED:
                self._connected(now_ms, utc_s)
            elif self.state == CLOSING:
                self._go_on_closing(now_ms)
            elif self.state == WAITING and ticks_diff(now_ms, self._due_ms) >= 0:
                self._open(now_ms)
        except LinkError as error:
            if self.state == CONNECTED and self.client.fault is not None:
                self._give_up(self.client.fault, now_ms)  # the server has said why before it hung up
            else:
                self._failed(error, now_ms)

    def deadline_ms(self) -> "Optional[int]":
        """When step() is wanted although nothing was received; None: never."""
        if self.state == WAITING:
            return self._due_ms
        link_ms = self.link.deadline_ms() if self.state != IDLE else None
        if link_ms is None and self.state in (OPENING, CLOSING):
            return ticks_add(self._now_ms, _LOOK_MS)
        # While the link takes nothing, the client's wish to write more is no reason to come back.
        client_ms = self.client.deadline_ms() if self.state == CONNECTED and not self._pending else None
        if link_ms is None or client_ms is None:
            return client_ms if link_ms is None else link_ms
        return link_ms if ticks_diff(link_ms, client_ms) < 0 else client_ms

    def _open(self, now_ms: int) -> None:
        self.state = OPENING
        self.meter.calls += 1
        try:
            self.link.open(now_ms)
        except LinkError as error:
            self._failed(error, now_ms)

    def _opening(self, now_ms: int) -> None:
        if self.link.ready(now_ms):
            self.state = CONNECTED
            self._pending = b""
            self._logged_in = False
            self.client.link_up(now_ms, self.link.tls(), self.link.starts_tls())
            self._connected(now_ms, 0)

    def _connected(self, now_ms: int, utc_s: int) -> None:
        client = self.client
        self.link.poll(now_ms)
        for _ in range(4):  # a fast line must not starve the keys
            n = self.link.read_into(self._buf)
            if n == 0:
                if self.link.stirred():
                    client.heard(now_ms)
                if self.link.carrier() is False:  # only when its last words have been read
                    raise NoCarrier()
                if self.link.doubtful() and not client.doubt(now_ms):
                    raise NoCarrier()
                break
            self.meter.bytes_down += n
            client.receive(memoryview(self._buf)[:n], now_ms)
            if client.fault is not None:
                break
        client.tick(now_ms, utc_s)
        self._write(now_ms)
        if client.wants_tls():
            self.link.start_tls(now_ms)
            self.state = OPENING
            return
        if client.online() and not self._logged_in:
            self._logged_in = True
            if not isinstance(self.error, StorageError):
                self._tries = self._hops = 0
            self.error = None
            self.meter.logins += 1
        if client.fault is not None:
            self._give_up(client.fault, now_ms)

    def _write(self, now_ms: int) -> None:
        """Hands out what the line takes; what it does not take is kept, since its order is fixed."""
        while True:
            if not self._pending:
                self._pending = self.client.take(self._limits.buffer_bytes, now_ms)
                if not self._pending:
                    return
            n = self.link.write(self._pending)
            self.meter.bytes_up += n
            self._pending = self._pending[n:]
            if self._pending:
                return

    def _give_up(self, fault: NocarrierError, now_ms: int) -> None:
        """The client cannot go on with this stream."""
        self.error = fault
        self._least_ms = patience_ms(fault)
        clash = isinstance(fault, StreamError) and fault.condition == "conflict"
        self._conflicts = self._conflicts + 1 if clash else 0
        if not (may_retry(fault) or self._follows(fault) or 0 < self._conflicts <= self._limits.conflicts):
            self._wanted = False
        if isinstance(fault, StorageError):
            self._tries = _MOST_TRIES  # calling at once would only fill the flash's place with costs
        self._close_link(now_ms)

    def _follows(self, fault: NocarrierError) -> bool:
        """True if the server sends us elsewhere, and is one from whom we take that: not anybody on the line."""
        if not isinstance(fault, PeerError) or fault.condition != "see-other-host" or self._hops >= self._limits.hops:
            return False
        self._hops += 1
        return (self.link.tls() is not None or self.client.trusted) and self.link.redirect(fault.text)

    def _close_link(self, now_ms: int) -> None:
        if self.state == CONNECTED:
            self.client.link_down()
        self.state = CLOSING
        self._go_on_closing(now_ms)

    def _go_on_closing(self, now_ms: int) -> None:
        """Why it is closed, and how long to wait then, was known before: a link that fails now changes nothing."""
        try:
            if self.link.closing(now_ms):
                return
        except LinkError as error:
            self.error = self.error or error
        self._closed(now_ms)

    def _closed(self, now_ms: int) -> None:
        self.link.close()
        self.state = IDLE
        if self._wanted:
            self._wait(self._least_ms, now_ms)
        self._least_ms = 0

    def _failed(self, error: LinkError, now_ms: int) -> None:
        """The line is gone, or could not be had."""
        if self.state == CONNECTED:
            self.client.link_down()
        self.link.close()
        self.error = error
        self._conflicts = 0
        self.state = IDLE
        if error.retry_ms is None:
            self._wanted = False
        elif self._wanted:
            self._wait(error.retry_ms, now_ms)

    def _wait(self, least_ms: int, now_ms: int) -> None:
        first, most = self._limits.retry_ms
        wait_ms = min(max(least_ms, first << min(self._tries, _MOST_TRIES)), max(most, least_ms))
        # Up to a quarter more, so that a hundred handhelds do not call at once.
        wait_ms += wait_ms * self._entropy(1)[0] // 1024
        self._tries += 1
        self.state = WAITING
        self._due_ms = ticks_add(now_ms, wait_ms)
