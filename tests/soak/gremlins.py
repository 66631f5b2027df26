"""Gremlins at two handhelds. COUNT=1000 EVENTS=2000 FIRST=1: failures are kept and named. Over the exchange in virtual
time; SERVER=prosody COUNT=50: over a Prosody of each one's own, in scaled real time.
"""

import multiprocessing
import os
from functools import partial
from pathlib import Path
from typing import Any

from named import number

from nocarrier_emulator.gremlins.tool import hunt, hunt_live

_FOLDER = Path(__file__).parents[2] / ".build/gremlins"


def main() -> dict[str, Any]:
    """How many there were, and what those have found that found something."""
    first, count, events = number("FIRST", 1), number("COUNT", 1_000), number("EVENTS", 2_000)
    server = os.environ.get("SERVER", "exchange")
    hunter = partial(hunt, count=events, folder=_FOLDER)
    if server == "prosody":
        hunter = partial(hunt_live, count=events, folder=_FOLDER, program=os.environ["PROSODY13"])
    found: dict[int, str] = {}
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        for done, (which, kind) in enumerate(pool.imap_unordered(hunter, range(first, first + count)), 1):
            if kind:
                found[which] = kind
                print("gremlin %d: %s; see %s" % (which, kind, _FOLDER), flush=True)
            if done % 10 == 0:
                print("%d gremlins" % done, flush=True)
    return {"gremlins": count, "events": events, "server": server, "failed": sorted(found)}
