"""All tests, in two rows at once: those that only reckon give way (nice) to those that keep to real time.

python tests/rows.py [pytest's options]; with files or folders among them it is pytest alone. The exit status is 0 if
both rows have passed; the row that reckons is shown when the other one has come to its end.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

# They open no port and wait for nobody.
RECKONING = (
    "core",
    "oracle",
    "emulator/test_campaign.py",
    "emulator/test_gremlins.py",
    "emulator/test_power_cuts.py",
    "emulator/test_queue_model.py",
    "emulator/test_script.py",
    "emulator/test_trace.py",
    "micropython/test_core_files.py",
)
_HERE = Path(__file__).parent
_NICENESS = 10
_NOTHING_TO_DO = 5  # pytest's exit status where no test was chosen
_TOTALS = re.compile(
    r"^totals: (\d+) passed, of which (\d+) files ran (\d+) functions on 32-bit MicroPython; (\d+)", re.M
)


def main(options: list[str]) -> int:
    pytest = [sys.executable, "-m", "pytest", *options]
    if any("/" in option or option.endswith(".py") for option in options):
        return subprocess.run(pytest).returncode
    paths = [str(_HERE / path) for path in RECKONING]
    with tempfile.TemporaryFile("w+") as aside, tempfile.TemporaryFile("w+") as told:
        gives_way = ["nice", "-n", str(_NICENESS)]
        reckoning = subprocess.Popen([*gives_way, *pytest, *paths], stdout=aside, stderr=subprocess.STDOUT)
        try:
            with subprocess.Popen(
                [*pytest, *["--ignore=" + path for path in paths]], stdout=subprocess.PIPE, text=True, bufsize=1
            ) as waiting:
                assert waiting.stdout is not None
                for line in waiting.stdout:
                    print(line, end="", flush=True)
                    told.write(line)
            reckoning.wait()
        finally:
            reckoning.terminate()
            reckoning.wait()
        aside.seek(0), told.seek(0)
        rows = [aside.read(), told.read()]
    print("\nMeanwhile, in the row that reckons:\n" + rows[0])
    print("\nboth rows: " + totals(rows))
    return status([reckoning.returncode, waiting.returncode])


def status(ended: list[int]) -> int:
    """Of both together. Who was ended by a signal has not passed, as a shell says it."""
    left = {128 - code if code < 0 else code for code in ended} - {_NOTHING_TO_DO}
    return max(left) if left else _NOTHING_TO_DO


def totals(rows: list[str]) -> str:
    """Of what both have said, in the words of conftest.py."""
    found = [match for row in rows if (match := _TOTALS.search(row))]
    if len(found) < len(rows):
        return "one of them has not come to its end"
    sums = [sum(int(match[i]) for match in found) for i in range(1, 5)]
    return "%d passed, of which %d files ran %d functions on 32-bit MicroPython; %d skipped" % tuple(sums)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
