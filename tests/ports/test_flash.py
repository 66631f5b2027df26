"""Files as the queue needs them: on a real file system, full, read-only, and after a restart."""

import errno
import os

import pytest

from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.storage import StorageError, StorageFull
from nocarrier.queue.store import Store
from nocarrier_ports.flash import FolderFlash


def test_what_was_flushed_is_there_for_the_next_start(tmp_path):
    flash = FolderFlash(str(tmp_path))
    flash.append("a", b"one")
    flash.append("a", b"two")
    flash.append("b", b"three")
    flash.flush("b")
    again = FolderFlash(str(tmp_path))
    assert sorted(again.names()) == ["a", "b"] and again.size("a") == 6
    assert again.read("a", 1, 4) == b"netw" and again.read("a", 5, 100) == b"o" and again.read("a", 9, 1) == b""
    again.append("a", b"!")
    assert (tmp_path / "a").read_bytes() == b"onetwo!"
    again.remove("a")
    assert again.names() == ["b"]


def test_flush_reaches_the_medium(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", synced.append)
    flash = FolderFlash(str(tmp_path))
    flash.append("a", b"x")
    assert synced == []
    flash.flush("a")
    assert len(synced) == 1


def test_what_is_not_there_is_a_typed_error(tmp_path):
    flash = FolderFlash(str(tmp_path))
    for call in (lambda: flash.size("x"), lambda: flash.read("x", 0, 1), lambda: flash.remove("x")):
        with pytest.raises(StorageError, match="not there"):
            call()
    with pytest.raises(StorageError):
        FolderFlash(str(tmp_path / "missing")).append("a", b"x")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this machine")
def test_a_full_disk_is_a_typed_error(tmp_path):
    os.symlink("/dev/full", tmp_path / "log00000000")
    with pytest.raises(StorageFull):
        FolderFlash(str(tmp_path)).append("log00000000", b"x")


@pytest.mark.parametrize(
    "code, text", [(errno.EROFS, "read-only"), (errno.EACCES, "no permission"), (errno.EIO, "broken")]
)
def test_a_disk_that_refuses_is_a_typed_error_and_the_queue_stays_as_it_was(tmp_path, monkeypatch, code, text):
    flash = FolderFlash(str(tmp_path))
    store = Store(flash, QueueLimits())
    store.open()
    store.enqueue("b@x", "kept", "t1", 0)

    def refuse(name):
        raise OSError(code, "refused")

    monkeypatch.setattr(flash, "_open", refuse)
    with pytest.raises(StorageError, match=text):
        store.enqueue("b@x", "refused", "t2", 0)
    monkeypatch.undo()
    store.enqueue("b@x", "and on", "t3", 0)
    again = Store(FolderFlash(str(tmp_path)), QueueLimits())
    again.open()
    assert [item.body for item in again.history("b@x", 9)] == ["kept", "and on"]


def test_what_is_read_is_what_was_appended_however_they_alternate(tmp_path):
    flash = FolderFlash(str(tmp_path))
    for name in ("a", "b"):
        flash.append(name, name.encode() * 3)
        assert flash.read(name, 0, 9) == name.encode() * 3
        flash.append(name, b"more")
        assert flash.read(name, 2, 9) == name.encode() + b"more" == flash.read(name, 2, 5)
    assert flash.read("a", 0, 3) == b"aaa"
    flash.remove("a")
    with pytest.raises(StorageError):
        flash.read("a", 0, 1)
    flash.append("a", b"new")
    assert flash.read("a", 0, 9) == b"new" and flash.read("b", 0, 3) == b"bbb"
