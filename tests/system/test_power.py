"""A slice of `make soak NAME=power`: the firmware for a Cortex-M3, its flash on a file, loses its power at Prosody."""

import json
import subprocess

import board

TOP = board.TOP


def test_the_firmware_loses_and_doubles_nothing(tool):
    qemu, _ = tool("QEMU_ARM"), tool("PROSODY13")
    firmware = board.handset(64 * 1024)
    command = ["python", "-m", "nocarrier_emulator", "demo", "--firmware", firmware, "--qemu", qemu]
    command += "--server prosody --rate 9600 --latency 100 --trusted --page 20 --speed 2".split()
    command += "--messages 4 --drops 1 --kills 2 --span 50 --seed 2".split()
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["sent"], result["lost"], result["duplicated"], result["reordered"]) == (8, 0, 0, 0)
    assert (result["drops"], result["kills"]) == (1, 2)
