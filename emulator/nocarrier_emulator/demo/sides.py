"""The sides of a demonstration: a device that is a process, a handheld in this process, a slixmpp client."""

import asyncio
from pathlib import Path
from typing import Any

from nocarrier import events
from nocarrier.queue import states
from nocarrier.queue.limits import QueueLimits
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.demo.stage import NUMBER, Sent, Stage
from nocarrier_emulator.foreign import SlixmppPeer
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.process import FirmwareHandheld, PowerLost, ProcessHandheld, UnixHandheld
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

    async def count(self) -> int:
        """How many those are, without a look at all of them."""
        return len(await self.received())

    def bytes_both(self) -> tuple[int, int]:
        """Bytes up and down over this side's line."""
        return (self.modem.meter.bytes_up, self.modem.meter.bytes_down) if self.modem is not None else (0, 0)

    async def close(self) -> None:
        raise NotImplementedError


class DeviceSide(Side):
    """A: 32-bit MicroPython with everything frozen and a small heap, or the firmware in QEMU; it can be killed.

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
            "rate_bps": stage.options.rate_bps,
            "latency_ms": stage.options.latency_ms,
            "speed": stage.options.speed,
            "segments": stage.options.segments,
            "trusted": stage.options.trusted,
        }
        self.device = self._device(folder, settings)
        self.device.on_event = self._event
        self.logged_in = asyncio.Event()  # once at least
        self._online = False
        self.heap_free_bytes = 0
        self._came: set[int] = set()  # numbers of messages that have been seen in the history
        self._to_type: asyncio.Queue[str] = asyncio.Queue()
        self._on = asyncio.Event()
        self._typist: asyncio.Task[None] | None = None

    def _device(self, folder: Path, settings: dict[str, Any]) -> ProcessHandheld:
        options = self._stage.options
        if options.firmware:
            return FirmwareHandheld(options.qemu, options.firmware, self.modem, folder, settings)
        return UnixHandheld(options.micropython, self.modem, folder, settings, options.heap)

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
        self._stage.kills_online += self._online
        self._online = False
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

    async def count(self) -> int:
        came: set[int] = set()
        skip = 0
        while True:  # from the newest back to one that is known
            page = await self._page(skip)
            came.update(line["history"] for line in page if line["in"])
            if not page or came & self._came:
                self._came |= came
                return len(self._came)
            skip += len(page)

    async def look(self) -> None:
        """The user opens the conversation, and so tells the server that somebody is looking (XEP-0352)."""
        await self.device.ask("typed", key="Escape")
        await self.device.ask("typed", key="Enter")

    async def screen(self) -> list[str]:
        """The lines of the screen that have text."""
        answer = await self.device.ask("screen", screen=1)
        return [line for line in answer[-1]["screen"] if line.strip()]

    async def close(self) -> None:
        if self._typist is not None:
            self._typist.cancel()
        await self.device.close()

    def _event(self, event: dict[str, Any]) -> None:
        if event["event"] in ("online", "offline"):
            self._online = event["event"] == "online"
            self.logged_in.set()
        self._stage.log("A", self.sent, event)

    async def _taken(self, body: str) -> bool:
        """Whether the newest message that the device has taken is this one."""
        skip = 0
        while page := await self._page(skip):
            for line in reversed(page):
                if not line["in"]:
                    return bool(line["body"] == body)
            skip += len(page)
        return False

    async def _history(self) -> list[dict[str, Any]]:
        lines: dict[int, dict[str, Any]] = {}  # by number: what comes while it is paged would move the pages
        skip = 0
        while page := await self._page(skip):
            lines.update((line["history"], line) for line in page)
            skip += len(page)
        return [line for _, line in sorted(lines.items())]

    async def _page(self, skip: int) -> list[dict[str, Any]]:
        """Some lines of the conversation, oldest first: the newest, but for so many."""
        newest = self._stage.options.page
        return (await self.device.ask("history_end", history=self.peer_jid, newest=newest, skip=skip))[:-1]

    async def _type(self) -> None:
        while True:
            body = await self._to_type.get()
            typed = False
            while not typed:
                await self._on.wait()
                try:
                    if not await self._taken(body):
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
            LineProfile(stage.options.rate_bps, stage.options.latency_ms, trusted=stage.options.trusted),
            QueueLimits(8192, stage.options.segments),
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
