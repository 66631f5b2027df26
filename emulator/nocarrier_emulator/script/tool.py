"""`nocarrier-emulator run`: plays scenarios; the exit status says how they ended."""

import asyncio
from pathlib import Path
from typing import Any

from nocarrier_emulator import programs
from nocarrier_emulator.script import live, report, script
from nocarrier_emulator.script.play import FAILED, PASSED, TIMED_OUT, Outcome, ScriptPlay

_STATUS = {PASSED: 0, FAILED: 1, TIMED_OUT: 42}


def options(parser: Any) -> None:
    """Of the command line."""
    parser.add_argument("scripts", type=Path, nargs="+", metavar="SCRIPT", help="scenarios in TOML")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", default="", help="of the lines, instead of the scenario's")
    parser.add_argument("--until", type=float, default=None, metavar="SECONDS", help="of virtual time, likewise")
    programs.options(parser)
    parser.add_argument("--speed", type=int, default=programs.SPEED, help="of time, if there is an --on")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for JUnit's report, trace, screenshots and meters")


def run(chosen: Any) -> int:
    """0: all passed; 1: one has failed; 42: time was up. Raises ValueError or OSError for what is no scenario."""
    status, on = 0, programs.chosen(chosen)
    for path in chosen.scripts:
        read = script.read(path)
        if on:
            programs.must_be_of(read.handhelds, on)
            outcome = asyncio.run(live.play(read, chosen.seed, chosen.speed, on, chosen.profile, chosen.until))
        else:
            outcome = ScriptPlay(read, chosen.seed, chosen.profile, chosen.until).run()
        _tell(outcome)
        if chosen.out:
            report.write(chosen.out / read.name if len(chosen.scripts) > 1 else chosen.out, outcome)
        status = status or _STATUS[outcome.outcome]
    return status


def _tell(outcome: Outcome) -> None:
    for result in outcome.results:
        print("%9.1f s  %-9s %s" % (result.at_s, result.outcome, result.step.text()))
        if result.why:
            print(result.why)
    print("%s, seed %d: %s" % (outcome.script.name, outcome.seed, outcome.outcome))
