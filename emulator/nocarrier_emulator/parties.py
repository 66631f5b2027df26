"""Those who write to each other in a campaign of deliveries: with a device of ours, or with another library's client.

In real time, at a real server.
"""

import random
import re
import time
from collections.abc import Callable, Iterator

from nocarrier import events
from nocarrier.queue import states
from nocarrier.queue.limits import QueueLimits
from nocarrier.session import steps
from nocarrier.session.line import LineProfile
from nocarrier_emulator.faultylink import DROP, FaultyLink
from nocarrier_emulator.flash import MemoryFlash, PowerCut
from nocarrier_emulator.judging import Comings
from nocarrier_emulator.netdevice import NetDevice
from nocarrier_emulator.servers.server import Server
from nocarrier_ports import runner
from nocarrier_ports.links.tcp import TcpLink

# A device needs some time to boot and to call again. A server that is asked to resume before it has worked off what it
# had read of the old stream gives a count that is too small: ejabberd did so within half a second, and passed on twice
# what was then sent again.
_REST_S = 1.0
SPEED = 8  # of the devices' clock: half a minute of patience with a server that goes down is four seconds
_HOLE_S = 1.0  # a black hole in which nobody has anything to say is one for ever: then the carrier falls
_LIMITS = QueueLimits(65536, 128)  # all is kept
BODY = re.compile(rb"<body>([^<]*)</body>")
RESULT = re.compile(
    rb"<result\s[^>]*urn:xmpp:mam:2"
)  # of an archive: the end of a page names it too, and holds no text
_LATEST = 40  # lines of a history that are looked at after a restart of the device


class Party:
    """Somebody who writes. typed: what he has typed, by whom it is for. link: his line, which can fail.

    comings: of the texts over that line; None if nobody listens.
    """

    link: FaultyLink
    comings: Comings | None = None

    def __init__(self, server: Server) -> None:
        self.typed: dict[str, list[str]] = {}
        self._server = server
        self._in_hole_since = 0.0

    def type(self, to: str, body: str) -> None:
        """He types a message to somebody at the same server."""
        raise NotImplementedError

    def step(self) -> None:
        """What is to be done now."""
        if not self.link.failed:
            self._in_hole_since = time.monotonic()
        elif time.monotonic() - self._in_hole_since > _HOLE_S:
            self.link.fail(DROP)

    def kill(self) -> None:
        """The power goes, now or soon, and comes again."""
        raise NotImplementedError

    def connected(self) -> bool:
        """Bytes can pass: the line may fail."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Online for the first time, with all that a login brings."""
        raise NotImplementedError

    def idle(self) -> bool:
        """Nothing waits and nothing is under way."""
        raise NotImplementedError

    def received(self) -> list[str]:
        """What has come from the other, in the order in which the application has it."""
        raise NotImplementedError

    def arrived(self) -> int:
        """How many those are."""
        raise NotImplementedError

    def acknowledged(self, to: str, body: str) -> bool:
        """There is the server's word for this message."""
        raise NotImplementedError

    def cuts(self) -> int:
        """How many faults that were planned for the line have happened."""
        return self.link.faults

    def trouble(self) -> str:
        """What it says that is wrong, for who looks for a fault."""
        return ""

    def close(self) -> None:
        """Logs out."""
        raise NotImplementedError


def came(data: "bytes | bytearray") -> Iterator[tuple[str, bool, int]]:
    """Of the texts in what a server has written: the text, whether it is out of an archive, and where it ends."""
    end = 0
    for match in BODY.finditer(data):
        yield match[1].decode(), RESULT.search(data, end, match.start()) is not None, match.end()
        end = match.end()


class DeviceParty(Party):
    """Somebody with a device of ours, in this process."""

    def __init__(self, server: Server, name: str, peer: str, rng: random.Random) -> None:
        super().__init__(server)
        self.got: dict[int, str] = {}  # by the device's own numbers
        self.comings: Comings = Comings()
        self.link = FaultyLink(TcpLink("127.0.0.1", server.port))
        self._name = name
        self._peer_jid = "%s@%s" % (peer, server.domain)
        self._rng = rng
        self._flash = MemoryFlash(1 << 24)
        self.device: NetDevice
        self._boot()

    def _boot(self) -> None:
        self.link = FaultyLink(TcpLink("127.0.0.1", self._server.port), self.link)
        line = LineProfile(1_000_000, 40, 1, True)
        self.device = NetDevice(
            self._server, self._name, flash=self._flash, trusted=True, line=line, inner=self.link, queue=_LIMITS,
            speed=SPEED, rest_s=_REST_S,
        )  # fmt: skip
        for item in self.device.client.store.history(self._peer_jid, _LATEST):
            if item.incoming:
                self.got.setdefault(item.seq, item.body)

    def kill(self) -> None:
        """The power goes: between two writes, or in the middle of one that is to come."""
        if self._rng.random() < 0.5:
            self._flash.cut_after_bytes = self._flash.written_bytes + self._rng.randrange(400)
        else:
            self._power_cut()

    def type(self, to: str, body: str) -> None:
        """Types a message, and again if the power went meanwhile and the history does not have it."""
        jid = "%s@%s" % (to, self._server.domain)
        self.typed.setdefault(to, []).append(body)
        while not self._with_power(lambda: self.device.client.send_message(jid, body)):
            if body in [item.body for item in self.device.client.store.history(jid, 3) if not item.incoming]:
                return

    def step(self) -> None:
        super().step()
        self._with_power(self.device.step)
        self._listen()
        for kind, value in self.device.events:
            if kind == events.MESSAGE:
                self.got.setdefault(value.seq, value.body)
        del self.device.events[:]
        del self.device.flights[:-1]

    def acknowledged(self, to: str, body: str) -> bool:
        for item in self.device.client.store.history("%s@%s" % (to, self._server.domain), 1 << 20, 0, 1 << 30):
            if item.body == body and not item.incoming:
                return bool(item.state in (states.ON_SERVER, states.DELIVERED, states.READ))
        return False

    def trouble(self) -> str:
        device = self.device
        states_now = runner.NAMES[device.runner.state], steps.NAMES[device.client.session.state]
        return "%s, %s; %r %r" % (*states_now, device.runner.error, device.client.fault)

    def connected(self) -> bool:
        return bool(self.device.runner.state == runner.CONNECTED)

    def ready(self) -> bool:
        return self.device.ready()

    def idle(self) -> bool:
        client = self.device.client
        return bool(client.online() and client.session.settled() and client.store.outbox.next_queued() is None)

    def received(self) -> list[str]:
        return [body for _, body in sorted(self.got.items())]

    def arrived(self) -> int:
        return len(self.got)

    def close(self) -> None:
        self.device.log_out()

    def _listen(self) -> None:
        """Notes what has come over the line, as the server wrote it."""
        end = 0
        kept = set(self.got.values()) if b"</body>" in self.device.got else ()
        for text, from_archive, where in came(self.device.got):
            end = where
            self.comings.came(text, from_archive, text in kept)
        del self.device.got[:end]

    def _with_power(self, act: Callable[[], object]) -> bool:
        """Returns whether the power was there until it was done."""
        try:
            act()
        except PowerCut:
            self._power_cut()
            return False
        return True

    def _power_cut(self) -> None:
        self._listen()  # its last words
        self._flash.cut_after_bytes = None
        self.link.close()
        self._flash.power_off()
        self._boot()
