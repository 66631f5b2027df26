"""The emulator's speed: seconds of virtual time that pass in a second, for ever more handhelds on one exchange.

Each handheld sends a message of 100 characters a minute over 2400 bit/s, draws its screen, and loses its carrier every
ten minutes; what is counted begins when all have logged in. Each size runs in a process of its own; memory is what
2,000 of them need more than two. COUNTS=2,20 for some sizes only.

The work is counted too, as calls of functions for each second of a handheld: that tells how the work grows, the clock
what it takes this machine. What it costs that so many do not fit into the processor's caches is seen from the largest
size once more, as many small worlds that take turns: there each handheld has no more company than in a small one.
"""

import json
import os
import subprocess
import sys
import time
from types import FrameType
from typing import Any

from nocarrier_emulator.crowd import Crowd

# Handhelds, and seconds of virtual time that are measured, and in which calls are counted. What each does begins at a
# time of its own: so even the shortest span has its share of drops.
_SIZES = {2: (14_400, 3_600), 20: (3_600, 1_200), 200: (900, 120), 2_000: (240, 60)}
_SMALL = 20
_LOGIN_MS = 120_000
_TURN_MS = 1_000


def _calls(count: int, seconds: int) -> float:
    """Of functions, for each second of a handheld's."""
    crowd = Crowd(count)
    crowd.clock.run(_LOGIN_MS)
    calls = 0

    def counting(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(counting)
    crowd.clock.run(seconds * 1000)
    sys.setprofile(None)
    return calls / count / seconds


def _in_small_worlds(count: int, seconds: int) -> float:
    """Seconds of virtual time in a second, when so many handhelds are in worlds of a few that take turns."""
    crowds = [Crowd(_SMALL, seed) for seed in range(count // _SMALL)]
    for crowd in crowds:
        crowd.clock.run(_LOGIN_MS)
    begin_s = time.perf_counter()
    for _ in range(0, seconds * 1000, _TURN_MS):
        for crowd in crowds:
            crowd.clock.run(_TURN_MS)
    return seconds / (time.perf_counter() - begin_s)


def _measure(count: int) -> dict[str, Any]:
    """In this process."""
    seconds, counted_seconds = _SIZES[count]
    crowd = Crowd(count)
    crowd.clock.run(_LOGIN_MS)
    before = crowd.sent
    begin_s = time.perf_counter()
    crowd.clock.run(seconds * 1000)
    took_s = time.perf_counter() - begin_s
    assert abs(crowd.sent - before - count * seconds / 60) <= count, "not all of them have sent"
    crowd.clock.run(120_000)
    assert crowd.received >= crowd.sent - 2 * count, "not everything has arrived"
    with open("/proc/self/statm") as file:
        resident_bytes = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    measured = {"x_realtime": seconds / took_s, "resident_bytes": resident_bytes}
    return {**measured, "sent": crowd.sent, "drops": crowd.drops, "calls": _calls(count, counted_seconds)}


def main() -> dict[str, Any]:
    """x_realtime_N, calls_per_handheld_second_N, bytes_per_handheld; x_realtime_N_in_small_worlds of the most."""
    counts = [int(count) for count in os.environ.get("COUNTS", "").split(",") if count] or list(_SIZES)
    figures: dict[str, Any] = {}
    resident = {}
    for count in counts:
        measured = _apart(str(count))
        print("%5d handhelds: %s" % (count, measured), flush=True)
        figures["x_realtime_%d" % count] = round(measured["x_realtime"], 2)
        figures["calls_per_handheld_second_%d" % count] = round(measured["calls"])
        resident[count] = measured["resident_bytes"]
    if len(counts) > 1:
        least, most = min(counts), max(counts)
        figures["bytes_per_handheld"] = (resident[most] - resident[least]) // (most - least)
        if most > _SMALL:
            figures["x_realtime_%d_in_small_worlds" % most] = round(_apart(str(most), "small")["x_realtime"], 2)
    return figures


def _apart(*arguments: str) -> dict[str, Any]:
    """Measured in a process of its own."""
    command = [sys.executable, __file__, *arguments]
    measured: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return measured


if __name__ == "__main__":
    size = int(sys.argv[1])
    if sys.argv[2:]:
        print(json.dumps({"x_realtime": _in_small_worlds(size, _SIZES[size][0])}))
    else:
        print(json.dumps(_measure(size)))
