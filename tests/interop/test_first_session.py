"""A device's very first session dies when the server has handed it what had waited: it is in the archive still."""

import time

import pytest
from realservers import SERVERS

from nocarrier import events
from nocarrier_emulator.netdevice import NetDevice

_SWALLOWED_S = 0.5  # in which the server hands over what has waited
BODIES = ["while away %d" % number for number in range(5)]


@pytest.fixture(params=SERVERS)
def server(request, tool):
    """One on which nobody has ever been."""
    variable, make = SERVERS[request.param]
    server = make(tool(variable))
    server.start()
    yield server
    server.remove()


def device(server, user, flash=None):
    return NetDevice(server, user, trusted=True, flash=flash, speed=4)


@pytest.mark.parametrize("restarted", (False, True), ids=("server goes on", "server restarted"))
def test_what_had_waited_for_a_new_device_is_not_lost_with_its_first_session(server, restarted):
    bert = device(server, "bert")
    bert.run(bert.ready)
    to = "anna@" + server.domain
    for body in BODIES:
        bert.client.send_message(to, body)
    bert.run(lambda: bert.client.session.settled() and bert.state(to) == "on server")
    first = device(server, "anna")
    first.run(lambda: b"<presence" in first.said)
    time.sleep(_SWALLOWED_S)  # the server's time
    first.cut()
    if restarted:
        bert.log_out()
        server.stop()
        server.start()
    anna = device(server, "anna", first.flash)
    anna.run(lambda: anna.ready() and len(anna.values(events.MESSAGE)) >= len(BODIES))
    end = time.monotonic() + _SWALLOWED_S
    anna.run(lambda: time.monotonic() > end)
    assert [message.body for message in anna.values(events.MESSAGE)] == BODIES
    for each in (anna, bert):
        each.log_out()
