"""A slow line as a TCP proxy on loopback, in real time: for clients that are processes of their own.

What crosses it is counted, and how often a client had to hear an answer before it went on.
"""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

_BITS_PER_BYTE = 10
_PACKET_BYTES = 512  # handed on at once when the last of them has crossed, as IP over a modem does
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Figures:
    """What has crossed a line until some moment. seconds: since the client's connection was opened."""

    bytes_up: int
    bytes_down: int
    round_trips: int
    seconds: float


class SlowProxy:
    """A line to a port of loopback; each connection has one of its own. The counts are of all since the last reset().

    rate_bps: each way, ten bits a byte. latency_ms: one way.

    port:          where clients connect. Opening the connection takes no time, and is no round trip.
    bytes_up:      from the client, as soon as it has written them; bytes_down: to the client, when they have crossed.
    round_trips:   a client's first words are its first turn; what it says on an idle line when it has heard answers to
                   its turn n is its turn n + 1. Counted is the turn to which the last words that it heard belong.
    opened_s:      by the loop's clock, when the last connection was opened; first_byte_s: and spoken on; 0.0: not yet.
    """

    def __init__(self, target_port: int, rate_bps: int, latency_ms: int) -> None:
        self.rate_bps = rate_bps
        self.latency_ms = latency_ms
        self.port = 0
        self.bytes_up = self.bytes_down = self.round_trips = 0
        self.opened_s = self.first_byte_s = 0.0
        self._target_port = target_port
        self._connections: set[_Connection] = set()
        self._listener: asyncio.Server | None = None

    async def start(self) -> None:
        """Begins to listen."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Connection(self).client, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def open_to_server(self, end: "_End") -> None:
        """Connects an end of its own to the target."""
        await asyncio.get_running_loop().create_connection(lambda: end, "127.0.0.1", self._target_port)

    def reset(self) -> None:
        """Counts anew."""
        self.bytes_up = self.bytes_down = self.round_trips = 0
        self.opened_s = self.first_byte_s = 0.0

    def figures(self) -> Figures:
        """What has crossed until now."""
        seconds = asyncio.get_running_loop().time() - self.opened_s if self.opened_s else 0.0
        return Figures(self.bytes_up, self.bytes_down, self.round_trips, seconds)

    async def quiet(self, for_s: float) -> None:
        """Returns when nothing has crossed for so long, either way; it should be longer than an answer takes."""
        before = -1
        while before != self.bytes_up + self.bytes_down or any(connection.busy() for connection in self._connections):
            before = self.bytes_up + self.bytes_down
            await asyncio.sleep(for_s)

    def cut(self) -> None:
        """Resets the connections, on both sides; what is on its way is lost."""
        for connection in list(self._connections):
            connection.cut()

    def close(self) -> None:
        """Cuts, and listens no longer."""
        self.cut()
        if self._listener is not None:
            self._listener.close()

    def joined(self, connection: "_Connection") -> None:
        """A client has connected."""
        self._connections.add(connection)
        self.opened_s, self.first_byte_s = asyncio.get_running_loop().time(), 0.0

    def left(self, connection: "_Connection") -> None:
        """A connection is over."""
        self._connections.discard(connection)


class _End(asyncio.Protocol):
    """One of the two sockets of a connection."""

    def __init__(self, on_open: Callable[[], None], on_data: Callable[[bytes], None], on_lost: Callable[[], None]):
        self.transport: asyncio.Transport | None = None
        self._ended = False
        self._on_open, self._on_data, self._on_lost = on_open, on_data, on_lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._on_open()

    def data_received(self, data: bytes) -> None:
        self._on_data(data)

    def eof_received(self) -> bool:
        if not self._ended:  # asyncio of Python 3.11.2 says it again when reading is resumed
            self._ended = True
            self._on_data(b"")
        return True  # the other direction may go on

    def connection_lost(self, error: Exception | None) -> None:
        self._on_lost()

    def write(self, data: bytes) -> None:
        """b"": there is no more to come."""
        if self.transport is None or self.transport.is_closing():
            return
        if data:
            self.transport.write(data)
        else:
            with suppress(OSError):  # the other side has reset it, which is about to be seen
                self.transport.write_eof()

    def cut(self) -> None:
        """By a reset, not in order."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            self.transport.abort()


