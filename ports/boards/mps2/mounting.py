"""The flash of the board "mps2" as its root folder."""

import sys

import semihosting
import vfs

try:
    from typing import Any
except ImportError:
    pass

_BLOCKS = 128


def mount(flash: str) -> None:
    """The flash becomes the root folder; LittleFS is made on it if it is blank. Raises OSError if it cannot be read."""
    device: "Any" = semihosting.FlashFile(flash, _BLOCKS)  # Any: the stubs want an abstract class as its base
    try:
        files = vfs.VfsLfs2(device)  # type: ignore[abstract]
    except OSError:
        if not device.blank():
            raise  # or all that is there would be lost
        vfs.VfsLfs2.mkfs(device)
        files = vfs.VfsLfs2(device)  # type: ignore[abstract]
    vfs.mount(files, "/")
    if "/lib" not in sys.path:
        sys.path.append("/lib")  # as on every board that has files
