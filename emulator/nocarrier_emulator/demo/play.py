"""The demonstration: two handhelds talk through 2400-baud modems while the line drops and one loses its power.

A runs on 32-bit MicroPython with everything frozen and 64 KB of heap, or on a Cortex-M3 in QEMU, B on CPython or as a
slixmpp client. The outcome is judged by what each side's application has in the end: A's and B's history on flash, or
slixmpp's message events.
"""

import asyncio
import json
import random
import shutil
from collections.abc import Coroutine

from nocarrier.queue import states
from nocarrier_emulator.demo.sides import DeviceSide, EmulatedSide, ForeignSide, Side
from nocarrier_emulator.demo.stage import NUMBER, Options, Sent, Stage
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.judging import judge
from nocarrier_emulator.phonebook import Service, Subscriber
from nocarrier_emulator.servers.prosody import Prosody, find_program
from nocarrier_emulator.tcpnumber import TcpNumber

_RECEIPT_MS = 300_000  # the device's time for the last receipt: a call that drops, is dialled again and caught up

_TEXTS = (
    "hello",
    "Grüße aus Köln",
    "привет",
    "你好, wie geht's?",
    "ça va? 😀",
    'a <b> & "c" ]]>',
    "ok",
    "+++ NO CARRIER",
)


async def run(options: Options) -> int:
    """Plays one demonstration; 0 if every message arrived exactly once and in order."""
    stage = Stage(options)
    rng = random.Random(options.seed)
    passwords = {name: "%s-%08x" % (name, rng.getrandbits(32)) for name in ("anna", "bert")}
    server, domain, subscriber = _server(stage, passwords)
    try:
        stage.book.numbers[NUMBER] = subscriber
        a, b = _sides(stage, passwords, domain, server)
        got_a, got_b, screen, seconds = await _played(stage, a, b, rng)
    finally:
        if server is not None:
            server.remove()
        shutil.rmtree(stage.folder, ignore_errors=True)
    print("\nA's screen:", *screen, sep="\n  ")
    return _report(stage, a, b, got_a, got_b, seconds)


def _sides(stage: Stage, passwords: dict[str, str], domain: str, server: Prosody | None) -> tuple[DeviceSide, Side]:
    anna, bert = ("%s@%s" % (name, domain) for name in passwords)
    a = DeviceSide(stage, anna, passwords["anna"], bert)
    if stage.options.peer == "slixmpp":
        assert server is not None
        return a, ForeignSide(stage, bert, passwords["bert"], anna, server.port)
    return a, EmulatedSide(stage, bert, passwords["bert"], anna)


async def _played(
    stage: Stage, a: DeviceSide, b: Side, rng: random.Random
) -> tuple[list[str], list[str], list[str], float]:
    """Both sides from switching on to off: what A and B have received, A's screen, and the seconds."""
    options = stage.options
    try:
        await b.start()
        await a.start()
        await _watched(a, _play(stage, a, b, rng), options.limit_s())
        await _watched(a, _all_there(stage, a, b), options.limit_s())
        got_a, got_b = await a.received(), await b.received()
        return got_a, got_b, await a.screen(), stage.clock.now_ms() / 1000
    finally:
        await a.close()
        await b.close()


def _server(stage: Stage, passwords: dict[str, str]) -> tuple[Prosody | None, str, Subscriber]:
    strangers = ["contact%d" % number for number in range(stage.options.contacts)]
    if stage.options.server == "prosody":
        program = find_program()
        if program is None:
            raise SystemExit("there is no Prosody: make test sets it up")
        prosody = Prosody(program, passwords, contacts={"anna": ["bert", *strangers], "bert": ["anna"]})
        try:
            prosody.start()
        except BaseException:
            prosody.remove()
            raise
        return prosody, prosody.domain, TcpNumber(stage.clock, "127.0.0.1", prosody.port)
    exchange = Exchange(stage.clock, seed=stage.options.seed)
    anna, bert = [exchange.add(name, password) for name, password in passwords.items()]
    exchange.befriend(anna, bert)
    for name in strangers:
        exchange.befriend(anna, exchange.add(name, "-"))
    return None, exchange.domain, Service(exchange.connect)


