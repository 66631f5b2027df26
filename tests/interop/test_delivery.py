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


# A restart of ejabberd can lose what it has acknowledged: the campaign counts it apart.
@pytest.mark.parametrize(("name", "restarts"), [("Prosody 13", 1), ("ejabberd", 0)])
def test_everything_arrives_once_and_in_order(name, restarts, tool, started):
    variable, make = SERVERS[name]
    server = started(name, lambda: make(tool(variable)))
    outcome = Deliveries(server, 1, messages=60, cuts=10, restarts=restarts, kills=4).run()
    assert outcome.ok() and not outcome.lost_by_server, outcome
    assert (outcome.sent, outcome.observed, outcome.cuts, outcome.kills) == (120, 60, 10, 4)
