"""Finds the servers of a domain by SRV records (RFC 6120 §3.2.1, XEP-0368), over UDP, and remembers them.

A line that is slow is not to be asked twice: what was found is kept as long as it may be, within limits. Nothing waits;
resolved() goes on. A domain without such records is its own server, at the port of old.
"""

from nocarrier.compat import const
from nocarrier.modular import ticks_diff
from nocarrier_ports.links import dns
from nocarrier_ports.links.link import NetError
from nocarrier_ports.links.udp import UdpQuestion

try:
    from typing import Callable, Optional
except ImportError:
    pass

# The services, and whether TLS begins at once there.
_SERVICES = (("_xmpps-client._tcp.", True), ("_xmpp-client._tcp.", False))
_USUAL_PORT = const(5222)
_MOST_TARGETS = const(6)
_MOST_DOMAINS = const(4)
_LEAST_KEPT_S = const(60)
_MOST_KEPT_S = const(86_400)


class Target:
    """A server to be tried. direct: TLS begins with the connection."""

    def __init__(self, host: str, port: int, direct: bool) -> None:
        self.host = host
        self.port = port
        self.direct = direct


class Resolver:
    """server: address and port of a name server; timeout_ms, and tries for each service: see UdpQuestion. entropy(n): n
    random bytes. direct: whether servers whose TLS begins at once are of use.
    """

    def __init__(
        self,
        server: "tuple[str, int]",
        entropy: "Callable[[int], bytes]",
        timeout_ms: int = 5_000,
        tries: int = 3,
        direct: bool = True,
    ) -> None:
        self._question = UdpQuestion(server, "name server", timeout_ms, tries)
        self._entropy = entropy
        self._services = _SERVICES if direct else _SERVICES[1:]
        self._kept: "dict[str, tuple[int, int, list[Target]]]" = {}  # domain: since when, how long in ms, what
        self._domain = ""
        self._service = self._number = 0
        self._found: "list[tuple[dns.Record, bool]]" = []
        self._denied = False  # the domain says that it has no such service
        self.targets: "list[Target]" = []

    def ask(self, domain: str, now_ms: int) -> None:
        """Begins; resolved() says when `targets` is there. Raises NetError if the domain is no name."""
        self.close()
        self._domain = domain
        kept = self._kept.get(domain)
        if kept is not None and ticks_diff(now_ms, kept[0]) < kept[1]:
            self.targets = kept[2]
            return
        self.targets = []
        self._found = []
        self._service = 0
        self._denied = False
        self._question.open()
        self._begin_service(now_ms)

    def resolved(self, now_ms: int) -> bool:
        """True when `targets` is there, best first. Raises NetError if the domain has no server, or nobody says so."""
        while True:
            message = self._question.answer(dns.ANSWER_BYTES + 1)
            if message is None:
                break
            self._take(message, now_ms)
        if self._question.overdue(now_ms):
            self._send(now_ms)
        return not self._question.is_open()

    def deadline_ms(self) -> "Optional[int]":
        return self._question.deadline_ms()

    def forget(self, domain: str) -> None:
        """What is known of the domain has not helped."""
        self._kept.pop(domain, None)

    def close(self) -> None:
        self._question.close()

    # -- one service after the other --------------------------------------------------------------------------------

    def _name(self) -> str:
        return self._services[self._service][0] + self._domain

    def _begin_service(self, now_ms: int) -> None:
        self._question.begin()
        self._send(now_ms)

    def _send(self, now_ms: int) -> None:
        """A new number each time: a late answer to an earlier question is no answer."""
        number = self._entropy(2)
        self._number = number[0] << 8 | number[1]
        try:
            question = dns.question(self._number, self._name())
        except dns.DnsError:
            self._question.fail("no such domain")
        self._question.ask(question, now_ms)

    def _take(self, message: bytes, now_ms: int) -> None:
        try:
            code, records = dns.answer(message, self._number, self._name())
        except dns.DnsError:
            return  # somebody else's, or noise: the right one may still come
        if code not in (0, dns.NO_SUCH_NAME):
            return  # this one cannot say; ask again in time
        direct = self._services[self._service][1]
        for record in records:
            if record.target:
                self._found.append((record, direct))
            else:
                self._denied = True
        self._service += 1
        if self._service < len(self._services):
            self._begin_service(now_ms)
        else:
            self._finish(now_ms)

    def _finish(self, now_ms: int) -> None:
        self.close()
        kept_s = _MOST_KEPT_S
        if self._found:
            self.targets = self._ordered()
            kept_s = min([record.ttl_s for record, _ in self._found])
        elif self._denied:
            raise NetError("the domain has no such server", 600_000)
        else:
            self.targets = [Target(self._domain, _USUAL_PORT, False)]
            kept_s = _LEAST_KEPT_S
        if len(self._kept) >= _MOST_DOMAINS:
            self._kept.clear()
        kept_s = min(max(kept_s, _LEAST_KEPT_S), _MOST_KEPT_S)
        self._kept[self._domain] = (now_ms, 1000 * kept_s, self.targets)

    def _ordered(self) -> "list[Target]":
        """By priority, and among equals at random by weight (RFC 2782); both services as one (XEP-0368 §3)."""
        left = self._found
        targets: "list[Target]" = []
        while left and len(targets) < _MOST_TARGETS:
            best = min([record.priority for record, _ in left])
            equals = [found for found in left if found[0].priority == best]
            chance = self._entropy(2)
            point = (chance[0] << 8 | chance[1]) * (sum([record.weight for record, _ in equals]) + 1) >> 16
            for found in equals:
                point -= found[0].weight
                if point <= 0:
                    break
            targets.append(Target(found[0].target, found[0].port, found[1]))
            left = [other for other in left if other is not found]
        return targets
