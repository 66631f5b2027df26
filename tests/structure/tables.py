"""The tables of core/README.md, made from the code that they describe. Running it brings the file up to date."""

import re
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]
README = TOP / "core" / "README.md"
sys.path.insert(0, str(TOP / "core"))

from nocarrier import ns  # noqa: E402
from nocarrier.queue import records, states  # noqa: E402
from nocarrier.session import steps, ways  # noqa: E402

_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.S)


def _steps() -> str:
    rows = ["| state | what happens | next state |", "|---|---|---|"]
    rows += ["| %s | %s | %s |" % (steps.NAMES[a], what, steps.NAMES[b]) for a, what, b in steps.STEPS]
    return "\n".join(rows)


def _states() -> str:
    rows = ["| state | what happened | next state |", "|---|---|---|"]
    rows += ["| %s | %s | %s |" % (states.NAMES[a], what, states.NAMES[b]) for a, what, b in states.TRANSITIONS]
    return "\n".join(rows)


def _records() -> str:
    assert records.__doc__ is not None
    return "\n".join(line for line in records.__doc__.splitlines() if line.startswith("|"))


def _ways() -> str:
    needs = {
        ways._NOTHING: "nothing", ways._SECRECY: "a trusted line, or the user's preference under TLS", ways._TLS: "TLS",
        ways._TOKEN: "TLS, and a token of an earlier login", ways._BOUND: "TLS, and a channel binding that both have",
    }  # fmt: skip
    profiles = {ns.SASL2: "SASL2 (XEP-0388)", ns.SASL: "RFC 6120"}
    rows = ["| profile | mechanism | needs |", "|---|---|---|"]
    rows += ["| %s | %s | %s |" % (profiles[profile], name, needs[need]) for profile, name, _, need in ways.WAYS]
    return "\n".join(rows)


TABLES = {"steps": _steps, "ways": _ways, "states": _states, "records": _records}


def generated(text: str) -> str:
    """The text with every table as the code has it now."""
    return _BLOCK.sub(lambda block: block[1] + TABLES[block[2]]() + "\n" + block[3], text)


if __name__ == "__main__":
    README.write_text(generated(README.read_text()))
