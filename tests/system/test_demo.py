"""`make demo` as a user runs it, in all its forms: with a shorter script, and once in full length on the Cortex-M3."""

import json
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


def test_the_whole_of_it_on_a_cortex_m3(tool):
    """`make demo` in its full length: the handheld is the firmware in QEMU, with a heap of 64 KB, at Prosody 13."""
    tool("PROSODY13")
    qemu, firmware = tool("QEMU_ARM"), board.handset(64 * 1024)
    command = ["python", "-m", "nocarrier_emulator", "demo", "--firmware", firmware, "--qemu", qemu]
    command += ["--server", "prosody", "--seed", "2", "--speed", "4", "--page", "20"]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=540)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["sent"], result["lost"], result["duplicated"], result["reordered"]) == (40, 0, 0, 0)
    assert (result["drops"], result["kills"]) == (6, 2) and 0 < result["heap_free_bytes"] < 64 * 1024


def test_what_cannot_be_is_said(tool):
    command = ["python", "-m", "nocarrier_emulator", "demo"]
    for arguments, words in ((("--peer", "slixmpp"), "real server"), (("--micropython", ""), "MicroPython")):
        done = subprocess.run([*command, *arguments], cwd=TOP, capture_output=True, text=True)
        assert done.returncode == 2 and words in done.stderr
