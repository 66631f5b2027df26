"""A telephone number that leads to a TCP address, as a terminal server's would. Needs ScaledClock's asyncio loop."""

import asyncio
import ssl
from typing import Any

from nocarrier_emulator.clock import Alarm, Clock
from nocarrier_emulator.dte.telnet import Coding, Raw, Telnet
from nocarrier_emulator.line.line import LineEnd
from nocarrier_emulator.phonebook import Subscriber

_SEGMENT_BYTES = 512


class TcpNumber(Subscriber):
    """Every call opens a connection to host and port.

    gather_ms: bytes from the line are sent on when the line has paused for so long, as such servers do; Prosody 13
    stalls on tokens that come in many small pieces. tls: TLS from the first byte, for callers that have none of their
    own; domain: whose certificate that is to be, if not the host's. telnet: the other side speaks that.
    """

    def __init__(
        self,
        clock: Clock,
        host: str,
        port: int,
        gather_ms: float = 100,
        tls: ssl.SSLContext | None = None,
        domain: str = "",
        telnet: bool = False,
    ) -> None:
        self._clock = clock
        self.address = (host, port)
        self._gather_ms = gather_ms
        self.tls: dict[str, Any] = {"ssl": tls, "server_hostname": domain or host} if tls else {}
        self._telnet = telnet
        self.calls: set[asyncio.Task[None]] = set()

    def answer(self, end: LineEnd) -> None:
        coding: Coding = Telnet() if self._telnet else Raw()
        call = _Call(self._clock, end, self._gather_ms, coding)
        task = asyncio.get_running_loop().create_task(call.run(*self.address, self.tls))
        self.calls.add(task)
        task.add_done_callback(self.calls.discard)


class _Call:
    """One call: a line end on one side, a socket on the other."""

    def __init__(self, clock: Clock, end: LineEnd, gather_ms: float, coding: Coding) -> None:
        self._clock = clock
        self._coding = coding
        self._end = end
        self._gather_ms = gather_ms
        self._up = bytearray()
        self._flush: Alarm | None = None
        self._room = asyncio.Event()
        self._over = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        end.on_receive, end.on_drop, end.on_room = self._from_line, self._dropped, self._room.set

    async def run(self, host: str, port: int, tls: dict[str, Any]) -> None:
        try:
            reader, self._writer = await asyncio.open_connection(host, port, **tls)
        except OSError:  # a certificate that does not prove the name too
            self._end.line.drop()
            return
        self._writer.write(self._coding.greeting)
        down = asyncio.create_task(self._copy_down(reader))
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait((down, over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            down.cancel()
            over.cancel()
            self._writer.transport.abort()
            self._end.line.drop()

    def _from_line(self, data: bytes) -> None:
        self._up += data
        if self._flush is not None:
            self._flush.cancel()
        # Not for ever: what is a segment's worth goes on.
        self._flush = self._clock.call_later(self._gather_ms if len(self._up) < _SEGMENT_BYTES else 0, self._to_socket)

    def _to_socket(self) -> None:
        self._flush = None
        if self._over.is_set():
            return
        if self._writer is None:
            self._flush = self._clock.call_later(self._gather_ms, self._to_socket)
            return
        data, self._up = bytes(self._up), bytearray()
        self._writer.write(self._coding.encoded(data))

    def _dropped(self) -> None:
        self._room.set()
        self._over.set()

    async def _copy_down(self, reader: asyncio.StreamReader) -> None:
        """To the line as fast as it takes it; when the server hangs up, only after its last words have crossed."""
        assert self._writer is not None
        while coded := await reader.read(512):
            data, answer = self._coding.decoded(coded)
            if answer:
                self._writer.write(answer)
            while data and self._end.line.up:
                data = data[self._end.write(data) :]
                await self._wait_for_room(bool(data))
        while self._end.backlog() and self._end.line.up:
            await self._wait_for_room(True)
        gone = asyncio.Event()
        self._clock.call_later(self._end.line.latency_ms * 2, gone.set)
        await gone.wait()

    async def _wait_for_room(self, needed: bool) -> None:
        if needed:
            self._room.clear()
            await self._room.wait()
