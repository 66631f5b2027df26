"""The main job, headless: two handhelds talk through 2400-baud modems while the line drops and one loses its power.

A runs on 32-bit MicroPython with everything frozen and 64 KB of heap, B on CPython or as a slixmpp client. The outcome
is judged by what each side's application has in the end: A's and B's history on flash, or slixmpp's message events.
"""

import asyncio
import json
import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from nocarrier import events
from nocarrier.queue import states
from nocarrier.session.line import LineProfile
from nocarrier.session.session import Account
from nocarrier_ports.flash import FolderFlash

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.foreign import SlixmppPeer
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service, Subscriber
from nocarrier_emulator.process import ProcessHandheld
from nocarrier_emulator.prosody import Prosody, find_program
from nocarrier_emulator.tcpnumber import TcpNumber

NUMBER = "5552368"
RATE_BPS = 2400
LATENCY_MS = 300
_TEXTS = ("hello", "Grüße aus Köln", "привет", "你好, wie geht's?", "ça va? 😀", "a <b> & \"c\" ]]>", "ok", "+++ NO CARRIER")


@dataclass
class Options:
    """What the command line says. speed: of device clock, modem and line; limit_s: of real time."""

    seed: int = 1
    speed: int = 8
    messages: int = 20
    drops: int = 6
    kills: int = 2
    server: str = "exchange"
    peer: str = "nocarrier"
    micropython: str = ""
    limit_s: float = 300.0


@dataclass
class Sent:
    """A message of the script: its text and its sender's states, with times in device seconds."""

    body: str
    states: list[tuple[float, str]] = field(default_factory=list)


class Side(Protocol):
    """One of the two that talk."""

    jid: str
    sent: list[Sent]

    async def start(self) -> None: ...
    def send(self, to: str, body: str) -> None: ...
    async def received(self) -> list[str]: ...
    def bytes_both(self) -> tuple[int, int]: ...
    async def close(self) -> None: ...


