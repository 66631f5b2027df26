"""The smallest heap in which handheld A plays the demonstration, and what each package keeps after its import.

Frozen code on 32-bit MicroPython, unix port; a heap is large enough if the run ends with nothing lost, three times.
"""

import json
import os
import subprocess
from typing import Any

_STEP_KB = 2
_RANGE_KB = (44, 72)
_RUNS = 3
_PACKAGES = ("nocarrier.client", "nocarrier_ports.handset.app", "nocarrier_ports.links.dialler", "nocarrier_ports.unix")
_IMPORTS = """
import gc, sys
gc.threshold(1024)
gc.collect()
last = gc.mem_alloc()
for name in %r:
    __import__(name)
    gc.collect()
    print(name, gc.mem_alloc() - last)
    last = gc.mem_alloc()
"""


def plays(micropython: str, heap_kb: int) -> bool:
    """True if the demonstration ends well, every time."""
    for seed in range(_RUNS):
        command = ["python", "-m", "nocarrier_emulator", "demo", "--micropython", micropython, "--seed", str(seed)]
        command += ["--messages", "10", "--drops", "3", "--kills", "1", "--heap", "%dk" % heap_kb]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return False
    return True


def main() -> dict[str, Any]:
    """{"heap_bytes": …, "ram_after_import": {package: bytes}}."""
    micropython = os.environ["MICROPYTHON32"]
    out = subprocess.run(
        [micropython, "-X", "heapsize=128k", "-c", _IMPORTS % (_PACKAGES,)],
        env={"MICROPYPATH": ".frozen"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    imports = {line.split()[0]: int(line.split()[1]) for line in out.splitlines()}
    print(json.dumps(imports))
    low, high = _RANGE_KB  # low fails, high plays
    while high - low > _STEP_KB:
        middle = (low + high) // 2 // _STEP_KB * _STEP_KB
        good = plays(micropython, middle)
        print("%d KB: %s" % (middle, "plays" if good else "does not"), flush=True)
        low, high = (low, middle) if good else (middle, high)
    return {"heap_bytes": high * 1024, "ram_after_import": imports}
