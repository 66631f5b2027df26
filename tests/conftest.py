"""What all tests share: the tools that the set-up has put in place, and an account of what could not be tested."""

import os
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
# Those that only reckon stand in a row of their own, which gives way to the other: that one keeps to real time.
RECKONING = (
    "core/",
    "oracle/",
    "emulator/test_campaign.py",
    "emulator/test_exchange.py",
    "emulator/test_gremlins.py",
    "emulator/test_power_cuts.py",
    "emulator/test_queue_model.py",
    "emulator/test_script.py",
    "emulator/test_trace.py",
    "micropython/test_core_files.py",
)
_NICENESS = 10


def pytest_collection_modifyitems(config, items):
    if not config.pluginmanager.hasplugin("xdist"):
        return
    here = Path(__file__).parent
    for item in items:
        reckons = item.path.relative_to(here).as_posix().startswith(RECKONING)
        item.add_marker(pytest.mark.xdist_group("reckoning" if reckons else "real time"))


def pytest_runtest_setup(item):
    row = item.get_closest_marker("xdist_group")
    if "PYTEST_XDIST_WORKER" in os.environ and row and row.args == ("reckoning",) and os.nice(0) < _NICENESS:
        os.nice(_NICENESS)


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
