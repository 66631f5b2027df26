"""Campaigns in virtual time: lines drop, power goes, servers restart; every message once and in order. COUNT=1000."""

import os
from typing import Any

from nocarrier_emulator.campaign import Campaign


def main() -> dict[str, Any]:
    """Totals over all seeds; a seed that failed is printed, and replays with Campaign(seed).run()."""
    totals = {"sent": 0, "lost": 0, "duplicated": 0, "reordered": 0, "drops": 0, "power_cuts": 0, "restarts": 0}
    count = int(os.environ.get("COUNT", "1000"))
    failed = []
    for seed in range(count):
        outcome = Campaign(seed).run()
        for key in totals:
            totals[key] += getattr(outcome, key)
        if not outcome.ok():
            failed.append(seed)
            print("seed %d: %s" % (seed, outcome), flush=True)
        elif seed % 100 == 99:
            print("%d campaigns" % (seed + 1), flush=True)
    return {**totals, "campaigns": count, "failed": failed}
