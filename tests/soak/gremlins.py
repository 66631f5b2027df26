"""Gremlins at two handhelds and the built-in exchange. COUNT=1000 EVENTS=2000 FIRST=1: failures are kept and named."""

import multiprocessing
import os
from functools import partial
from pathlib import Path
from typing import Any

from named import number

from nocarrier_emulator.gremlins.tool import hunt

_FOLDER = Path(__file__).parents[2] / ".build/gremlins"


def main() -> dict[str, Any]:
    """How many there were, and what those have found that found something."""
    first, count = number("FIRST", 1), number("COUNT", 1_000)
    hunter = partial(hunt, count=number("EVENTS", 2_000), folder=_FOLDER)
    found: dict[int, str] = {}
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        for done, (which, kind) in enumerate(pool.imap_unordered(hunter, range(first, first + count)), 1):
            if kind:
                found[which] = kind
                print("gremlin %d: %s; see %s" % (which, kind, _FOLDER), flush=True)
            if done % 50 == 0:
                print("%d gremlins" % done, flush=True)
    return {"gremlins": count, "events": number("EVENTS", 2_000), "failed": sorted(found)}
