"""A link to whatever server a domain names (RFC 6120 §3.2): its servers are tried in their order, within one call."""

from nocarrier_ports.links.address import port_of, redirected
from nocarrier_ports.links.link import Link, LinkError, NoCarrier
from nocarrier_ports.links.resolver import Resolver, Target

try:
    from typing import Callable, Optional

    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass

_USUAL_PORT = "5222"


class DomainLink(Link):
    """make(target): the link to one server, whose certificate must be the domain's and not the server's own name's."""

    def __init__(self, domain: str, resolver: Resolver, make: "Callable[[Target], Link]") -> None:
        self._domain = domain
        self._resolver = resolver
        self._make = make
        self._inner: "Optional[Link]" = None
        self._elsewhere: "Optional[Target]" = None
        self._left: "list[Target]" = []
        self._target: "Optional[Target]" = None
        self._up = False

    def open(self, now_ms: int) -> None:
        self.close()
        self._left = []
        if self._elsewhere is not None:
            self._left, self._elsewhere = [self._elsewhere], None
            self._next(now_ms)
        else:
            self._resolver.ask(self._domain, now_ms)

    def ready(self, now_ms: int) -> bool:
        if self._inner is None:
            if not self._resolver.resolved(now_ms):
                return False
            self._left = list(self._resolver.targets)
            self._next(now_ms)
        while True:
            try:
                assert self._inner is not None
                self._up = self._inner.ready(now_ms)
                return self._up
            except LinkError as error:
                if self._up or error.retry_ms is None or not self._left:
                    self._resolver.forget(self._domain)
                    raise
                self._next(now_ms)

    def _next(self, now_ms: int) -> None:
        """The next server that can be begun with."""
        while True:
            if self._inner is not None:
                self._inner.close()
            self._target = self._left.pop(0)
            self._inner = self._make(self._target)
            self._up = False
            try:
                self._inner.open(now_ms)
                return
            except LinkError:
                if not self._left:
                    self._resolver.forget(self._domain)
                    raise

    def redirect(self, address: str) -> bool:
        found = redirected(address, _USUAL_PORT)
        if found is None:
            return False
        direct = self._target is not None and self._target.direct
        self._elsewhere = Target(found[0].strip("[]"), port_of(found[1]), direct)
        return True

    # -- what the server's link does --------------------------------------------------------------------------------

    def _open_link(self) -> Link:
        if self._inner is None:
            raise NoCarrier("not open")
        return self._inner

    def tls(self) -> "Optional[dict[str, bytes]]":
        return self._open_link().tls()

    def starts_tls(self) -> bool:
        return self._open_link().starts_tls()

    def start_tls(self, now_ms: int) -> None:
        self._open_link().start_tls(now_ms)

    def stirred(self) -> bool:
        return self._open_link().stirred()

    def doubtful(self) -> bool:
        return self._open_link().doubtful()

    def poll(self, now_ms: int) -> None:
        self._open_link().poll(now_ms)

    def read_into(self, buf: "Buffer") -> int:
        return self._open_link().read_into(buf)

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        return self._open_link().write(data)

    def carrier(self) -> "Optional[bool]":
        return self._open_link().carrier()

    def closing(self, now_ms: int) -> bool:
        return self._inner.closing(now_ms) if self._inner is not None else False

    def close(self) -> None:
        self._resolver.close()
        if self._inner is not None:
            self._inner.close()
            self._inner = None

    def deadline_ms(self) -> "Optional[int]":
        return self._resolver.deadline_ms() if self._inner is None else self._inner.deadline_ms()

    def status(self) -> str:
        return "looking up" if self._inner is None else self._inner.status()
