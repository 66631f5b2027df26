"""The smallest heap in which the Cortex-M3 plays the demonstration at Prosody, and what each package keeps in memory.

The firmware has everything in ROM; its heap is set when it is built. It has a roster of 100 contacts. A heap is large
enough if the whole of `make demo` ends with nothing lost, RUNS=1 times, each with a seed of its own. HEAP_KB=20,48: the
first is known to be too small, the second to do. Packages are measured on 32-bit MicroPython; PEERS=FOLDER, with
umqtt/simple.py, umqtt/robust.py and mqtt_as.py in it, which are in no package registry: these too, in the same build.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import board
from named import number

_STEP_KB = 2
_PLAY = "--server prosody --speed 4"
_ROSTER = 100
_PACKAGES = ("nocarrier.client", "nocarrier_ports.handset.app", "nocarrier_ports.links.dialler", "nocarrier_ports.unix")
_PEERS = (("umqtt.robust",), ("asyncio", "mqtt_as"))  # each in a process of its own
_PEERS_MANIFEST = """
add_library("nocarrier", {top!r})
require("ports", library="nocarrier")
include("$(MPY_DIR)/extmod/asyncio")
freeze({peers!r})
"""
# What a board has and Linux has not is there before, and not counted.
_IMPORTS = """
import gc, sys
class Board:
    @staticmethod
    def unique_id():
        return b"id"
sys.modules["machine"] = sys.modules["network"] = Board
gc.threshold(1024)
gc.collect()
last = gc.mem_alloc()
for name in %r:
    __import__(name)
    gc.collect()
    print(name, gc.mem_alloc() - last)
    last = gc.mem_alloc()
"""


def plays(heap_kb: int) -> bool:
    """True if the demonstration ends well, every time."""
    name = Path("heap-%dk" % heap_kb)
    firmware = board.built(board.TOP / "ports/boards/mps2/manifest.py", heap_kb * 1024, name)
    for seed in range(1, number("RUNS", 1) + 1):
        command = [
            "python",
            "-m",
            "nocarrier_emulator",
            "demo",
            "--firmware",
            firmware,
            "--qemu",
            os.environ["QEMU_ARM"],
        ]
        command += [*_PLAY.split(), "--contacts", str(_ROSTER), "--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print((done.stdout + done.stderr)[-400:])
            return False
    return True


def peers(folder: str) -> dict[str, int]:
    """Bytes that each peer keeps on the heap, with what it imports itself."""
    manifest = board.BUILD / "heap-peers.py"
    manifest.write_text(_PEERS_MANIFEST.format(top=str(board.TOP), peers=str(Path(folder).resolve())))
    micropython = board.built32(manifest, Path("heap-peers"))
    return {name: size for names in _PEERS for name, size in imports(micropython, names).items()}


def imports(micropython: str, names: tuple[str, ...]) -> dict[str, int]:
    """Bytes that each package keeps on the heap, imported in this order."""
    out = subprocess.run(
        [micropython, "-X", "heapsize=128k", "-c", _IMPORTS % (names,)],
        env={"MICROPYPATH": ".frozen"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {line.split()[0]: int(line.split()[1]) for line in out.splitlines()}


def main() -> dict[str, Any]:
    """{"heap_bytes": …, "roster": 100, "ram_after_import": {package: bytes}}."""
    kept = imports(os.environ["MICROPYTHON32"], _PACKAGES)
    if "PEERS" in os.environ:
        kept |= peers(os.environ["PEERS"])
    else:
        print("umqtt.robust and mqtt_as are not measured: PEERS=FOLDER says where they are")
    print(json.dumps(kept))
    low, high = (int(kb) for kb in os.environ.get("HEAP_KB", "20,48").split(","))  # low fails, high plays
    while high - low > _STEP_KB:
        middle = (low + high) // 2 // _STEP_KB * _STEP_KB
        good = plays(middle)
        print("%d KB: %s" % (middle, "plays" if good else "does not"), flush=True)
        low, high = (low, middle) if good else (middle, high)
    return {"heap_bytes": high * 1024, "roster": _ROSTER, "ram_after_import": kept}
