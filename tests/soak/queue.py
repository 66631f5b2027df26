"""A model beside the queue: random commands, power cuts inside of writes, full flash, restarts. COUNT=1000 STEPS=1000.

A seed that fails is printed with a short list of its commands that still fail: Run(seed).play(list).
"""

import os
from typing import Any

from nocarrier_emulator.queuemodel.run import fails, shrunk


def main() -> dict[str, Any]:
    """How many steps, and the seeds that failed."""
    count, steps = int(os.environ.get("COUNT", "1000")), int(os.environ.get("STEPS", "1000"))
    first = int(os.environ.get("SEED", "0"))
    failed = []
    for seed in range(first, first + count):
        why = fails(seed, range(steps))
        if why:
            failed.append(seed)
            print("seed %d: %s; %s" % (seed, why, shrunk(seed, steps)), flush=True)
        elif seed % 100 == 99:
            print("%d seeds" % (seed + 1 - first), flush=True)
    return {"steps": count * steps, "failed": failed}
