"""`make demo` as a user runs it, in all its forms: with a shorter script, and once in full length on the Cortex-M3."""

import json
import os
import subprocess
from pathlib import Path

import board
import pytest

TOP = Path(__file__).parents[2]
FORMS = (
    (("--seed", "1"), "MICROPYTHON32"),
    (("--seed", "2", "--server", "prosody"), "PROSODY13"),
    (("--seed", "3", "--server", "prosody", "--peer", "slixmpp"), "PROSODY13"),
)


@pytest.fixture(scope="module", autouse=True)
def cortex_m3(tmp_path_factory):
    """The play on the Cortex-M3, which takes some minutes, beside the others: (process, file with what it says)."""
    if not os.environ.get("PROSODY13") or not os.environ.get("QEMU_ARM"):
        yield None
        return
    firmware, said = board.handset(64 * 1024), tmp_path_factory.mktemp("m3") / "said"
    command = ["python", "-m", "nocarrier_emulator", "demo", "--firmware", firmware, "--qemu", os.environ["QEMU_ARM"]]
    command += ["--server", "prosody", "--seed", "2", "--speed", "6", "--page", "20"]
    with said.open("w") as file, subprocess.Popen(command, cwd=TOP, stdout=file, stderr=file) as process:
        yield process, said
        process.terminate()


@pytest.mark.parametrize("form, needs", FORMS, ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_everything_arrives_once_and_in_order(form, needs, tool):
    tool(needs)
    command = ["python", "-m", "nocarrier_emulator", "demo", "--micropython", tool("MICROPYTHON32")]
    command += ["--messages", "8", "--drops", "3", "--kills", "1", *form]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["sent"], result["lost"], result["duplicated"], result["reordered"]) == (16, 0, 0, 0)
    assert (result["drops"], result["kills"]) == (3, 1)
    assert result["bytes_up"] > 1_000 and result["bytes_down"] > 1_000 and result["seconds"] > 40
    assert "delivered" in done.stdout and "A  killed" in done.stdout
    assert "- bert@" in done.stdout.split("A's screen:")[1] and "(delivered)" in done.stdout.split("A's screen:")[1]


def test_the_whole_of_it_on_a_cortex_m3(tool, cortex_m3):
    """In its full length: the handheld is the firmware in QEMU, with a heap of 64 KB, at Prosody 13."""
    tool("PROSODY13"), tool("QEMU_ARM")
    process, said = cortex_m3
    assert process.wait(540) == 0, said.read_text()
    result = json.loads(said.read_text().splitlines()[-1])
    assert (result["sent"], result["lost"], result["duplicated"], result["reordered"]) == (40, 0, 0, 0)
    assert (result["drops"], result["kills"]) == (6, 2) and 0 < result["heap_free_bytes"] < 64 * 1024


def test_what_cannot_be_is_said(tool):
    command = ["python", "-m", "nocarrier_emulator", "demo"]
    for arguments, words in ((("--peer", "slixmpp"), "real server"), (("--micropython", ""), "MicroPython")):
        done = subprocess.run([*command, *arguments], cwd=TOP, capture_output=True, text=True)
        assert done.returncode == 2 and words in done.stderr
