"""The queue: bytes and flushes per message, memory with 10,000 messages of history, instructions per record at start.

The mix is emulator/nocarrier_emulator/queuemix.py's; the log is 8 segments of 8 KB, so that compaction is counted in.
Bytes handed to the storage are counted there; those that LittleFS programs by its block device, on MicroPython. Memory
is what 32-bit MicroPython has allocated more when the store is open, with a device's limits; instructions are those of
the Cortex-M3.
"flushes" are a message's own; those that it costs to begin and to give up segments are stated beside them.
"""

import os
import statistics
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import board

from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.queuemix import Mix
from nocarrier_ports.flash import FolderFlash
from nocarrier_ports.settings import Settings

_MESSAGES = 4000
_HISTORY = 10_000
_HISTORY_LIMITS = (65536, 64)  # 4 MB: all of them are kept
_EMULATOR = Path(__file__).parents[2] / "emulator"
_RAM = """
import gc
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier_ports.flash import FolderFlash
limits = QueueLimits(%d, %d, %d, %d, %d)
gc.collect()
before = gc.mem_alloc()
store = Store(FolderFlash(%r), limits)
store.open()
gc.collect()
print(gc.mem_alloc() - before)
"""
# On a flash with sectors of 4 KB.
_LITTLEFS = """
import os, sys
sys.path.append(%r)
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier_emulator.queuemix import Mix
from nocarrier_emulator.ramblocks import RamBlocks
from nocarrier_ports.flash import FolderFlash
blocks = RamBlocks(64, 4096)
os.VfsLfs2.mkfs(blocks)
os.mount(os.VfsLfs2(blocks), "/lfs")
os.mkdir("/lfs/nc")
store = Store(FolderFlash("/lfs/nc"), QueueLimits())
store.open()
mix = Mix(store)
mix.play(%d)
print(blocks.programmed_bytes, blocks.erased, mix.payload_bytes)
"""
_START = """
import gc
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.records import Incoming
from nocarrier.queue.store import Store
class Flash:
    def __init__(self): self.files = {}
    def names(self): return list(self.files)
    def size(self, name): return len(self.files[name])
    def append(self, name, data):
        self.files[name] = self.files.get(name, b"") + data
    def flush(self, name): pass
    def read(self, name, offset, size): return self.files[name][offset : offset + size]
    def remove(self, name): del self.files[name]
def start(messages):
    flash = Flash()
    store = Store(flash, QueueLimits(1024, 40))
    for i in range(messages):
        store.received(Incoming(0, i, 0, 0, b"", "%024d" % i, "bert@exchange.test/handheld", "id%d" % i, "x" * 40))
    again = Store(flash, QueueLimits(1024, 40))
    records = 0
    for number in store._journal.numbers:
        for record in store._journal.scan(number):
            records += 1
    gc.collect()
    began = usecs()
    again.open()
    return usecs() - began, records
"""


def _written() -> float:
    """Bytes handed to the storage for each byte of text, address and 32, when the log has been full for long."""
    flash = MemoryFlash()
    store = Store(flash, QueueLimits())
    store.open()
    mix = Mix(store)
    mix.play(1000)
    written_bytes, payload_bytes = flash.written_bytes, mix.payload_bytes
    mix.play(_MESSAGES)
    return (flash.written_bytes - written_bytes) / (mix.payload_bytes - payload_bytes)


def _flushes(way: str) -> tuple[int, float]:
    """A message's own flushes, and how many more there are in the mean, since segments end."""
    flash = MemoryFlash()
    store = Store(flash, QueueLimits())
    store.open()
    mix = Mix(store)
    each = []
    for _ in range(_MESSAGES):
        before = flash.flushes
        mix.one(way)
        each.append(flash.flushes - before)
    own = statistics.mode(each)
    return own, statistics.mean(each) - own


def _micropython(program: str, heap: str) -> str:
    command = [os.environ["MICROPYTHON32"], "-X", "heapsize=" + heap, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, env={"MICROPYPATH": ".frozen"}, check=True)
    return done.stdout


def _calls_to_enqueue(waiting: int) -> int:
    """How often the storage is asked for anything when one more message is queued."""
    calls = 0

    class Counting(MemoryFlash):
        def __getattribute__(self, name: str) -> Any:
            nonlocal calls
            calls += name in ("append", "flush", "read", "names", "size", "remove")
            return super().__getattribute__(name)

    store = Store(Counting(1 << 24), QueueLimits(*_HISTORY_LIMITS))
    store.open()
    for i in range(waiting):
        store.enqueue("bert@exchange.test", "message %d" % i, "t")
    calls = 0
    store.enqueue("bert@exchange.test", "one more", "t")
    return calls


def _device_limits() -> tuple[int, int, int]:
    """loaded, tracked and window, as devices have them by default."""
    limits = Settings({"jid": "anna@exchange.test", "number": "555", "port": "uart"}).queue
    return limits.loaded, limits.tracked, limits.window


def main() -> dict[str, Any]:
    """The figures; see the head of this file."""
    ratio = _written()
    (out, out_room), (came, came_room) = _flushes("outgoing"), _flushes("incoming")
    print("%.2f bytes per byte of text, address and 32" % ratio)
    print("flushes out %d, and %.3f for segments; in %d, and %.3f" % (out, out_room, came, came_room))
    programmed_bytes, erased, payload_bytes = map(int, _micropython(_LITTLEFS % (str(_EMULATOR), 1000), "4m").split())
    littlefs = programmed_bytes / payload_bytes
    print("LittleFS programs %.2f; %d erased blocks for 1000 messages" % (littlefs, erased))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(FolderFlash(folder), QueueLimits(*_HISTORY_LIMITS))
        store.open()
        Mix(store).play(_HISTORY)
        assert len(store.history("bert@exchange.test", _HISTORY, 0, 1 << 30)) == _HISTORY
        ram_bytes = int(_micropython(_RAM % (*_HISTORY_LIMITS, *_device_limits(), folder), "256k"))
    print("%d bytes of memory with %d messages of history" % (ram_bytes, _HISTORY))
    with board.boot(65536) as device:
        device.run(_START)
        few, some, more = (eval(device.run("print(start(%d))" % n)) for n in (20, 40, 80))
    slopes = [1000 * (b[0] - a[0]) / (b[1] - a[1]) for a, b in ((few, some), (some, more))]
    print("instructions per record at the start: %d, then %d: linear" % tuple(slopes))
    calls = [_calls_to_enqueue(waiting) for waiting in (1, 100, 5000)]
    print("calls of the storage to queue one more behind 1, 100, 5000: %r" % calls)
    return {
        "flash_ratio": round(ratio, 3),
        "littlefs_ratio": round(littlefs, 3),
        "flushes_out": out,
        "flushes_in": came,
        "flushes_for_segments": [round(out_room, 3), round(came_room, 3)],
        "ram_bytes_10000": ram_bytes,
        "insn_per_record_at_start": round(slopes[1]),
        "calls_to_enqueue": calls,
    }
