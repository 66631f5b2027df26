"""What is measured: our client and its peers, each with the same few things to be told."""

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from bench.peers.processes import PeerProcess

from nocarrier.session import steps
from nocarrier.session.line import LineProfile
from nocarrier_emulator.netdevice import PLAIN, NetDevice
from nocarrier_emulator.servers.server import Server
from nocarrier_ports import runner

_STEP_S = 0.005
_PATIENCE_S = 90.0
_RESUMED = re.compile(rb"<resumed [^>]*>")


class Subject(Protocol):
    """A client whose line is a proxy; what it keeps outlives its reboots."""

    async def log_in(self) -> None:
        """Boots, connects; returns when roster and own presence were received. Raises an exception if that fails."""

    async def log_out(self) -> None:
        """Ends the session, and is switched off."""

    async def lost(self) -> None:
        """Returns when it has noticed that its connection is gone."""

    def hand_over(self, to: str, body: str) -> None:
        """A message, while it is offline."""

    def connect(self) -> None:
        """Begins to connect again."""

    async def back(self) -> bool:
        """Returns when the session was resumed: True; or is lost: False."""

    def end(self) -> None:
        """Switched off at once."""


class Ours:
    """NetDevice. user: the account; way: PLAIN, on a line that is said to be trusted, or DIRECT."""

    def __init__(self, server: Server, user: str, way: str, ca: Path, port: int, line: LineProfile) -> None:
        self._boot: Callable[[Any], NetDevice] = lambda flash: NetDevice(
            server, user, way=way, ca=None if way == PLAIN else ca, flash=flash, port=port, line=line
        )
        self._device: NetDevice | None = None
        self._flash: Any = None
        self._task: asyncio.Task[None] | None = None

    @property
    def device(self) -> NetDevice:
        assert self._device is not None, "switched off"
        return self._device

    async def log_in(self) -> None:
        self._device = self._boot(self._flash)
        self._flash = self.device.flash
        self._task = asyncio.create_task(self._live())
        await self._until(lambda: self.device.client.roster.known and self._own_presence())

    async def log_out(self) -> None:
        self.device.log_out()
        self.end()
        self._flash.power_off()

    async def lost(self) -> None:
        await self._until(lambda: self.device.runner.state != runner.CONNECTED)
        self.device.quit()  # when it calls again is our decision
        self.device.got.clear()

    def hand_over(self, to: str, body: str) -> None:
        self.device.client.send_message(to, body)

    def connect(self) -> None:
        self.device.runner.dial(self.device.now_ms())

    async def back(self) -> bool:
        await self._until(lambda: bool(_RESUMED.search(self.device.got)) or b"<failed " in self.device.got)
        return bool(_RESUMED.search(self.device.got))

    def end(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _own_presence(self) -> bool:
        # The server says the address with quotes of its own choice.
        own = re.escape(self.device.client.session.jid.encode())
        return bool(
            re.search(rb"<presence\s[^>]*from=['\"]" + own + rb"['\"][^>]*(/>|>.*</presence>)", self.device.got)
        )

    async def _live(self) -> None:
        while True:
            self.device.step()
            # Else what is measured of SCRAM would be our pauses between its slices.
            await asyncio.sleep(0 if self.device.client.session.state == steps.DERIVING else _STEP_S)

    async def _until(self, condition: Callable[[], bool]) -> None:
        began_s = time.monotonic()
        while not condition():
            assert self._task is not None
            if self._task.done():
                self._task.result()  # raises what has ended it
            if time.monotonic() - began_s > _PATIENCE_S:
                raise TimeoutError("%r %s" % (self.device.events[-3:], self.device.runner.error))
            await asyncio.sleep(_STEP_S)


class Peer:
    """A peer by its driver. words: the driver's command with all but what it keeps; folder: for that."""

    def __init__(self, words: list[str], folder: Path) -> None:
        self._words = [*words, "--state", str(folder)]
        self._process: PeerProcess | None = None

    @property
    def process(self) -> PeerProcess:
        assert self._process is not None, "switched off"
        return self._process

    async def log_in(self) -> None:
        self._process = PeerProcess(self._words)
        await self.process.start()
        await self.process.event("ready")

    async def log_out(self) -> None:
        await self.process.quit()

    async def lost(self) -> None:
        await self.process.event("lost")

    def hand_over(self, to: str, body: str) -> None:
        self.process.do("send", to=to, body=body)

    def connect(self) -> None:
        self.process.do("reconnect")

    async def back(self) -> bool:
        event = await self.process.event("resumed", "online")
        return bool(event["event"] == "resumed")

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