class _Way:
    """One direction. put() data as part of a turn; deliver(data, turn) is called when it has crossed. b"": the end."""

    def __init__(self, proxy: SlowProxy, deliver: Callable[[bytes, int], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._proxy = proxy
        self._deliver = deliver
        self._waiting: deque[tuple[bytes, int]] = deque()
        self.idle = True
        self.under_way = 0  # packets that have not arrived

    def put(self, data: bytes, turn: int) -> None:
        self._waiting.append((data, turn))
        if self.idle:
            self._transmit(self._loop.time())

    def _transmit(self, began_s: float) -> None:
        """By the line's own arithmetic, so that late calls by the loop do not add up."""
        self.idle = not self._waiting
        if self.idle:
            return
        data, turn = self._packet()
        over_s = began_s + len(data) * _BITS_PER_BYTE / self._proxy.rate_bps
        latency_s = self._proxy.latency_ms / 1000
        # Behind the last data, whose time the end would share.
        self._loop.call_at(over_s + latency_s if data else over_s + latency_s + 0.001, self._arrive, data, turn)
        self._loop.call_at(over_s, self._transmit, over_s)
        self.under_way += 1

    def _arrive(self, data: bytes, turn: int) -> None:
        self.under_way -= 1
        self._deliver(data, turn)

    def _packet(self) -> tuple[bytes, int]:
        """What waits of one turn, as far as it fits."""
        data, turn = self._waiting.popleft()
        while data and len(data) < _PACKET_BYTES and self._waiting and self._waiting[0][1] == turn:
            more = self._waiting[0][0]
            if not more:
                break
            self._waiting.popleft()
            data += more
        if len(data) > _PACKET_BYTES:
            self._waiting.appendleft((data[_PACKET_BYTES:], turn))
        return data[:_PACKET_BYTES], turn


class _Connection:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, proxy: SlowProxy) -> None:
        self.client = _End(self._opened, self._from_client, self._lost)
        self._proxy = proxy
        self._server = _End(self._answered, self._from_server, self._server_lost)
        self._server_ended = False
        self._up = _Way(proxy, self._to_server)
        self._down = _Way(proxy, self._to_client)
        self._turn = self._reached = self._heard = 0  # the client's; what has reached the server; and the answers to it
        self._ends = 0
        self._opening: asyncio.Task[None] | None = None

    def busy(self) -> bool:
        return self._up.under_way + self._down.under_way > 0

    def cut(self) -> None:
        self._proxy.left(self)
        self.client.cut()
        self._server.cut()

    def _opened(self) -> None:
        assert self.client.transport is not None
        self._proxy.joined(self)
        self.client.transport.pause_reading()
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        try:
            await self._proxy.open_to_server(self._server)
        except OSError:
            self.cut()

    def _answered(self) -> None:
        if self.client.transport is None or self.client.transport.is_closing():
            self.cut()
        else:
            self.client.transport.resume_reading()

    def _from_client(self, data: bytes) -> None:
        if data and self._up.idle:  # else it follows without a pause what it had to say anyway
            self._turn = self._heard + 1
        if data and not self._proxy.first_byte_s:
            self._proxy.first_byte_s = asyncio.get_running_loop().time()
        self._proxy.bytes_up += len(data)
        self._up.put(data, self._turn)

    def _to_server(self, data: bytes, turn: int) -> None:
        self._reached = turn
        self._server.write(data)
        self._ended(data)

    def _from_server(self, data: bytes) -> None:
        self._server_ended = self._server_ended or not data
        self._down.put(data, self._reached)

    def _to_client(self, data: bytes, turn: int) -> None:
        if self.client.transport is None or self.client.transport.is_closing():
            return
        self._heard = turn
        if data:
            self._proxy.round_trips = max(self._proxy.round_trips, turn)
        self._proxy.bytes_down += len(data)
        self.client.write(data)
        self._ended(data)

    def _ended(self, data: bytes) -> None:
        """b"" has been handed on: both sides have ended when this is the second."""
        self._ends += not data
        if self._ends == 2:
            for end in (self.client, self._server):
                if end.transport is not None:
                    end.transport.close()

    def _server_lost(self) -> None:
        """If it has ended in order, what it said last is still on its way, though its socket may be gone."""
        if not self._server_ended:
            self._lost()

    def _lost(self) -> None:
        """One of the two sockets is gone, and so is the other."""
        self.cut()