class Stage:
    """What both sides share: clock, phone book, log."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = ScaledClock(options.speed)
        self.book = PhoneBook()
        self.folder = Path(tempfile.mkdtemp(prefix="nocarrier-demo-"))
        self.logins = 0

    def modem(self) -> Modem:
        return Modem(self.clock, self.book, RATE_BPS, LATENCY_MS)

    def say(self, who: str, text: str) -> None:
        print("%8.1f  %-2s %s" % (self.clock.now_ms() / 1000, who, text), flush=True)


class MicroPythonSide:
    """A: a process that can be killed."""

    def __init__(self, stage: Stage, jid: str, password: str) -> None:
        self.jid = jid
        self.sent: list[Sent] = []
        self._stage = stage
        self.modem = stage.modem()
        folder = stage.folder / "a"
        folder.mkdir()
        settings = {
            "jid": jid, "password": password, "resource": "nc", "number": NUMBER, "rate_bps": RATE_BPS,
            "latency_ms": LATENCY_MS, "speed": stage.options.speed,
        }  # fmt: skip
        self.device = ProcessHandheld(stage.options.micropython, self.modem, folder, settings)
        self.device.on_event = self._event
        self.heap_free_bytes = 1 << 30

    async def start(self) -> None:
        await self.device.power_on()

    def send(self, to: str, body: str) -> None:
        self.sent.append(Sent(body))
        self.device.command(send=to, body=body)

    async def restart(self, off_ms: float) -> None:
        self._stage.say("A", "killed")
        await self.device.kill()
        await asyncio.sleep(off_ms / 1000 / self._stage.options.speed)
        self._stage.say("A", "switched on")
        await self.device.power_on()

    async def crash(self) -> None:
        """Raises when the process ends by itself."""
        while not self.device.crashed():
            await asyncio.sleep(0.2)
        raise RuntimeError("handheld A crashed:\n" + self.device.errors.decode(errors="replace"))

    async def received(self) -> list[str]:
        status = (await self.device.ask("status", status=1))[-1]
        self.heap_free_bytes = min(self.heap_free_bytes, status.get("heap_free_bytes", 1 << 30))
        lines: list[dict[str, Any]] = []
        while True:
            page = await self.device.ask("history_end", history=self.peer_jid, newest=8, skip=len(lines))
            lines = page[:-1] + lines
            if len(page) < 9:
                return [line["body"] for line in lines if line.get("in")]

    peer_jid = ""

    def bytes_both(self) -> tuple[int, int]:
        return self.modem.total_up, self.modem.total_down

    async def close(self) -> None:
        await self.device.close()

    def _event(self, event: dict[str, Any]) -> None:
        _log(self._stage, "A", self.sent, event)


class EmulatedSide:
    """B: the same handset in this process."""

    def __init__(self, stage: Stage, jid: str, password: str) -> None:
        self.jid = jid
        self.sent: list[Sent] = []
        self._stage = stage
        self.modem = stage.modem()
        folder = stage.folder / "b"
        folder.mkdir()
        self.handheld = Handheld(
            stage.clock, self.modem, Account(jid, password, "nc"), NUMBER, FolderFlash(str(folder)),
            stage.options.seed, LineProfile(RATE_BPS, LATENCY_MS),
        )  # fmt: skip
        self.handheld.on_event = self._event

    async def start(self) -> None:
        self.handheld.power_on()

    def send(self, to: str, body: str) -> None:
        self.sent.append(Sent(body))
        self.handheld.client.send_message(to, body)
        self.handheld.wake()

    async def received(self) -> list[str]:
        items = self.handheld.client.store.history(self.peer_jid, 500)
        return [item.body for item in items if item.incoming]

    peer_jid = ""

    def bytes_both(self) -> tuple[int, int]:
        return self.modem.total_up, self.modem.total_down

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
        _log(self._stage, "B", self.sent, event)


class ForeignSide:
    """B: slixmpp on an undisturbed connection."""

    def __init__(self, stage: Stage, jid: str, password: str, port: int) -> None:
        self.jid = jid
        self.sent: list[Sent] = []
        self._peer = SlixmppPeer(jid, password, "127.0.0.1", port)

    peer_jid = ""

    async def start(self) -> None:
        await self._peer.start()

    def send(self, to: str, body: str) -> None:
        self.sent.append(Sent(body))
        self._peer.send(to, body)

    async def received(self) -> list[str]:
        return list(self._peer.bodies)

    def bytes_both(self) -> tuple[int, int]:
        return 0, 0

    async def close(self) -> None:
        await self._peer.close()


def _log(stage: Stage, who: str, sent: list[Sent], event: dict[str, Any]) -> None:
    name = event["event"]
    if name == "state":
        index = event["seq"] - 1
        if index < len(sent):
            sent[index].states.append((stage.clock.now_ms() / 1000, event["state"]))
        return
    if name == "online":
        stage.logins += 1
    text = event.get("body") or event.get("error") or ""
    if name in ("message", "online", "offline", "fault"):
        stage.say(who, "%s %s" % (name, text))


async def _play(stage: Stage, a: MicroPythonSide, b: Any, rng: random.Random) -> None:
    """The script: messages from both sides, drops and kills at random moments of the same span."""
    options = stage.options
    span_ms = 6_000.0 * options.messages
    acts: list[tuple[float, str, Any]] = []
    for who in (a, b):
        times = sorted(rng.uniform(15_000, span_ms) for _ in range(options.messages))
        acts += [(at, "send", who) for at in times]
    victims = [side for side in (a, b) if hasattr(side, "modem")]
    acts += [(rng.uniform(8_000, span_ms), "drop", rng.choice(victims)) for _ in range(options.drops)]
    acts += [(rng.uniform(20_000, span_ms), "kill", rng.uniform(500, 8_000)) for _ in range(options.kills)]
    for at, what, which in sorted(acts, key=lambda act: act[0]):
        wait_ms = at - stage.clock.now_ms()
        if wait_ms > 0:
            await asyncio.sleep(wait_ms / 1000 / options.speed)
        if what == "send":
            other = b if which is a else a
            number = len(which.sent)
            which.send(other.jid, "%d %s" % (number + 1, _TEXTS[number % len(_TEXTS)]))
        elif what == "drop":
            # A line that is down cannot drop: the act waits for a call.
            while not which.modem.connected:
                await asyncio.sleep(0.2 / options.speed)
            stage.say("A" if which is a else "B", "carrier dropped")
            which.modem.drop_carrier()
        else:
            await a.restart(which)


async def _until_all_there(stage: Stage, a: Any, b: Any) -> None:
    """Waits until both have everything, then long enough for a doubled message to show itself."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + stage.options.limit_s
    while loop.time() < deadline:
        await asyncio.sleep(1)
        if len(await a.received()) >= len(b.sent) and len(await b.received()) >= len(a.sent):
            break
    await asyncio.sleep(15 / stage.options.speed + 0.5)


