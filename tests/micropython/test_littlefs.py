"""The flash files on LittleFS, where what was written is seen after a flush only, by who opens the file then."""

import subprocess
from pathlib import Path

EMULATOR = Path(__file__).parents[2] / "emulator"

PROGRAM = """
import os, sys
sys.path.append(%r)
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier_emulator.ramblocks import RamBlocks
from nocarrier_ports.flash import FolderFlash

blocks = RamBlocks(64, 512)
os.VfsLfs2.mkfs(blocks)
os.mount(os.VfsLfs2(blocks), "/lfs")
flash = FolderFlash("/lfs")
said = b""
for i in range(20):
    piece = b"%d," % i
    flash.append("a", piece)
    said += piece
    assert flash.read("a", 0, 99) == said
    if i % 3 == 0:
        flash.flush("a")
        assert flash.read("a", 0, 99) == said
flash.remove("a")

store = Store(flash, QueueLimits(2048, 4))
store.open()
for i in range(5):
    store.enqueue("b@x", "text %d" % i, "t", False, 0, False)
    message = store.outbox.next_queued()
    assert message.body == "text %d" % i
    store.outbox.mark_sent(message.seq, i + 1, "")
    store.outbox.acknowledged(i + 1)
    assert store.history("b@x", 1)[0].state == 2
assert len(store.outbox.unconfirmed(lambda jid: True)) == 5
assert [store.outbox.next_queued().body, len(store.history("b@x", 9))] == ["text 0", 5]
again = Store(FolderFlash("/lfs"), QueueLimits(2048, 4))
again.open()
assert [item.state for item in again.history("b@x", 9)] == [0] * 5
print("as it should be")
"""


def test_what_was_written_can_be_read(tool):
    done = subprocess.run(
        [tool("MICROPYTHON32"), "-X", "heapsize=256k", "-c", PROGRAM.replace("%r", repr(str(EMULATOR)))],
        env={"MICROPYPATH": ".frozen"},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("as it should be\n", ""), done.stdout + done.stderr
