"""`make demo` in its three forms for ten seeds each. COUNT=10."""

import json
import os
import subprocess
from typing import Any

_FORMS = ((), ("--server", "prosody"), ("--server", "prosody", "--peer", "slixmpp"))


def main() -> dict[str, Any]:
    """How many ended well, and the seeds of those that did not."""
    count = int(os.environ.get("COUNT", "10"))
    failed, totals = [], {"sent": 0, "lost": 0, "duplicated": 0, "reordered": 0, "drops": 0, "kills": 0}
    for form in _FORMS:
        for seed in range(1, count + 1):
            command = ["python", "-m", "nocarrier_emulator", "demo", "--seed", str(seed), *form]
            done = subprocess.run(command, capture_output=True, text=True)
            last = (done.stdout.splitlines() or [""])[-1]
            print(" ".join(form), seed, done.returncode, last, flush=True)
            if done.returncode:
                failed.append([*form, seed])
                print(done.stdout[-3000:], done.stderr[-3000:])
            if last.startswith("{"):
                result = json.loads(last)
                for key in totals:
                    totals[key] += result[key]
    return {**totals, "runs": count * len(_FORMS), "failed": failed}
