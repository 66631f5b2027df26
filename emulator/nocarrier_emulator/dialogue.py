"""A client and a test that plays its server, word by word, with an injected clock. Runs on MicroPython too."""

from nocarrier.client import Client
from nocarrier.limits import ClientLimits
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier.wire.limits import WireLimits
from nocarrier_emulator.flash import MemoryFlash

try:
    from typing import Optional

    from nocarrier.queue.storage import Storage
    from nocarrier.session.ways import Bindings
except ImportError:
    pass

OWN = "anna@exchange.test"
FULL = OWN + "/nc"
PEER = "bert@exchange.test"
STANZA_BYTES = 2048
PASSWORD = "pencil & \u00fcnsafe"

HEADER = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s' version='1.0'>"
PLAIN_OFFERED = (
    b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>"
    b"</stream:features>"
)
SUCCESS = b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
BIND_OFFERED = (
    b"<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>"
)
BOUND = (
    b"<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>"
    + FULL.encode()
    + b"</jid></bind></iq>"
)
ENABLED = b"<enabled xmlns='urn:xmpp:sm:3' id='sm-%d' resume='true'/>"
ROSTER = (
    b"<iq type='result' id='%s'><query xmlns='jabber:iq:roster'><item jid='"
    + PEER.encode()
    + b"' name='Bert' subscription='both'/></query></iq>"
)
LAST_PAGE = b"<iq type='result' id='%s'><fin xmlns='urn:xmpp:mam:2' complete='true'>%s</fin></iq>"


class CountingEntropy:
    """Bytes that are never the same twice, and the same in every run."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return (self._count.to_bytes(4, "little") * (size // 4 + 1))[:size]


class Dialogue:
    """A device with its flash, its clock and one line.

    flash: kept by reboot(). pieces: how many bytes the client gets at once; 0: all that the server says.
    """

    def __init__(
        self,
        flash: "Optional[Storage]" = None,
        line: "Optional[LineProfile]" = None,
        limits: "Optional[ClientLimits]" = None,
        queue: "Optional[QueueLimits]" = None,
        pieces: int = 0,
        now_ms: int = 0,
        account: "Optional[Account]" = None,
    ) -> None:
        self.flash = flash or MemoryFlash()
        self.account = account or Account(OWN, PASSWORD, "nc")
        self.line = line or LineProfile(1_000_000, 100, 10_000, True)
        self.now_ms = now_ms
        self.events: "list[tuple[int, object]]" = []
        self._limits = limits or ClientLimits(WireLimits(STANZA_BYTES, 256), STANZA_BYTES)
        self._queue = queue or QueueLimits()
        self._pieces = pieces
        self._entropy = CountingEntropy()
        self._sm = 0
        self.client: Client
        self.reboot()

    def reboot(self) -> None:
        """The power went; only what is on flash is left. What was under way on the line stays unsaid."""
        self.client = None  # type: ignore[assignment]  # two at once would be too much for 64 KB
        self.client = Client(self.account, Store(self.flash, self._queue), self.line, self._entropy, self._limits)
        self.client.open()

    def server(self, data: bytes) -> bytes:
        """The server says this; returns what the client says to it."""
        step = self._pieces or max(1, len(data))
        for at in range(0, len(data), step):
            self.client.receive(memoryview(data)[at : at + step], self.now_ms)
        return self.said()

    def said(self) -> bytes:
        """What the client says now; its events are collected."""
        out = b""
        while True:
            data = self.client.take(4096, self.now_ms)
            self._collect()
            if not data:
                return out
            out += data

    def wait(self, delay_ms: int) -> bytes:
        """Time passes; returns what the client says."""
        self.now_ms = (self.now_ms + delay_ms) & 0x3FFFFFFF
        self.client.tick(self.now_ms)
        return self.said()

    def up(self, tls: "Optional[Bindings]" = None, starttls: bool = False) -> bytes:
        """The line stands, with this TLS or with one to come; returns the client's first words."""
        self.client.link_up(self.now_ms, tls, starttls)
        return self.said()

    def down(self) -> None:
        """The line is gone."""
        self.client.link_down()
        self._collect()

    def kinds(self) -> "list[int]":
        """The kinds of the events so far."""
        return [kind for kind, _ in self.events]

    def values(self, kind: int) -> "list[object]":
        """The values of all events of a kind so far."""
        return [value for k, value in self.events if k == kind]

    # -- whole exchanges --------------------------------------------------------------------------------------------

    def authenticate(self) -> bytes:
        """A login with PLAIN on a trusted line up to the second features; returns what the client says behind it."""
        self.up()
        self.server(HEADER + PLAIN_OFFERED)
        return self.server(SUCCESS) + self.server(HEADER + BIND_OFFERED)

    def bind(self) -> bytes:
        """Binds and enables; returns the client's first requests."""
        self._sm += 1
        return self.server(BOUND + ENABLED % self._sm)

    def log_in(self, last: str = "") -> bytes:
        """All the way online, roster and an empty archive included; returns what the client says at the end.

        last: id of the archive's newest entry.
        """
        said = self.authenticate() + self.bind()
        rsm = b"<set xmlns='http://jabber.org/protocol/rsm'><last>%s</last></set>" % last.encode() if last else b""
        return self.server(
            ROSTER % self.id_of(said, b"jabber:iq:roster") + LAST_PAGE % (self.id_of(said, b"mam:2"), rsm)
        )

    def resume(self, h: int) -> bytes:
        """Logs in, resumes, and proves the stream alive; returns what the client says since it was resumed."""
        self.authenticate()
        said = self.server(b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-%d' h='%d'/>" % (self._sm, h))
        return said + self.server(b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % h)

    @staticmethod
    def id_of(said: bytes, what: bytes) -> bytes:
        """The id of the request that holds these words."""
        end = said.find(what)
        begin = said.rfind(b" id='", 0, end)
        assert end >= 0 and begin >= 0, (said, what)
        return said[begin + 5 : said.find(b"'", begin + 5)]

    def _collect(self) -> None:
        while True:
            event = self.client.next_event()
            if event is None:
                return
            self.events.append(event)
