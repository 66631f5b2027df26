"""For pytest: the fixture `scenario` plays a scenario, and a step that does not pass fails the test.

def test_hello(scenario):
    outcome = scenario("hello.toml", profile="gprs", seed=7)
    assert "Hello" in outcome.screens["end"]
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from nocarrier_emulator.script import report, script
from nocarrier_emulator.script.play import PASSED, Outcome, ScriptPlay

_LAST_LINES = 20


@pytest.fixture
def scenario(tmp_path: Path) -> Callable[..., Outcome]:
    """scenario(path or text, seed=1, profile="", until_s=None); what is left of it is in the test's tmp_path."""

    def play(what: "Path | str", seed: int = 1, profile: str = "", until_s: float | None = None) -> Outcome:
        is_text = isinstance(what, str) and "\n" in what
        read = script.parsed(str(what)) if is_text else script.read(Path(what))
        outcome = ScriptPlay(read, seed, profile, until_s).run()
        report.write(tmp_path, outcome)
        if outcome.outcome != PASSED:
            last = outcome.results[-1]
            lines = "\n".join(outcome.trace[-_LAST_LINES:])
            pytest.fail("%s: %s\n%s\n%s" % (last.step.text(), last.outcome, last.why, lines), pytrace=False)
        return outcome

    return play