async def _watched(a: DeviceSide, job: Coroutine[None, None, None], limit_s: float) -> None:
    """Runs a job until it ends, handheld A crashes (raises), or real time is over."""
    tasks = [asyncio.create_task(job), asyncio.create_task(a.crash())]
    await asyncio.wait(tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
    try:
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()


async def _play(stage: Stage, a: DeviceSide, b: Side, rng: random.Random) -> None:
    """The script: messages from both sides, drops and kills at random moments of the same span."""
    options = stage.options
    span_ms = options.script_ms()
    acts: list[tuple[float, str, Side | float]] = []
    for side in (a, b):
        times = sorted(rng.uniform(15_000, span_ms) for _ in range(options.messages))
        acts += [(at, "send", side) for at in times]
    victims = [side for side in (a, b) if side.modem is not None]
    acts += [(rng.uniform(8_000, span_ms), "drop", rng.choice(victims)) for _ in range(options.drops)]
    acts += [(rng.uniform(20_000, span_ms), "kill", rng.uniform(500, 8_000)) for _ in range(options.kills)]
    for at, what, which in sorted(acts, key=lambda act: act[0]):
        wait_ms = at - stage.clock.now_ms()
        if wait_ms > 0:
            await asyncio.sleep(wait_ms / 1000 / options.speed)
        if not isinstance(which, Side):
            # The first login derives a key, which takes a while; before that there is nothing to lose.
            await a.logged_in.wait()
            await a.restart(which)
        elif what == "send":
            number = len(which.sent)
            which.send("%d %s" % (number + 1, _TEXTS[number % len(_TEXTS)]))
        else:
            # A line that is down cannot drop: the act waits for a call.
            while not which.modem.connected:
                await asyncio.sleep(0.2 / options.speed)
            stage.drops += 1
            stage.say("A" if which is a else "B", "carrier dropped")
            which.modem.drop_carrier()


async def _all_there(stage: Stage, a: DeviceSide, b: Side) -> None:
    """Waits until both have everything and A knows it, then long enough for a doubled message to show itself.

    A's user looks meanwhile: for a handheld that nobody looks at, a server may keep receipts back until something
    that matters is to be said (XEP-0352 §1). A's knowing has a limit: what is judged is what arrived, and a receipt is
    a courtesy of the other side.
    """
    while await a.count() < len(b.sent) or await b.count() < len(a.sent):
        await asyncio.sleep(0.5)
    await a.look()
    late_ms = stage.clock.now_ms() + _RECEIPT_MS
    while not _confirmed(a.sent) and stage.clock.now_ms() < late_ms:
        await asyncio.sleep(0.5)
    await asyncio.sleep(15 / stage.options.speed + 0.5)


def _confirmed(sent: list[Sent]) -> bool:
    return not sent or any(state == states.NAMES[states.DELIVERED] for _, state in sent[-1].states)


def _print_states(who: str, sent: list[Sent]) -> None:
    for message in sent:
        trail = ", ".join("%s %.1f" % (state, at) for at, state in message.states)
        print("  %s  %-28s %s" % (who, message.body, trail))


def _report(stage: Stage, a: DeviceSide, b: Side, got_a: list[str], got_b: list[str], seconds: float) -> int:
    options = stage.options
    print("\nstates and times (s):")
    _print_states("A", a.sent)
    _print_states("B", b.sent)
    verdicts = (judge([m.body for m in a.sent], got_b), judge([m.body for m in b.sent], got_a))
    wrong = {key: sum(verdict[key] for verdict in verdicts) for key in verdicts[0]}
    for who, got in (("A", got_a), ("B", got_b)):
        twice = [(body, [at for at, other in enumerate(got) if other == body]) for body in dict.fromkeys(got)]
        twice = [pair for pair in twice if len(pair[1]) > 1]
        if twice:
            print("%s has twice, at these places: %r" % (who, twice))
    up, down = (x + y for x, y in zip(a.bytes_both(), b.bytes_both(), strict=True))
    result = {
        "sent": len(a.sent) + len(b.sent),
        **wrong,
        "drops": stage.drops,
        "kills": stage.kills,
        "kills_online": stage.kills_online,
        "bytes_up": up,
        "bytes_down": down,
        "seconds": round(seconds, 1),
        "logins": stage.logins,
        "heap_free_bytes": a.heap_free_bytes,
        "seed": options.seed,
        "server": options.server,
        "peer": options.peer,
        "speed": options.speed,
    }
    print(json.dumps(result))
    complete = (len(a.sent), len(b.sent), stage.drops, stage.kills) == (
        options.messages,
        options.messages,
        options.drops,
        options.kills,
    )
    return 0 if complete and not any(wrong.values()) else 1
