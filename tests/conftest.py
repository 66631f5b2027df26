"""What all tests share: the tools that the set-up has put in place, and an account of what could not be tested."""

import os
import subprocess
import time
from pathlib import Path

import pytest

# Environment variables of tests/setup/with.sh, each the path of a tool; and what the set-up calls it, if it is missing.
TOOLS = {
    "MICROPYTHON32": "micropython",
    "MPY_CROSS": "micropython",
    "PROSODY13": "prosody",
    "PROSODY012": "prosody012",
    "EJABBERD": "ejabberd",
    "JABBERD2": "jabberd2",
    "IAXMODEM": "iaxmodem",
    "TERMINALS": "terminals",
    "NBXMPP": "nbxmpp",
    "XMPPJS": "xmppjs",
    "CHROMIUM": "chromium",
    "QEMU_ARM": "firmware",
}


def _missing() -> list[str]:
    """What the set-up could not get, a line each: "tool: why"."""
    path = Path(os.environ.get("MISSING", ""))
    return path.read_text().splitlines() if path.is_file() else []


@pytest.fixture(scope="session")
def tool():
    """tool(NAME): the tool's path; skips with the reason where the set-up could not get it."""

    def find(name: str) -> str:
        assert name in TOOLS
        path = os.environ.get(name, "")
        if not path:
            why = [line for line in _missing() if line.startswith(TOOLS[name])]
            pytest.skip("there is no %s: %s" % (name, why[0] if why else "`make test` sets it up"))
        return path

    return find


@pytest.fixture(scope="module")
def cable(tool, tmp_path_factory):
    """Two serial ports, joined by socat."""
    folder = tmp_path_factory.mktemp("cable")
    ends = [folder / name for name in ("one", "other")]
    socat = subprocess.Popen([str(Path(tool("TERMINALS")) / "socat"), *("pty,link=%s,rawer" % end for end in ends)])
    end = time.monotonic() + 10
    while not all(path.exists() for path in ends):
        assert time.monotonic() < end and socat.poll() is None, "socat makes no ports"
        time.sleep(0.01)
    yield ends
    socat.kill()
    socat.wait()


def pytest_terminal_summary(terminalreporter):
    """The functions that ran on MicroPython are tests too; and nothing is skipped silently."""
    passed = terminalreporter.stats.get("passed", [])
    functions = sum(value for report in passed for key, value in report.user_properties if key == "functions")
    terminalreporter.write_line("")
    terminalreporter.write_line(
        "totals: %d passed, of which %d files ran %d functions on 32-bit MicroPython; %d skipped"
        % (
            len(passed),
            sum(bool(report.user_properties) for report in passed),
            functions,
            len(terminalreporter.stats.get("skipped", [])),
        )
    )
    for line in _missing():
        terminalreporter.write_line("not tested, for want of " + line)
