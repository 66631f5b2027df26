"""A slice of `make soak NAME=reconnect`."""

import pytest

from nocarrier_emulator.netdevice import DIRECT, PLAIN
from nocarrier_emulator.reconnects import Reconnects, between_stanzas
from nocarrier_emulator.servers.certificate import Authority
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody

USERS = {"anna": "anna-pw", "bert": "bert-pw"}


@pytest.mark.parametrize("way, cuts", [(PLAIN, 8), (DIRECT, 4)])
@pytest.mark.parametrize("name", ["PROSODY13", "EJABBERD"])
def test_a_line_that_fails_again_and_again(tool, tmp_path, name, way, cuts):
    authority = Authority(tmp_path)
    if name == "EJABBERD":
        server = Ejabberd(tool(name), USERS, authority.server)
    else:
        server = Prosody(tool(name), USERS, authority.server, sasl2=True)
    server.start()
    try:
        outcome = Reconnects(server, 7, cuts, way, authority, deaf=name != "EJABBERD").run()
    finally:
        server.remove()
    print(outcome)
    assert outcome.ok() and outcome.cuts == cuts and outcome.resumed > 0, outcome
    assert name != "EJABBERD" or outcome.fresh == 1, outcome


def test_where_a_stream_ends():
    opened = b"<stream:stream xmlns='jabber:client' xmlns:stream='s'>"
    for said, between in (
        (b"", False),
        (opened, True),
        (opened + b"<a/>", True),
        (opened + b"<a/> ", True),
        (opened + b"<a", False),
        (opened + b"<a>", False),
        (opened + b"<a>text", False),
        (opened + b"<a><b/></a", False),
        (opened + b"<auth/>" + opened + b"<a/>", True),
    ):
        assert between_stanzas(said) == between, said
