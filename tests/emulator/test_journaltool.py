"""The reader of journals: everything is shown, secrets are not, damage is found, nothing is changed."""

import subprocess
import sys

from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier_emulator.journaltool import lines, show
from nocarrier_emulator.queuemix import Mix
from nocarrier_ports.flash import FolderFlash


def filled(folder):
    store = Store(FolderFlash(str(folder)), QueueLimits(1024, 3))
    store.open()
    store.save_note("token", "HT-SHA-256-NONE s3cret-token")
    store.save_contact("7", "bert@exchange.test", "both", "Bert")
    Mix(store).play(40)
    store.enqueue("bert@exchange.test", "still waits", "t")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_of_it_is_shown_and_nothing_is_changed(tmp_path):
    before = filled(tmp_path)
    text = "\n".join(lines(tmp_path))
    assert "still waits" in text and "bert@exchange.test, both, , Bert" in text and "STATE" in text
    assert "s3cret" not in text and "token: (28 characters)" in text
    assert text.endswith("places that cannot be read: 0")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_damage_is_found(tmp_path):
    filled(tmp_path)
    first = sorted(tmp_path.iterdir())[0]
    data = bytearray(first.read_bytes())
    data[40] ^= 1
    first.write_bytes(data)
    assert show(tmp_path) == 1


def test_it_is_a_command(tmp_path):
    filled(tmp_path)
    command = [sys.executable, "-m", "nocarrier_emulator", "journal"]
    done = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0 and "still waits" in done.stdout
    done = subprocess.run([*command, str(tmp_path / "nothing")], capture_output=True, text=True)
    assert done.returncode == 2 and "not there" in done.stderr
