"""A slice of `make soak NAME=delivery`: lines fail, devices are killed, the server restarts, and all is there once."""

import pytest
from bench.peers import processes

from nocarrier_emulator.deliveries import USERS, Deliveries, Plan
from nocarrier_emulator.parties import came
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody

SERVERS = {
    "Prosody 13": ("PROSODY13", lambda tool: Prosody(tool, USERS, sasl2=True)),
    "ejabberd": ("EJABBERD", lambda tool: Ejabberd(tool, USERS)),
}


@pytest.fixture(params=SERVERS)
def server(request, tool, started):
    variable, make = SERVERS[request.param]
    return started(request.param, lambda: make(tool(variable)))


def test_everything_arrives_once_and_in_order(server):
    outcome = Deliveries(server, 1, Plan(messages=60, cuts=10, restarts=1, kills=4)).run()
    assert outcome.ok(), outcome
    assert (outcome.sent, outcome.observed + outcome.lost_by_server) == (120, 60)
    assert outcome.cuts >= 8 and (outcome.restarts, outcome.kills) == (1, 4)  # the last may find nothing to cut


@pytest.mark.parametrize("name", ("slixmpp", "@xmpp/client"))
def test_the_same_harness_drives_other_clients(name, server):
    """On a good day all three deliver everything: what they lose in the campaign is not the harness's."""
    command = processes.command(name)
    assert command, "the set-up has not got what %s needs" % name
    outcome = Deliveries(server, 1, Plan(messages=20, client=command)).run()
    assert outcome.ok() and (outcome.sent, outcome.observed) == (40, 20), outcome


def test_what_is_out_of_the_archive_is_told_from_what_is_not():
    """The judge goes by it; the end of a page names the archive too, and what comes behind it is live."""
    result = b"<message><result queryid='q' id='1' xmlns='urn:xmpp:mam:2'><forwarded><message><body>%s</body></message>"
    end = b"</forwarded></result></message>"
    fin = b"<iq type='result' id='i'><fin xmlns='urn:xmpp:mam:2' complete='true'><set/></fin></iq>"
    live = b"<message from='a@b'><body>%s</body><stanza-id xmlns='urn:xmpp:sid:0' id='2'/></message>"
    data = result % b"one" + end + result % b"two" + end + fin + live % b"three" + live % b"four" + result % b"five"
    assert [row[:2] for row in came(data)] == [
        ("one", True),
        ("two", True),
        ("three", False),
        ("four", False),
        ("five", True),
    ]
    ends = [row[2] for row in came(data)]
    assert [data[:at].endswith(b"</body>") for at in ends] == [True] * 5 and ends == sorted(ends)
