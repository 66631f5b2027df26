"""A handheld of a world whose program runs in a process: the same commands, by the remote control's JSON lines.

What it shows and keeps is asked for a few times a second. Its screen has no inverted rows: the lines do not tell them.
"""

import asyncio
import shutil
import tempfile
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from nocarrier import events
from nocarrier.queue import states
from nocarrier.queue.limits import QueueLimits
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.dte.port import Dce
from nocarrier_emulator.hardware import Hardware, Kept
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.process import PowerLost, ProcessHandheld, Refused
from nocarrier_emulator.surface import TextSurface
from nocarrier_ports import runner as run
from nocarrier_ports.handset import keys, words

# Made of the modem, a folder of its own, and the settings (nocarrier_ports.settings), but for the port.
Program = Callable[[Dce, Path, dict[str, Any]], ProcessHandheld]

_WIDTH_PX, _HEIGHT_PX = 160, 128  # of nocarrier_ports.headless
_LOOK_S = 0.25  # of real time, between two looks at the screen; at what else there is every fourth time
_STATUS_LOOKS = 4
_PAGE = 10  # messages of a history that are asked for at once
_HISTORY = 100_000
_MOST_JOBS = 1_000  # that wait for it: what is typed then is lost, as on any keyboard
_MOST_REFUSALS = 1_000
_TEXT_CHARS = 400  # of one command: with all their bytes they fit in a line of the device's
_QUEUED = states.NAMES[states.QUEUED]
_OUT_OF_MEMORY = words.of_error(MemoryError())
_KINDS = {name: kind for kind, name in enumerate(events.NAMES)}
_KEYS = {code: name for name, code in keys.NAMES}


