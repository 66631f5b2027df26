"""The core's tests once more, from the same files: on 32-bit MicroPython with the core frozen and a capped heap.

Each file is compiled to .mpy and runs in a process of its own; the doubles of the emulator lie beside it. The heap
holds the code of both, and the flash too: that is why it is more than the 64 KB in which tests/system plays all of it.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
FILES = sorted((TOP / "tests" / "core").glob("test_*.py"))
HEAP = "82k"
# Doubles that run on MicroPython too.
DOUBLES = (
    "__init__.py",
    "flash.py",
    "dialogue.py",
    "sasl2.py",
    "stanzas.py",
    "stores.py",
    "streams.py",
    "terse.py",
    "walks.py",
)


def compiled(mpy_cross: str, source: Path, target: Path) -> None:
    subprocess.run([mpy_cross, "-O0", "-o", str(target), str(source)], check=True)


@pytest.fixture(scope="module")
def doubles(tool, tmp_path_factory):
    """A folder with the compiled doubles."""
    folder = tmp_path_factory.mktemp("mpy")
    package = folder / "nocarrier_emulator"
    package.mkdir()
    for name in DOUBLES:
        source = TOP / "emulator" / "nocarrier_emulator" / name
        compiled(tool("MPY_CROSS"), source, package / (source.stem + ".mpy"))
    return folder


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file(file, doubles, tool, tmp_path, record_property):
    for item in doubles.iterdir():
        shutil.copytree(item, tmp_path / item.name)
    compiled(tool("MPY_CROSS"), file, tmp_path / (file.stem + ".mpy"))
    shutil.copy(Path(__file__).parent / "run_file.py", tmp_path)
    done = subprocess.run(
        [tool("MICROPYTHON32"), "-X", "heapsize=" + HEAP, "run_file.py", file.stem],
        cwd=tmp_path,
        env={"MICROPYPATH": ".frozen:."},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    count = len(re.findall(r"^def test_", file.read_text(), re.M))
    assert done.stdout.splitlines()[-1] == "passed %d" % count
    record_property("functions", count)
