"""`nocarrier-emulator gremlins`: lets them loose by number, plays one again, cuts it down to what its failure needs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nocarrier_emulator import programs
from nocarrier_emulator.gremlins.gremlin import NAMES, Event, events
from nocarrier_emulator.gremlins.live import SPEED, USERS, LivePlay
from nocarrier_emulator.gremlins.play import Failure, Play
from nocarrier_emulator.gremlins.shrink import shrunk
from nocarrier_emulator.remotehandheld import Program
from nocarrier_emulator.servers.prosody import Prosody

_EVENTS = 2_000


def options(parser: Any) -> None:
    """Of the command line."""
    parser.add_argument("numbers", type=int, nargs="*", help="which; two of them with --horde: the first and the last")
    parser.add_argument("--horde", action="store_true", help="all from the first number to the last")
    parser.add_argument("--events", type=int, default=_EVENTS, help="that each plays")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="plays the events of a file, as --out has written it"
    )
    parser.add_argument("--shrink", action="store_true", help="cuts what fails down to the events that it needs")
    programs.options(parser)
    parser.add_argument("--speed", type=int, default=SPEED, help="of time, if there is an --on")
    parser.add_argument(
        "--heap-floor", type=int, default=0, metavar="BYTES", help="less free memory than that there is a failure"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for the events and the trace of what fails")


def run(chosen: Any) -> int:
    """The exit status is 1 if any has found something. Raises ValueError or OSError for wrong options."""
    on = programs.chosen(chosen)
    programs.must_be_of(NAMES, on)
    if chosen.replay:
        number, played = read(chosen.replay)
        return int(_one(number, played, chosen, on))
    numbers = chosen.numbers or [1]
    if chosen.horde:
        if len(numbers) != 2:
            raise ValueError("a horde has a first and a last number")
        numbers = list(range(numbers[0], numbers[1] + 1))
    return int(any([_one(number, events(number, chosen.events), chosen, on) for number in numbers]))


def hunt(number: int, count: int, folder: Path) -> tuple[int, str]:
    """That gremlin's number, and the kind of what it has found; events and trace of that are in the folder then."""
    played = events(number, count)
    failure = Play(number).run(played)
    if failure is None:
        return number, ""
    write(folder, number, played)
    return number, failure.kind


def hunt_live(number: int, count: int, folder: Path, program: str) -> tuple[int, str]:
    """The same over a Prosody of its own. What it has found, and whether a play in virtual time finds that too."""
    played = events(number, count)
    server = Prosody(program, USERS, sasl2=True)
    server.start()
    try:
        failure = LivePlay(number, server).run(played)
    finally:
        server.remove()
    return number, _live_kind(number, played, failure, folder)


def hunt_device(number: int, count: int, folder: Path, on: Mapping[str, Program], floor_bytes: int) -> tuple[int, str]:
    """The same over the exchange, with handhelds that are processes."""
    played = events(number, count)
    failure = LivePlay(number, programs=on, heap_floor_bytes=floor_bytes).run(played)
    return number, _live_kind(number, played, failure, folder)


def _live_kind(number: int, played: Sequence[Event], failure: Failure | None, folder: Path) -> str:
    """What was found in real time, which is written down, and what is found in virtual time; "" for nothing."""
    if failure is None:
        return ""
    again = Play(number).run(played)
    write(folder, number, played)
    (folder / ("gremlin-%d.txt" % number)).write_text("%s\n%s\n" % (failure.kind, failure.text))
    return "%s; over the exchange, in this process: %s" % (failure.kind, again.kind if again else "nothing")


def _one(number: int, played: Sequence[Event], chosen: Any, on: Mapping[str, Program]) -> bool:
    """Returns whether it has failed."""
    live = LivePlay(number, None, chosen.speed, on, chosen.heap_floor) if on else None
    failure = (live or Play(number)).run(played)
    if failure is None:
        print("gremlin %d: %d events, nothing found" % (number, len(played)), flush=True)
        return False
    print("gremlin %d: %s" % (number, failure.kind), flush=True)
    if live:
        again = Play(number).run(played)
        print("in virtual time, in this process: %s" % (again.kind if again else "nothing"))
    if chosen.shrink and (not live or (again and again.kind == failure.kind)):
        played = _shrunk(number, played, failure.kind)
        failure = Play(number).run(played) or failure
        print("%d events are enough:" % len(played))
        for event in played:
            print("  %s" % _line(event))
    print(failure.text)
    if chosen.out:
        write(chosen.out, number, played)
    return True


def _shrunk(number: int, played: Sequence[Event], kind: str) -> list[Event]:
    def fails(part: Sequence[Event]) -> bool:
        found = Play(number).run(part)
        return found is not None and found.kind == kind

    return shrunk(played, fails)


def write(folder: Path, number: int, played: Sequence[Event]) -> None:
    """gremlin-N.jsonl: its number and events, to be played again; gremlin-N.trace: what happened."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"gremlin": number}), *map(_line, played)]
    (folder / ("gremlin-%d.jsonl" % number)).write_text("\n".join(lines) + "\n")
    play = Play(number, trace=True)
    play.run(played)
    assert play.trace is not None
    (folder / ("gremlin-%d.trace" % number)).write_text("\n".join(play.trace.lines) + "\n")


def read(path: Path) -> tuple[int, list[Event]]:
    """Number and events of such a file. Raises ValueError, which names the line, for what is none."""
    number: int | None = None
    found: list[Event] = []
    for at, line in enumerate(path.read_text().splitlines(), 1):
        try:
            fields = json.loads(line)
            if at == 1:
                number = int(fields["gremlin"])
            else:
                found.append(Event(float(fields["pause_ms"]), dict(fields["command"])))
        except (ValueError, KeyError, TypeError):
            raise ValueError("%s: line %d is no event of a gremlin's" % (path, at)) from None
    if number is None:
        raise ValueError("%s is empty" % path)
    return number, found


def _line(event: Event) -> str:
    return json.dumps({"pause_ms": event.pause_ms, "command": event.command}, ensure_ascii=False)