def _judge(sent: list[Sent], got: list[str]) -> dict[str, int]:
    """What went wrong between what was sent and what the other side's application has."""
    bodies = [message.body for message in sent]
    first = [body for i, body in enumerate(got) if body not in got[:i]]
    return {
        "lost": sum(body not in got for body in bodies),
        "duplicated": len(got) - len(first),
        "reordered": sum(x != y for x, y in zip(first, [b for b in bodies if b in first], strict=False)),
    }


def _print_states(who: str, sent: list[Sent]) -> None:
    for message in sent:
        trail = ", ".join("%s %.1f" % (state, at) for at, state in message.states)
        print("  %s  %-28s %s" % (who, message.body, trail))


async def run(options: Options) -> int:
    """Plays one demonstration; 0 if every message arrived exactly once and in order."""
    stage = Stage(options)
    rng = random.Random(options.seed)
    passwords = {name: "%s-%08x" % (name, rng.getrandbits(32)) for name in ("anna", "bert")}
    server, domain, subscriber = _server(stage, passwords)
    stage.book.numbers[NUMBER] = subscriber
    jids = {name: "%s@%s" % (name, domain) for name in passwords}
    a = MicroPythonSide(stage, jids["anna"], passwords["anna"])
    b: Any
    if options.peer == "slixmpp":
        assert server is not None
        b = ForeignSide(stage, jids["bert"], passwords["bert"], server.port)
    else:
        b = EmulatedSide(stage, jids["bert"], passwords["bert"])
    a.peer_jid, b.peer_jid = b.jid, a.jid
    try:
        await b.start()
        await a.start()
        playing = asyncio.create_task(_play(stage, a, b, rng))
        watching = asyncio.create_task(a.crash())
        await asyncio.wait((playing, watching), timeout=options.limit_s, return_when=asyncio.FIRST_COMPLETED)
        for task in (playing, watching):
            if task.done():
                task.result()
            task.cancel()
        await _until_all_there(stage, a, b)
        got_a, got_b = await a.received(), await b.received()
    finally:
        seconds = stage.clock.now_ms() / 1000
        await a.close()
        await b.close()
        if server is not None:
            server.remove()
        shutil.rmtree(stage.folder, ignore_errors=True)
    return _report(stage, a, b, got_a, got_b, seconds)


def _server(stage: Stage, passwords: dict[str, str]) -> tuple[Prosody | None, str, Subscriber]:
    if stage.options.server == "prosody":
        program = find_program()
        if program is None:
            raise SystemExit("there is no Prosody: make test sets it up")
        prosody = Prosody(program, passwords)
        prosody.start()
        return prosody, prosody.domain, TcpNumber(stage.clock, "127.0.0.1", prosody.port)
    exchange = Exchange(stage.clock, seed=stage.options.seed)
    accounts = [exchange.add(name, password) for name, password in passwords.items()]
    exchange.befriend(*accounts)
    return None, exchange.domain, Service(exchange.connect)


def _report(stage: Stage, a: Any, b: Any, got_a: list[str], got_b: list[str], seconds: float) -> int:
    options = stage.options
    print("\nstates and times (s):")
    _print_states("A", a.sent)
    _print_states("B", b.sent)
    verdicts = (_judge(a.sent, got_b), _judge(b.sent, got_a))
    wrong = {key: sum(verdict[key] for verdict in verdicts) for key in ("lost", "duplicated", "reordered")}
    up, down = (x + y for x, y in zip(a.bytes_both(), b.bytes_both(), strict=True))
    result = {
        "sent": len(a.sent) + len(b.sent), **wrong, "drops": options.drops, "kills": options.kills,
        "bytes_up": up, "bytes_down": down, "seconds": round(seconds, 1), "logins": stage.logins,
        "heap_free_bytes": a.heap_free_bytes, "seed": options.seed, "server": options.server, "peer": options.peer,
        "speed": options.speed,
    }  # fmt: skip
    print(json.dumps(result))
    return 0 if not any(wrong.values()) else 1
