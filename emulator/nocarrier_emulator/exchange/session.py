"""A bound resource, which outlives its connection: presence, and the counters of stream management (XEP-0198)."""

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from nocarrier_emulator.clock import Alarm
from nocarrier_emulator.exchange import services
from nocarrier_emulator.exchange.xml import CLIENT, SM, make, serialize, split

if TYPE_CHECKING:
    from nocarrier_emulator.exchange.account import Account
    from nocarrier_emulator.exchange.connection import Connection
    from nocarrier_emulator.exchange.exchange import Exchange

COUNT = 1 << 32


class Session:
    """A bound resource: presence, and the stream management that survives a lost connection."""

    def __init__(self, exchange: "Exchange", account: "Account", resource: str) -> None:
        self.exchange = exchange
        self.account = account
        self.resource = resource
        self.jid = "%s/%s" % (account.jid, resource)
        self.presence: Element | None = None
        self.interested = False  # in what changes in the roster
        self.connection: "Connection | None" = None
        self.sm_id = ""
        self.handled = 0
        self.sent = 0
        self.unacked: list[Element] = []
        self._expiry: Alarm | None = None
        self._asking: Alarm | None = None

    def send(self, stanza: Element) -> None:
        """To the client, now or after its resumption."""
        if self.sm_id:
            self.sent += 1
            self.unacked.append(stanza)
        if self.connection is not None:
            self.connection.write(serialize(stanza))
            if self.sm_id and self._asking is None:
                # One request for a burst.
                self._asking = self.exchange.clock.call_later(100, self._ask)

    def _ask(self) -> None:
        self._asking = None
        if self.connection is not None:
            self.connection.write(serialize(make(SM, "r")))

    def acknowledged(self, h: int) -> bool:
        """The client has h stanzas; False if that many were never sent."""
        left = (self.sent - h) % COUNT
        if not 0 <= h < COUNT or left > len(self.unacked):
            return False
        self.unacked = self.unacked[len(self.unacked) - left :]
        return True

    def detach(self) -> None:
        """The connection is gone: wait for a resumption, or end."""
        self.connection = None
        if self.sm_id and self.exchange.resume_ms > 0:
            self._expiry = self.exchange.clock.call_later(self.exchange.resume_ms, self.end)
        else:
            self.end()

    def attach(self, connection: "Connection") -> None:
        """A new connection has resumed this session."""
        if self._expiry is not None:
            self._expiry.cancel()
        if self.connection is not None:
            self.connection.session = None
            self.connection.stream_error("conflict")
        self.connection = connection

    def end(self) -> None:
        """Gone for good: what the client has not acknowledged goes the way of messages to somebody who is away."""
        if self._expiry is not None:
            self._expiry.cancel()
        if self.account.sessions.get(self.resource) is self:
            del self.account.sessions[self.resource]
        if self.sm_id:
            self.exchange.sessions.pop(self.sm_id, None)
            self.exchange.gone[self.sm_id] = self.handled
        if self.presence is not None:
            self.presence = None
            services.broadcast(self, make(CLIENT, "presence", type="unavailable"))
        for stanza in self.unacked:
            if split(stanza.tag)[1] == "message" and stanza.get("type") != "error":
                self.exchange.deliver(stanza, self.account)
        self.unacked = []
