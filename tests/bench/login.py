"""What it costs to get back online over a slow line, beside slixmpp, nbxmpp and @xmpp/client at real servers.

Through a proxy that is the line, 300 ms one way: the first login of an account with 20 contacts; the next one, after a
reboot; a reconnect after the line was cut; and the way of a message that was written offline to another user's client.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.peers import processes, raw
from bench.peers.ratios import EVENTS, FIRST, MESSAGE, OURS, RECONNECT, REPEAT, Place, Row, ratios
from bench.peers.subjects import Ours, Peer, Subject

from nocarrier.session.line import LineProfile
from nocarrier_emulator.foreign import SlixmppPeer
from nocarrier_emulator.netdevice import DIRECT, PLAIN
from nocarrier_emulator.servers.certificate import Authority
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody
from nocarrier_emulator.servers.server import Server
from nocarrier_emulator.slowproxy import Figures, SlowProxy

_LATENCY_MS = 300
_RATES_BPS = (9600, 2400)
_PASSWORD = "pencil"
_OBSERVER = "watch"
_CONTACTS = ["c%02d" % number for number in range(20)]
_ACCOUNTS = [
    "u%02d" % number for number in range(20, 48)
]  # one for each client in each place: none meets another's past
_PATIENCE_S = 90.0


class Observer:
    """Somebody else, straight at the server."""

    def __init__(self, server: Server) -> None:
        self.jid = "%s@%s" % (_OBSERVER, server.domain)
        self._peer = SlixmppPeer(self.jid, _PASSWORD, "127.0.0.1", server.port)
        self._peer.on_message = lambda body: self._awaited.pop(body).set()
        self._awaited: dict[str, asyncio.Event] = {}

    async def start(self) -> None:
        await self._peer.start()

    def greet(self, jid: str) -> None:
        """Writes to somebody."""
        self._peer.send(jid, "hello")

    def awaits(self, body: str) -> asyncio.Event:
        """Set when a message with this body is there."""
        return self._awaited.setdefault(body, asyncio.Event())


async def measured(subject: Subject, jid: str, proxy: SlowProxy, observer: Observer, row: Callable[..., None]) -> None:
    """Puts the subject through all events; row(event, figures, settled, resumed) is called with what each has cost.

    After the first login somebody writes to it: an account that is used has an archive with something in it.
    """
    for event in (FIRST, REPEAT):
        proxy.reset()
        await subject.log_in()
        figures = proxy.figures()
        await proxy.quiet(raw.QUIET_S)
        row(event, figures, proxy.figures(), True)
        if event == FIRST:
            observer.greet(jid)
            await proxy.quiet(raw.QUIET_S)
            await subject.log_out()
            await proxy.quiet(raw.QUIET_S)
    await _cut(subject, proxy)
    subject.connect()
    resumed = await subject.back()
    figures = proxy.figures()
    await proxy.quiet(raw.QUIET_S)
    row(RECONNECT, figures, proxy.figures(), resumed)
    await _cut(subject, proxy)
    body = "to port %d" % proxy.port
    arrival = observer.awaits(body)
    subject.hand_over(observer.jid, body)
    subject.connect()
    await asyncio.wait_for(arrival.wait(), _PATIENCE_S)
    row(MESSAGE, proxy.figures(), proxy.figures(), True)


async def _cut(subject: Subject, proxy: SlowProxy) -> None:
    proxy.cut()
    await subject.lost()
    proxy.reset()


class Bench:
    """All places at one server, which runs. rows: what was found. failed: client, and what went wrong where."""

    def __init__(self, name: str, server: Server, authority: Authority, folder: Path) -> None:
        self.rows: list[Row] = []
        self.failed: list[tuple[str, str]] = []
        self._name = name
        self._server = server
        self._authority = authority
        self._folder = folder
        self._accounts: Iterator[str] = iter(_ACCOUNTS)

    async def run(self) -> None:
        """The places one beside the other: each has a line of its own, and nobody needs the processor for long."""
        self._observer = Observer(self._server)
        await self._observer.start()
        await asyncio.gather(*(self._place(way, rate) for way in (PLAIN, DIRECT) for rate in _RATES_BPS))

    async def _place(self, way: str, rate_bps: int) -> None:
        handshake = Figures(0, 0, 0, 0.0)
        if way == DIRECT:
            proxy = await self._line(way, rate_bps)
            handshake = await raw.handshake(proxy, self._server.tls_domain)
            proxy.close()
        place = Place(self._name, way, rate_bps, _LATENCY_MS, handshake)
        # In clear the peers prove themselves as ours does; under TLS as they like best, and by PLAIN, which is shorter.
        first = [(name, "PLAIN" if way == PLAIN else "") for name in (OURS, *processes.NAMES)]
        second = [(name, "PLAIN") for name in processes.NAMES] if way == DIRECT else []
        await asyncio.gather(self._clients(place, first), self._clients(place, second))

    async def _clients(self, place: Place, clients: list[tuple[str, str]]) -> None:
        """One after the other."""
        for name, mechanism in clients:
            words = processes.command(name)
            if name != OURS and not words:
                continue
            client = name if place.way == PLAIN or not mechanism else "%s, %s" % (name, mechanism)
            proxy = await self._line(place.way, place.rate_bps)
            user = next(self._accounts)
            jid = "%s@%s" % (user, self._server.domain if place.way == PLAIN else self._server.tls_domain)
            subject = self._subject(name, mechanism, words, place, user, proxy.port)
            row = partial(self._row, place, client)
            try:
                await measured(subject, jid, proxy, self._observer, row)
            except (processes.Failure, TimeoutError) as error:
                self.failed.append((client, "%s, %s, %d bit/s: %r" % (place.server, place.way, place.rate_bps, error)))
            finally:
                subject.end()
                proxy.close()

    def _row(self, place: Place, client: str, event: str, figures: Figures, settled: Figures, resumed: bool) -> None:
        self.rows.append(Row(place, client, event, figures, settled, resumed))

    async def _line(self, way: str, rate_bps: int) -> SlowProxy:
        port = self._server.port if way == PLAIN else self._server.tls_port
        proxy = SlowProxy(port, rate_bps, _LATENCY_MS)
        await proxy.start()
        return proxy

    def _subject(self, name: str, mechanism: str, words: list[str], place: Place, user: str, port: int) -> Subject:
        if name == OURS:
            line = LineProfile(place.rate_bps, _LATENCY_MS, trusted=place.way == PLAIN)
            return Ours(self._server, user, place.way, self._authority.root, port, line)
        domain = self._server.domain if place.way == PLAIN else self._server.tls_domain
        words = [*words, "127.0.0.1", str(port), place.way, "%s@%s/nc-%s" % (user, domain, user), _PASSWORD]
        folder = self._folder / ("%s-%s" % (self._name.split()[0], user))
        folder.mkdir()
        return Peer(words + ["--mechanism", mechanism] * bool(mechanism), folder)


async def least(server: Server, rate_bps: int) -> Figures:
    """What a resumption in clear costs a client that says nothing which is not needed."""
    proxy = SlowProxy(server.port, rate_bps, _LATENCY_MS)
    await proxy.start()
    figures = await raw.resumption(proxy, _ACCOUNTS[-1], _PASSWORD, server.domain)
    proxy.close()
    return figures


async def _all(folder: Path) -> dict[str, Any]:
    authority = Authority(folder)
    users = dict.fromkeys([*_ACCOUNTS, *_CONTACTS, _OBSERVER], _PASSWORD)
    contacts = dict.fromkeys(_ACCOUNTS, _CONTACTS) | dict.fromkeys(_CONTACTS, _ACCOUNTS)
    servers: dict[str, Server] = {}
    if program := os.environ.get("PROSODY13"):
        servers["Prosody 13"] = Prosody(program, users, authority.server, sasl2=True, contacts=contacts)
    if program := os.environ.get("EJABBERD"):
        servers["ejabberd"] = Ejabberd(program, users, authority.server, contacts=contacts)
    benches = [Bench(name, server, authority, folder) for name, server in servers.items()]
    try:
        for server in servers.values():
            server.start()
        await asyncio.gather(*(bench.run() for bench in benches))
        shortest = await least(servers["Prosody 13"], 9600) if "Prosody 13" in servers else None
    finally:
        for server in servers.values():
            server.remove()
    rows = [row for bench in benches for row in bench.rows]
    failed = [failure for bench in benches for failure in bench.failed]
    for failure in failed:
        print("failed: %s at %s" % failure)
    result: dict[str, Any] = {"rows": table(rows), **ratios(rows)}
    result["failed"] = [failure for failure in failed if failure[0] == OURS]
    for row in rows:
        at = (row.client, row.event, row.place.server, row.place.way, row.place.rate_bps)
        if shortest and at == (OURS, RECONNECT, "Prosody 13", PLAIN, 9600):
            result["ratio_bytes_down"] = round(row.settled.bytes_down / shortest.bytes_down, 3)
            print("bytes received for a resumption: %d, of which %d" % (row.settled.bytes_down, shortest.bytes_down),
                  "answer the least that can be asked")  # fmt: skip
    return result


def table(rows: list[Row]) -> list[dict[str, Any]]:
    """Prints the rows, those of one event in one place together; returns them as JSON."""

    def order_of(row: Row) -> tuple[Any, ...]:
        place = (row.place.server, row.place.way, row.place.rate_bps)
        return *place, EVENTS.index(row.event), row.client != OURS, row.client

    order = sorted(rows, key=order_of)
    before = None
    for row in order:
        if row.place != before and row.place.way == DIRECT:
            tls = row.place.handshake
            print("%-10s %-6s %5d TLS handshake" % (row.place.server, row.place.way, row.place.rate_bps), tls)
        before = row.place
        found = row.within()
        words = (row.place.server, row.place.way, row.place.rate_bps, row.event, row.client)
        numbers = (found.bytes_up, found.bytes_down, found.round_trips, found.seconds, row.limit_s())
        print("%-10s %-6s %5d %-13s %-20s" % words, "%5d up %5d down %2d round trips %6.2f s, line %6.2f s" % numbers,
              "" if row.resumed else "not resumed")  # fmt: skip
    summary(rows)
    return [row.json() for row in order]


def summary(rows: list[Row]) -> None:
    """Prints ours as the table of core/README.md."""
    print("| server | way in | first login | after a reboot | reconnect, resumed | first message |")
    print("|---|---|---|---|---|---|")
    ours = {(row.place.server, row.place.way, row.event): row.within() for row in rows if _in_summary(row)}
    for server, way in sorted({key[:2] for key in ours}, key=lambda key: (key[0] != "Prosody 13", key[1] == DIRECT)):
        cells = [ours[server, way, event] for event in EVENTS if (server, way, event) in ours]
        costs = ["%d; %d up, %d down" % (one.round_trips, one.bytes_up, one.bytes_down) for one in cells]
        words = "trusted line, PLAIN" if way == PLAIN else "direct TLS, SCRAM, then FAST"
        print("| %s | %s | %s |" % (server, words, " | ".join(costs)))


def _in_summary(row: Row) -> bool:
    return row.client == OURS and row.place.rate_bps == _RATES_BPS[0]


def main() -> dict[str, Any]:
    """Each event of each client in each place.

    Under TLS the seconds of the rows are with the handshake, all other figures without.
    """
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_all(Path(folder)))
