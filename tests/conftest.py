"""What all tests share: the tools that the set-up has put in place, and an account of what could not be tested."""

import os
from pathlib import Path

import pytest

# Environment variables of tests/setup/with.sh, each the path of a tool.
TOOLS = ("MICROPYTHON32", "MPY_CROSS", "PROSODY13", "CHROMIUM")


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
            why = "; ".join(_missing()) or "not run by `make test`, which sets everything up"
            pytest.skip("there is no %s: %s" % (name, why))
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
