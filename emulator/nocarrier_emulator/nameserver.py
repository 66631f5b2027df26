"""A name server on loopback, with the records that it is given: dnslib's, with faults that can be switched on."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

from dnslib import RCODE, RR, DNSError
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer


class NameServer(BaseResolver):  # type: ignore[misc]
    """A context manager. zone: text in the form of zone files. asked: names, in their order.

    drops: how many questions are not answered first. code: what each answer says instead of its records. twist: called
    with each answer's bytes, returns those that are sent.
    """

    def __init__(self, zone: str) -> None:
        self.records = RR.fromZone(zone)
        self.asked: list[str] = []
        self.drops = 0
        self.code = 0
        self.twist: Callable[[bytes], bytes] = lambda data: data
        logger = DNSLogger("-recv,-send,-request,-reply,-truncated,-error", False)
        self._server = DNSServer(self, port=0, address="127.0.0.1", logger=logger, handler=_Handler)
        self.port: int = self._server.server.server_address[1]

    def __enter__(self) -> "NameServer":
        self._server.start_thread()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()
        self._server.server.server_close()

    def resolve(self, request: Any, handler: Any) -> Any:
        """What dnslib asks for."""
        self.asked.append(str(request.q.qname).rstrip("."))
        reply = request.reply()
        if self.code:
            reply.header.rcode = self.code
            return reply
        found = [record for record in self.records if record.rname == request.q.qname]
        if not found:
            reply.header.rcode = RCODE.NXDOMAIN
        for record in found:
            if record.rtype == request.q.qtype:
                reply.add_answer(record)
        return reply


class _Handler(DNSHandler):  # type: ignore[misc]
    """One question, answered as its name server wants."""

    def get_reply(self, data: bytes) -> bytes:
        owner = self.server.resolver
        if owner.drops:
            owner.drops -= 1
            raise DNSError("dropped")
        twisted: bytes = owner.twist(super().get_reply(data))
        return twisted
