"""Screens and keyboards, in a process of 32-bit MicroPython with everything frozen."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def test_screens_and_keyboards_on_simulated_buses(tool, tmp_path):
    for path in (HERE / "hardware").glob("*.py"):
        shutil.copy(path, tmp_path)
    shutil.copy(HERE / "run_file.py", tmp_path)
    command = [tool("MICROPYTHON32"), "-X", "heapsize=1m", "run_file.py", "on_buses"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"MICROPYPATH": ".frozen:."}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split()[-2:] == ["passed", "8"], done.stdout
