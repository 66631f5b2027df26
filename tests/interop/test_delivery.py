"""A slice of `make soak NAME=delivery`: lines fail, devices are killed, the server restarts, and all is there once."""

import pytest

from nocarrier_emulator.deliveries import ANNA, BERT, OBSERVER, Deliveries
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody

USERS = {ANNA: "anna-pw", BERT: "bert-pw", OBSERVER: "carl-pw"}
SERVERS = {
    "Prosody 13": ("PROSODY13", lambda tool: Prosody(tool, USERS, sasl2=True)),
    "ejabberd": ("EJABBERD", lambda tool: Ejabberd(tool, USERS)),
}


@pytest.mark.parametrize("name", SERVERS)
def test_everything_arrives_once_and_in_order(name, tool, started):
    variable, make = SERVERS[name]
    server = started(name, lambda: make(tool(variable)))
    outcome = Deliveries(server, 1, messages=60, cuts=10, restarts=1, kills=4).run()
    assert outcome.ok(), outcome
    assert (outcome.sent, outcome.observed, outcome.cuts, outcome.restarts, outcome.kills) == (120, 60, 10, 1, 4)