class RemoteHandheld(Hardware):
    """fault: what its program has ended with. refusals: what it would not do, in its words.

    What raises goes to the loop's exception handler, as what alarms of a ScaledClock raise does.
    """

    def __init__(
        self,
        clock: ScaledClock,
        modem: Modem,
        account: Account,
        number: str,
        program: Program,
        line: LineProfile,
        limits: QueueLimits,
    ) -> None:
        super().__init__(clock, modem, account, line, TextSurface(_WIDTH_PX, _HEIGHT_PX))
        self.refusals: deque[str] = deque(maxlen=_MOST_REFUSALS)
        self.least_heap_free_bytes: int | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="nocarrier-handheld-"))
        settings = {
            "jid": account.jid,
            "password": account.password,
            "resource": account.resource,
            "number": number,
            "rate_bps": line.rate_bps,
            "latency_ms": line.latency_ms,
            "segment_bytes": limits.segment_bytes,
            "segments": limits.segments,
            "speed": int(clock.speed),
        }
        self._process = program(modem, self._folder, settings)
        self._process.on_event = self._event
        self._on = False
        self._life = 0  # one from one loss of power to the next
        self._status: dict[str, Any] = {}
        self._lines: dict[str, dict[int, dict[str, Any]]] = {}  # of histories: by address and number
        self._stale: set[str] = set()  # whose history has more than is known
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._watch())]

    async def close(self) -> None:
        """Ends it, and removes its folder."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._process.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def on(self) -> bool:
        return self._on

    def power_on(self) -> None:
        if not self._on and self.charged():
            self._on = True
            self.fault = None
            self._stale |= self.peers
            self._jobs.put_nowait(self._process.power_on)

    def power_off(self) -> None:
        if self._on:
            self._on = False
            self._life += 1
            self._process.cut()
            self._jobs.put_nowait(self._process.kill)
        self._status = {}
        self.surface.fill(0)
        self.surface.show()

    def cut(self, after_bytes: int) -> None:
        """At once: nobody counts here what is written."""
        self.power_off()

    def key(self, code: int) -> None:
        self._ask("typed", key=_KEYS.get(code) or chr(code))

    def type(self, text: str) -> None:
        for at in range(0, len(text), _TEXT_CHARS):
            self._ask("typed", text=text[at : at + _TEXT_CHARS])

    def tap(self, x_px: int, y_px: int) -> None:
        """Nothing: boards without a screen have none to touch."""

    def send(self, to: str, body: str) -> bool:
        """True if it will be asked to: whether there was room is known later (refusals)."""
        self._stale.add(to)
        return self._ask("sent", send=to, body=body)

    def asks_secret(self) -> bool:
        """Never: it has the password of its settings."""
        return False

    def online(self) -> bool:
        return bool(self._status.get("online"))

    def settled(self) -> bool:
        """As far as can be seen from here: nothing waits to be sent, or to be looked at."""
        known = self.online() and not self._stale and self._jobs.empty()
        kept = [message for jid in self._lines for message in self.messages(jid)]
        return known and not any(message.state == _QUEUED and not message.incoming for message in kept)

    def redial(self) -> None:
        if self._status.get("status") == run.NAMES[run.IDLE]:
            self._status = {}  # of this one call has been made
            self.key(keys.CALL)

    def messages(self, jid: str, newest: int = _HISTORY) -> list[Kept]:
        lines = self._lines.get(jid, {})
        return [_kept(lines[number]) for number in sorted(lines)][-newest:]

    def found(self, body: str) -> list[Kept]:
        lines = {number: line for each in self._lines.values() for number, line in each.items()}
        return [_kept(lines[number]) for number in sorted(lines) if self._on and lines[number]["body"] == body]

    def out_of_memory(self) -> bool:
        """Something was refused for want of memory, again and again."""
        return _OUT_OF_MEMORY in self.refusals

    def image(self) -> dict[str, bytes]:
        return self._process.image()

    def load(self, image: dict[str, bytes]) -> None:
        """As soon as its process has ended."""
        self._lines.clear()

        async def load() -> None:
            self._process.load(image)

        self._jobs.put_nowait(load)

    async def known(self) -> None:
        """When all that was asked of it is done, and all that it shows and keeps is known from its beginning."""
        self._lines.clear()
        self._stale |= self.peers
        done = asyncio.Event()

        async def last() -> None:
            done.set()

        self._look(_STATUS_LOOKS)
        self._jobs.put_nowait(last)
        await done.wait()

    def _ask(self, last: str, **fields: Any) -> bool:
        """Returns whether that will be done: it is on, and can keep up."""
        taken = self._on and self._jobs.qsize() < _MOST_JOBS
        if taken:
            self._jobs.put_nowait(partial(self._asked, self._life, last, fields))
        return taken

    async def _asked(self, life: int, last: str, fields: dict[str, Any]) -> None:
        if life == self._life:
            await self._process.ask(last, **fields)

    async def _work(self) -> None:
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except PowerLost:
                pass
            except Refused as refusal:
                self.refusals.append(str(refusal))
            except Exception as error:
                self._broken(error)

    def _broken(self, error: Exception) -> None:
        self.power_off()
        self.fault = error
        asyncio.get_running_loop().call_exception_handler({"message": "a handheld has ended", "exception": error})

    async def _watch(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._on and self._jobs.empty():
                looks += 1
                self._look(looks)

    def _look(self, looks: int) -> None:
        self._jobs.put_nowait(partial(self._see_screen, self._life))
        if looks % _STATUS_LOOKS == 0:  # it collects the garbage for that, as it would not have done by itself
            self._jobs.put_nowait(partial(self._see_status, self._life))
        self._jobs.put_nowait(partial(self._see_histories, self._life))

    async def _see_screen(self, life: int) -> None:
        if life != self._life:
            return
        rows = (await self._process.ask("screen", screen=1))[-1]["screen"]
        if life == self._life:  # else it has gone dark meanwhile
            for row, text in enumerate(rows):
                self.surface.text(text, 0, row * _HEIGHT_PX // len(rows), 1)
            self.surface.show()

    async def _see_status(self, life: int) -> None:
        if life != self._life:
            return
        status = (await self._process.ask("status", status=1))[-1]
        if life == self._life:
            self._status = status
            free = self.heap_free_bytes = status["heap_free_bytes"]
            self.least_heap_free_bytes = min(free, self.least_heap_free_bytes or free)

    async def _see_histories(self, life: int) -> None:
        for jid in sorted(self._stale) if life == self._life else ():
            self._stale.discard(jid)  # first: more may come meanwhile
            try:
                await self._see_history(jid)
            except Exception:
                self._stale.add(jid)
                raise

    async def _see_history(self, jid: str) -> None:
        """From the newest back to what is known."""
        known = self._lines.setdefault(jid, {})
        skip, more = 0, True
        while more:
            page = (await self._process.ask("history_end", history=jid, newest=_PAGE, skip=skip))[:-1]
            more = any(line["history"] not in known for line in page)
            known.update((line["history"], line) for line in page)
            skip += len(page)

    def _event(self, event: dict[str, Any]) -> None:
        name = event["event"]
        if name == "message":
            self._stale.add(event["from"].partition("/")[0])
        elif name == "state":
            self._change(event["seq"], event["state"])
        elif name in ("online", "offline") and self._status:
            self._status["online"] = name == "online"
        self.on_event(_KINDS[name], event)

    def _change(self, number: int, state: str) -> None:
        for lines in self._lines.values():
            if number in lines:
                lines[number]["state"] = state
                return
        self._stale |= self.peers


def _kept(line: dict[str, Any]) -> Kept:
    return Kept(line["id"], line["body"], line["in"], line["state"])
