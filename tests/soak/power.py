"""Power goes at 200 random moments of a live conversation at Prosody 13: the firmware in QEMU, and 32-bit MicroPython.

KILLS=200 SEED=1. SIGKILL, whatever the device is doing: booting, logging in, writing. The peer has cuts of its own.
"""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import board
from named import number

_HEAP_BYTES = 64 * 1024
_LINE = ("--server", "prosody", "--rate", "9600", "--latency", "100", "--trusted", "--page", "20", "--segments", "32")


def _play(name: str, between_s: int, *device: str) -> dict[str, Any]:
    """One device. between_s: its own time between two kills, on average: to come online takes about half of that."""
    kills = number("KILLS", 200)
    messages, drops = max(10, kills), max(2, kills // 4)
    what = {"messages": messages, "kills": kills, "drops": drops, "span": kills * between_s, "seed": number("SEED", 1)}
    options = [word for key, value in what.items() for word in ("--" + key, str(value))]
    command = ["python", "-m", "nocarrier_emulator", "demo", *_LINE, *options, *device]
    done = subprocess.run(command, capture_output=True, text=True)
    last = (done.stdout.splitlines() or [""])[-1]
    print(name, done.returncode, last, flush=True)
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-3000:])
    return json.loads(last) if last.startswith("{") else {}


def main() -> dict[str, Any]:
    """Of each device: what was sent and what became of it."""
    firmware = board.handset(_HEAP_BYTES)
    devices = {
        "Cortex-M3": (24, "--firmware", firmware, "--qemu", os.environ["QEMU_ARM"], "--speed", "2"),
        "MicroPython, 32-bit": (40, "--micropython", os.environ["MICROPYTHON32"], "--heap", "64k", "--speed", "8"),
    }
    with ThreadPoolExecutor() as pool:
        played = {name: pool.submit(_play, name, *how) for name, how in devices.items()}
    results = {name: one.result() for name, one in played.items()}
    wrong = ("lost", "duplicated", "reordered")
    failed = [name for name, result in results.items() if not result or any(result[key] for key in wrong)]
    return {**results, "failed": failed}
