"""The sides of a demonstration: a MicroPython process, a handheld in this process, a slixmpp client."""

import asyncio
from typing import Any

from nocarrier import events
from nocarrier.queue import states
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.demo.stage import LATENCY_MS, NUMBER, RATE_BPS, Sent, Stage
from nocarrier_emulator.foreign import SlixmppPeer
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.process import PowerLost, ProcessHandheld
from nocarrier_ports.flash import FolderFlash


class Side:
    """One of the two that talk. sent: what its user has typed; modem: None if its line is not ours to disturb."""

    modem: Any = None

    def __init__(self, stage: Stage, jid: str, peer_jid: str) -> None:
        self.jid = jid
        self.peer_jid = peer_jid
        self.sent: list[Sent] = []
        self._stage = stage

    async def start(self) -> None:
        raise NotImplementedError

    def send(self, body: str) -> None:
        """The user types a message and presses Enter."""
        raise NotImplementedError

    async def received(self) -> list[str]:
        """The texts that this side's application has, in its order, as often as it has them."""
        raise NotImplementedError

    def bytes_both(self) -> tuple[int, int]:
        """Bytes up and down over this side's line."""
        return (self.modem.total_up, self.modem.total_down) if self.modem is not None else (0, 0)

    async def close(self) -> None:
        raise NotImplementedError


class MicroPythonSide(Side):
    """A: 32-bit MicroPython, everything frozen, 64 KB of heap; it can be killed.

    Its user looks at the screen: a message that the handheld had not taken when its power went is typed once more.
    """

    def __init__(self, stage: Stage, jid: str, password: str, peer_jid: str) -> None:
        super().__init__(stage, jid, peer_jid)
        self.modem = stage.modem()
        folder = stage.folder / "a"
        folder.mkdir()
        settings = {
            "jid": jid,
            "password": password,
            "resource": "nc",
            "number": NUMBER,
            "rate_bps": RATE_BPS,
            "latency_ms": LATENCY_MS,
            "speed": stage.options.speed,
        }
        options = stage.options
        self.device = ProcessHandheld(options.micropython, self.modem, folder, settings, options.heap)
        self.device.on_event = lambda event: stage.log("A", self.sent, event)
        self.heap_free_bytes = 0
        self._to_type: asyncio.Queue[str] = asyncio.Queue()
        self._on = asyncio.Event()
        self._typist: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.device.power_on()
        self._on.set()
        self._typist = asyncio.create_task(self._type())

    def send(self, body: str) -> None:
        self.sent.append(Sent(body))
        self._to_type.put_nowait(body)

    async def restart(self, off_ms: float) -> None:
        """The battery falls out, and is put back."""
        self._on.clear()
        await self.device.kill()
        self._stage.kills += 1
        self._stage.say("A", "killed")
        await asyncio.sleep(off_ms / 1000 / self._stage.options.speed)
        await self.device.power_on()
        self._stage.say("A", "switched on")
        self._on.set()

    async def crash(self) -> None:
        """Raises when the process ends by itself, or the typist fails."""
        while not self.device.crashed():
            await asyncio.sleep(0.2)
            if self._typist is not None and self._typist.done():
                self._typist.result()
        raise RuntimeError(self.device.last_words())

    async def received(self) -> list[str]:
        status = (await self.device.ask("status", status=1))[-1]
        self.heap_free_bytes = status["heap_free_bytes"]
        return [line["body"] for line in await self._history() if line["in"]]

    async def screen(self) -> list[str]:
        """Opens the conversation and looks: the lines of the screen that have text."""
        await self.device.ask("typed", key="Escape")
        await self.device.ask("typed", key="Enter")
        answer = await self.device.ask("screen", screen=1)
        return [line for line in answer[-1]["screen"] if line.strip()]

    async def close(self) -> None:
        if self._typist is not None:
            self._typist.cancel()
        await self.device.close()

    async def _history(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        while True:
            page = await self.device.ask("history_end", history=self.peer_jid, newest=2, skip=len(lines))
            lines = page[:-1] + lines
            if len(page) == 1:
                return lines

    async def _type(self) -> None:
        while True:
            body = await self._to_type.get()
            typed = False
            while not typed:
                await self._on.wait()
                try:
                    if body not in [line["body"] for line in await self._history() if not line["in"]]:
                        await self.device.ask("sent", send=self.peer_jid, body=body)
                    typed = True
                except PowerLost:
                    pass


class EmulatedSide(Side):
    """B: the same handset in this process."""

    def __init__(self, stage: Stage, jid: str, password: str, peer_jid: str) -> None:
        super().__init__(stage, jid, peer_jid)
        self.modem = stage.modem()
        folder = stage.folder / "b"
        folder.mkdir()
        self.handheld = Handheld(
            stage.clock,
            self.modem,
            Account(jid, password, "nc"),
            NUMBER,
            FolderFlash(str(folder)),
            stage.options.seed,
            LineProfile(RATE_BPS, LATENCY_MS),
        )
        self.handheld.on_event = self._event

    async def start(self) -> None:
        self.handheld.power_on()

    def send(self, body: str) -> None:
        self.sent.append(Sent(body))
        self.handheld.send(self.peer_jid, body)

    async def received(self) -> list[str]:
        items = self.handheld.client.store.history(self.peer_jid, 500)
        return [item.body for item in items if item.incoming]

    async def close(self) -> None:
        self.handheld.power_off()

    def _event(self, kind: int, value: Any) -> None:
        event: dict[str, Any] = {"event": events.NAMES[kind]}
        if kind == events.STATE:
            event.update(seq=value[0], state=states.NAMES[value[1]])
        elif kind == events.MESSAGE:
            event.update(body=value.body)
        elif kind == events.FAULT:
            event.update(error=str(value))
        self._stage.log("B", self.sent, event)


class ForeignSide(Side):
    """B: slixmpp on an undisturbed connection; its messages are counted as its event handler gets them."""

    def __init__(self, stage: Stage, jid: str, password: str, peer_jid: str, port: int) -> None:
        super().__init__(stage, jid, peer_jid)
        self._peer = SlixmppPeer(jid, password, "127.0.0.1", port)
        self._peer.on_message = lambda body: stage.say("B", "message " + body)

    async def start(self) -> None:
        await self._peer.start()

    def send(self, body: str) -> None:
        self.sent.append(Sent(body))
        self._peer.send(self.peer_jid, body)

    async def received(self) -> list[str]:
        return list(self._peer.bodies)

    async def close(self) -> None:
        await self._peer.close()
