"""Serves the page: one WebSocket a browser, on which the world's state goes down and commands come up.

aiohttp does HTTP and WebSockets. All browsers see the same world.
"""

import asyncio
import ipaddress
import json
from pathlib import Path
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from nocarrier_emulator.commands import RATES_BPS
from nocarrier_emulator.line.profile import shipped
from nocarrier_emulator.web.desk import SPEEDS
from nocarrier_emulator.web.wire import NoWire, Wire
from nocarrier_ports.handset import font, letters

_PAGE = Path(__file__).parent / "page"
_FRAME_S = 0.05
# The device's own: its letters, and the eight bytes of each.
_LETTERS = "".join(map(chr, range(letters.FIRST, letters.LAST + 1))) + font.OTHERS.decode("utf-16-be")
_FONT = {letter: list(font.BITS[8 * i : 8 * i + 8]) for i, letter in enumerate(_LETTERS)}
_COMMAND_BYTES = 1 << 20  # of one command, which may be a whole scenario
# The page loads nothing from elsewhere, and nobody may frame it.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Shown(Protocol):
    """What a page can show: a desk with its world, or a device on a cable."""

    @property
    def wire(self) -> Wire | NoWire: ...
    def command(self, command: Any) -> None: ...
    def recording(self) -> str: ...
    def state(self) -> dict[str, Any]: ...
    def raised(self, error: BaseException) -> None: ...


class Server:
    """desk: what is shown. host: the name or address under which it is served."""

    def __init__(self, desk: Shown, host: str) -> None:
        self._desk = desk
        self._host = host
        self._sockets: set[web.WebSocketResponse] = set()

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get("/recording.toml", self._recording)
        app.router.add_get("/world", self._world_socket)
        app.router.add_static("/page", _PAGE)
        app.on_response_prepare.append(self._add_headers)
        app.on_shutdown.append(self._close_sockets)
        return app

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_PAGE / "index.html")

    async def _recording(self, request: web.Request) -> web.StreamResponse:
        if not _is_ours(request.url.host or "", self._host):
            raise web.HTTPForbidden(text="not from this page")
        try:
            return web.Response(text=self._desk.recording(), content_type="application/toml")
        except ValueError as error:
            raise web.HTTPNotFound(text=str(error)) from None

    async def _world_socket(self, request: web.Request) -> web.WebSocketResponse:
        # A page of another site must not press keys here, even if its name leads to this machine.
        same = request.headers.get("Origin", "").partition("://")[2] == request.host
        if not same or not _is_ours(request.url.host or "", self._host):
            raise web.HTTPForbidden(text="not from this page")
        socket = web.WebSocketResponse(max_msg_size=_COMMAND_BYTES, heartbeat=30)
        await socket.prepare(request)
        self._sockets.add(socket)
        frames = asyncio.create_task(self._send_frames(socket))
        try:
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    await self._command(socket, message.data)
        finally:
            frames.cancel()
            self._sockets.discard(socket)
        return socket

    async def _command(self, socket: web.WebSocketResponse, data: str) -> None:
        try:
            self._desk.command(json.loads(data))
        except (ValueError, RecursionError) as error:
            await socket.send_json({"refused": str(error)})

    async def _send_frames(self, socket: web.WebSocketResponse) -> None:
        """The state, whenever it has changed, at most so many times a second; and what has crossed the lines."""
        await socket.send_json({"rates_bps": RATES_BPS, "profiles": list(shipped()), "speeds": SPEEDS, "font": _FONT})
        shown, wire = "", 0
        while not socket.closed:
            frame = json.dumps(self._desk.state())
            if frame != shown:
                shown = frame
                await socket.send_str(frame)
            if wire != self._desk.wire.count:
                rows, wire = self._desk.wire.since(wire), self._desk.wire.count
                await socket.send_json({"wire": rows, "world": self._desk.wire.worlds})
            await asyncio.sleep(_FRAME_S)

    async def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(_HEADERS)

    async def _close_sockets(self, app: web.Application) -> None:
        for socket in list(self._sockets):
            await socket.close()


def _is_ours(name: str, host: str) -> bool:
    """True for addresses, which no foreign domain can be, and for the names that lead here by the user's word."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in ("localhost", host)
    return True
