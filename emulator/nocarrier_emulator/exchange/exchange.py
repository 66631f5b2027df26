"""The exchange: accounts, and the way of a stanza from one to another (RFC 6121 §8, XEP-0160, XEP-0313)."""

import copy
import random
from collections.abc import Callable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from nocarrier_emulator.clock import Action, Clock
from nocarrier_emulator.exchange.account import Account, Archived, Contact
from nocarrier_emulator.exchange.connection import Connection
from nocarrier_emulator.exchange.session import Session
from nocarrier_emulator.exchange.xml import CLIENT, make, split, sub

_SID = "urn:xmpp:sid:0"
_DELAY = "urn:xmpp:delay"


class Exchange:
    """One XMPP domain in memory.

    seed: of all ids and nonces. resume_ms: how long a session waits to be resumed. archiving: whether messages get
    into the archive and a stanza-id. mechanisms: what is offered; sasl2: by SASL2 with Bind2 as well. Its faults:
    refuses: hangs up on all who connect; h_lie: so many stanzas more than it has handled, or less, are what it says.
    """

    def __init__(self, clock: Clock, domain: str = "exchange.test", seed: int = 1) -> None:
        self.clock = clock
        self.domain = domain
        self.resume_ms = 600_000.0
        self.archiving = True
        self.mechanisms: tuple[str, ...] = ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN")
        self.iterations = 4096
        self.sasl2 = False
        self.refuses = False
        self.h_lie = 0
        self._stalled: list[Action] | None = None  # what is to be done when it goes on
        self.tells_h = True  # whether <failed/> carries the h of a session that is gone
        self.gone: dict[str, int] = {}
        self.sessions: dict[str, Session] = {}
        self._random = random.Random(seed)
        self._accounts: dict[str, Account] = {}
        self._connections: list[Connection] = []

    def add(self, user: str, password: str) -> Account:
        """A new account."""
        account = Account("%s@%s" % (user, self.domain), password)
        self._accounts[account.jid] = account
        return account

    def befriend(self, a: Account, b: Account, a_name: str = "", b_name: str = "") -> None:
        """Each is in the other's roster, subscribed both ways. a_name: what a is called in b's roster."""
        a.contacts[b.jid] = Contact(b_name, sees=True, seen=True)
        b.contacts[a.jid] = Contact(a_name, sees=True, seen=True)

    def connect(
        self, write: Callable[[bytes], None], hang_up: Callable[[], None]
    ) -> tuple[Callable[[bytes], None], Callable[[], None]]:
        """A new connection: what is to be called with bytes of the client's, and when the transport is gone."""
        if self.refuses:
            self.clock.call_later(0, hang_up)
            return lambda data: None, lambda: None
        connection = Connection(self, write, hang_up)
        self._connections.append(connection)

        def closed() -> None:
            if connection in self._connections:
                self._connections.remove(connection)
            connection.closed()

        return lambda data: self.when_running(lambda: connection.receive(data)), closed

    def stall(self, on: bool) -> None:
        """It hears and says nothing, and its connections stand; then it goes on where it was."""
        if on and self._stalled is None:
            self._stalled = []
        elif not on and self._stalled is not None:
            held, self._stalled = self._stalled, None
            for action in held:
                self.when_running(action)

    def when_running(self, action: Action) -> None:
        """Now, or when it does not stall any more."""
        if self._stalled is None:
            action()
        else:
            self._stalled.append(action)

    def restart(self, keep_sessions: bool = False) -> None:
        """As if the server were stopped and started: all connections fall; accounts and what waits stay."""
        self._stalled = None
        for connection in list(self._connections):
            connection.stream_error("system-shutdown")
        if not keep_sessions:
            for session in list(self.sessions.values()):
                session.end()

    def account(self, jid: str) -> Account | None:
        return self._accounts.get(bare(jid))

    def password_of(self, user: str) -> str | None:
        account = self._accounts.get("%s@%s" % (user, self.domain))
        return account.password if account is not None else None

    def random_bytes(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def new_id(self) -> str:
        return self.random_bytes(6).hex()

    # -- routing ----------------------------------------------------------------------------------------------------

    def route(self, stanza: Element, sender: str) -> None:
        """A stanza of a client's, on its way to somebody."""
        stanza.set("from", sender)
        to = stanza.get("to")
        name = split(stanza.tag)[1]
        target = self.account(to) if to else None
        if target is None:
            if stanza.get("type") not in ("error", "result"):
                self._bounce(stanza, sender, "service-unavailable")
        elif name == "message":
            self._message(stanza, target, sender)
        elif name == "presence":
            for session in target.available():
                session.send(copy.deepcopy(stanza))
        else:
            addressed = target.sessions.get(resource(to or ""))
            if addressed is not None:
                addressed.send(stanza)
            elif stanza.get("type") in ("get", "set"):
                self._bounce(stanza, sender, "service-unavailable")

    def deliver(self, stanza: Element, target: Account) -> None:
        """To the sessions that are there, else into the offline store. Used again for what a lost session had."""
        wanted = target.sessions.get(resource(stanza.get("to") or ""))
        sessions = [wanted] if wanted is not None else target.available()
        for there in sessions:
            there.send(copy.deepcopy(stanza))
        if not sessions and stanza.get("type") in (None, "chat", "normal"):
            if stanza.find("{%s}delay" % _DELAY) is None:
                sub(stanza, _DELAY, "delay", stamp=self.stamp(), **{"from": self.domain})
            target.offline.append(stanza)

    def _message(self, stanza: Element, target: Account, sender: str) -> None:
        origin = self.account(sender)
        if self.archiving and stanza.find("{%s}body" % CLIENT) is not None:
            if origin is not None:
                self._store(stanza, origin)
            if target is not origin:
                archive_id = self._store(stanza, target)
                sub(stanza, _SID, "stanza-id", id=archive_id, by=target.jid)
        self.deliver(stanza, target)

    def _store(self, stanza: Element, account: Account) -> str:
        archived = Archived(self.new_id(), self.stamp(), copy.deepcopy(stanza))
        account.archive.append(archived)
        return archived.id

    def _bounce(self, stanza: Element, sender: str, condition: str) -> None:
        account = self.account(sender)
        session = account.sessions.get(resource(sender)) if account is not None else None
        if session is not None:
            session.send(error_reply(stanza, condition))

    def stamp(self) -> str:
        """Now, as XEP-0082 writes it."""
        return datetime.fromtimestamp(self.clock.utc_s(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def error_reply(stanza: Element, condition: str) -> Element:
    """The stanza's error answer (RFC 6120 §8.3)."""
    error = make(CLIENT, "error", make("urn:ietf:params:xml:ns:xmpp-stanzas", condition), type="cancel")
    return make(
        CLIENT, split(stanza.tag)[1], error,
        type="error", id=stanza.get("id"), from_=stanza.get("to"), to=stanza.get("from"),
    )  # fmt: skip


def bare(jid: str) -> str:
    return jid.partition("/")[0]


def resource(jid: str) -> str:
    return jid.partition("/")[2]
