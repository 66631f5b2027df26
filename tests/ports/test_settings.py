"""Settings: what is missing or wrong is named, and no value is ever repeated in an error."""

import json
import re
from pathlib import Path

import pytest

from nocarrier.errors import UsageError
from nocarrier_ports.settings import Settings, load

BOARDS = Path(__file__).parents[2] / "ports/boards"
GOOD = {"jid": "anna@exchange.test", "password": "s3cret-value", "number": "555", "port": "/dev/ttyS0"}


def test_defaults_and_what_is_given():
    plain = Settings(GOOD)
    assert plain.account.resource == "nocarrier" and plain.line.rate_bps == 2400 and plain.line.trusted is False
    assert plain.client.wire.stanza_bytes == 3584 and plain.queue.segments == 8 and plain.speed == 1
    fields = {"rate_bps": 9600, "trusted": True, "loaded": 5, "resource": "t-deck", "stanza_words": 24}
    given = Settings({**GOOD, **fields})
    assert given.line.rate_bps == 9600 and given.line.trusted and given.queue.loaded == 5
    assert (plain.account.password, plain.account.quick, plain.account.legacy) == ("s3cret-value", False, False)
    other = Settings({**GOOD, "password": "", "quick": True, "legacy": True}).account
    assert (other.password, other.quick, other.legacy) == (None, True, True)
    assert given.account.resource == "t-deck" and given.client.wire.words == 24 and plain.client.wire.words == 0


def test_modem_network_and_terminal_server():
    plain = Settings(GOOD)
    assert plain.dial_profile.dial == "DT{number}" and plain.script == () and plain.access.apn == ""
    script = [["login:", "anna"], ["assword:", "secret"], ["> ", "connect jabber"]]
    given = Settings(
        {**GOOD, "modem": "sim800", "init": ["E0", "+IFC=2,2"], "apn": "internet", "pin": "1234", "script": script}
    )
    assert given.socket_profile is None
    assert "QISEND" in Settings({**GOOD, "modem": "quectel", "portions": True}).socket_profile.send
    assert given.dial_profile.init == ("E0", "+IFC=2,2") and "CIPSTART" in given.dial_profile.dial
    assert (given.access.apn, given.access.pin) == ("internet", "1234")
    assert given.script == (("login:", "anna"), ("assword:", "secret"), ("> ", "connect jabber"))


@pytest.mark.parametrize(
    "change, named",
    [
        ({"jid": ""}, "jid"),
        ({"password": None}, "password"),
        ({"number": 555}, "number"),
        ({"trusted": "yes"}, "trusted"),
        ({"trusted": 1}, "trusted"),
        ({"rate_bps": "2400"}, "rate_bps"),
        ({"rate_pbs": 2400}, "rate_pbs"),
        ({"jid": "s3cret-value"}, "address"),
        ({"rate_bps": 0}, "rate"),
        ({"stanza_bytes": 8192}, "out_bytes"),
        ({"stanza_words": -1}, "words"),
        ({"modem": "s3cret"}, "hayes, quectel, sim7600, sim800"),
        ({"portions": True}, "portions"),
        ({"init": "E0"}, "init"),
        ({"init": ["E0", 5]}, "init"),
        ({"init": ["E0\rs3cret"]}, "init"),
        ({"pin": 1234}, "pin"),
        ({"pin": '12"34'}, "pin"),
        ({"apn": "s3cret\r\nAT"}, "apn"),
        ({"apn_password": 's3cret"'}, "apn_password"),
        ({"number": "555\rATH"}, "number"),
        ({"script": [["login:", "anna"], ["s3cret"]]}, "script"),
        ({"script": ["s3cret"]}, "script"),
        ({"script": {"s3cret": ""}}, "script"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_repeated(change, named):
    with pytest.raises(UsageError, match=named) as caught:
        Settings({**GOOD, **change})
    assert "s3cret" not in str(caught.value)


def test_files_that_are_no_settings(tmp_path):
    path = tmp_path / "settings.json"
    for text in ("", "{", "[]", '"x"', "{}"):
        path.write_text(text)
        with pytest.raises(UsageError):
            load(str(path))
    with pytest.raises(UsageError):
        load(str(tmp_path / "missing.json"))
    path.write_text(json.dumps(GOOD))
    assert load(str(path)).account.jid == "anna@exchange.test"


@pytest.mark.parametrize("path", sorted(BOARDS.glob("*/settings.json")), ids=lambda path: path.parent.name)
def test_the_boards_examples_are_settings_and_their_pins_are_in_the_code(path):
    settings = Settings(json.loads(path.read_text()))
    assert settings.port == "uart"
    code, wiring = (path.parent / "main.py").read_text(), (path.parent / "README.md").read_text()
    table = [line for line in wiring.splitlines() if line.startswith("|")][2:]
    pins = [number for line in table for number in re.findall(r"\b(?:GP)?(\d+)\b", line.split("|")[2].split(" (")[0])]
    assert all(re.search(r"\b%s\b" % number, code) for number in pins), pins
    assert len(table) >= 3 and (pins or path.parent.name == "pyboard")


def test_every_board_with_wires_has_its_table():
    assert len(list(BOARDS.glob("*/settings.json"))) == len(list(BOARDS.glob("*/README.md"))) == 6
