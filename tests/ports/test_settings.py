"""Settings: what is missing or wrong is named, and no value is ever repeated in an error."""

import json

import pytest

from nocarrier.errors import UsageError
from nocarrier_ports.settings import Settings, load

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
