"""`make firmware`, behind what sets up its tools: firmwares where they can be built, and words where they cannot."""

import subprocess
from pathlib import Path

import board
import pytest


def built(*arguments):
    command = ["sh", str(board.TOP / "tests/setup/board.sh"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**board.os.environ, "BOARDS": str(board.BUILD)})


@pytest.mark.parametrize("name, needs", [("unix", "MICROPYTHON32"), ("mps2", "QEMU_ARM")])
def test_a_firmware_is_built(tool, name, needs):
    tool(needs)
    done = built(name, "64k")
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.splitlines()[-1])
    assert path.parent == board.BUILD / name and path.read_bytes().startswith(b"\x7fELF")


def test_what_cannot_be_built_is_said():
    for arguments, words in (
        (("tdeck",), "toolchain of tdeck"),
        (("toaster",), "BOARD is one of"),
        ((), "BOARD is one of"),
        (("mps2", "64"), "a heap is"),
        (("mps2", "6x4k"), "a heap is"),
    ):
        done = built(*arguments)
        assert done.returncode and words in done.stderr and not done.stdout
