"""Servers in the built-in exchange's place: real ones, which handhelds call in scaled real time."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from nocarrier.errors import UsageError
from nocarrier.jid import checked
from nocarrier_emulator.clock import Clock, ScaledClock
from nocarrier_emulator.servers.server import Server
from nocarrier_emulator.tcpnumber import TcpNumber

_TLS_PORT, _PORT = 5223, 5222
_MOST_ACCOUNTS = 4  # on one page
_GATHER_MS = 20  # of real time; Prosody stalls on tokens that come in many small pieces


@dataclass(frozen=True)
class Outside:
    """passwords: of the accounts there, by name; None: the handheld asks its user. Who knows whom is its matter.

    restart(): begins to restart it; None: it is not ours.
    """

    domain: str
    passwords: Mapping[str, str | None]
    subscriber: TcpNumber
    restart: Callable[[], object] | None


def started(server: Server, clock: ScaledClock) -> Outside:
    """One that we have started, and its users. Needs a running loop."""
    loop = asyncio.get_running_loop()
    restarting = threading.Lock()

    def restart() -> None:
        with restarting:
            server.stop()
            server.start()

    number = TcpNumber(clock, "127.0.0.1", server.port, _GATHER_MS * clock.speed)
    return Outside(server.domain, server.users, number, lambda: loop.run_in_executor(None, restart))


def of_accounts(jids: list[str], address: str, ca: str, clock: Clock) -> Outside:
    """Accounts that somebody has; no password is given here.

    address: [tls://|tcp://]host[:port], "" for the domain's own name; the modem speaks TLS in the handhelds' place if
    nothing else is said, and wants the certificate to be the domain's. ca: a PEM file with the root that is trusted
    instead of the system's, or "". Raises ValueError.
    """
    names, domain = _names(jids)
    parts = urlsplit(address if "://" in address else "tls://" + (address or domain))
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if parts.scheme not in ("tls", "tcp") or not host or parts.path or parts.query or parts.username is not None:
        raise ValueError("a server is [tls://|tcp://]host[:port], not %r" % address)
    try:
        tls = ssl.create_default_context(cafile=ca or None) if parts.scheme == "tls" else None
    except OSError as error:
        raise ValueError("%s is no root in PEM that can be read: %s" % (ca, error.strerror or error)) from None
    number = TcpNumber(clock, host, port or (_TLS_PORT if tls else _PORT), _GATHER_MS, tls, domain)
    return Outside(domain, dict.fromkeys(names), number, None)


def _names(jids: list[str]) -> tuple[list[str], str]:
    """Of accounts, and the domain that they have in common."""
    try:
        parts = [checked(jid).partition("@") for jid in jids]
    except UsageError as error:
        raise ValueError(str(error)) from None
    names, domains = [part[0] for part in parts], {part[2] for part in parts}
    if len(set(names)) != len(names) or len(domains) != 1 or len(names) > _MOST_ACCOUNTS:
        raise ValueError("up to %d different accounts of one domain are wanted" % _MOST_ACCOUNTS)
    if not all(names) or "" in domains:
        raise ValueError("an account is name@domain")
    return names, domains.pop()
