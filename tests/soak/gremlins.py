"""Gremlins at two handhelds. COUNT=1000 EVENTS=2000 FIRST=1: failures are kept and named. Over the exchange in virtual
time; SERVER=prosody COUNT=50: over a Prosody of each one's own, in scaled real time; ON=micropython: over the exchange,
Anna on 32-bit MicroPython with HEAP=64k, of which FLOOR=3000 bytes must always be free.
"""

import multiprocessing
import os
from functools import partial
from pathlib import Path
from typing import Any

from named import number

from nocarrier_emulator import programs
from nocarrier_emulator.gremlins.tool import hunt, hunt_device, hunt_live

_WAITING = 3  # plays on a processor where handhelds are processes: they mostly wait
_FOLDER = Path(__file__).parents[2] / ".build/gremlins"


def main() -> dict[str, Any]:
    """How many there were, and what those have found that found something."""
    first, count, events = number("FIRST", 1), number("COUNT", 1_000), number("EVENTS", 2_000)
    server = os.environ.get("SERVER", "exchange")
    hunter = partial(hunt, count=events, folder=_FOLDER)
    if server == "prosody":
        hunter = partial(hunt_live, count=events, folder=_FOLDER, program=os.environ["PROSODY13"])
    device = os.environ.get("ON", "")
    if device not in ("", "micropython") or device and server != "exchange":
        raise SystemExit("ON is micropython, at the exchange")
    if device:
        heap, floor_bytes = os.environ.get("HEAP", "64k"), number("FLOOR", 3_000)
        program = programs.micropython(os.environ["MICROPYTHON32"], heap)
        hunter = partial(hunt_device, count=events, folder=_FOLDER, on={"anna": program}, floor_bytes=floor_bytes)
    found: dict[int, str] = {}
    plays = (os.cpu_count() or 1) * (_WAITING if device else 1)
    with multiprocessing.get_context("fork").Pool(plays) as pool:
        for done, (which, kind) in enumerate(pool.imap_unordered(hunter, range(first, first + count)), 1):
            if kind:
                found[which] = kind
                print("gremlin %d: %s; see %s" % (which, kind, _FOLDER), flush=True)
            if done % 10 == 0:
                print("%d gremlins" % done, flush=True)
    return {"gremlins": count, "events": events, "server": server, "on": device, "failed": sorted(found)}
