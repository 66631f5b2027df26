"""A slice of `SERVER=prosody make soak NAME=gremlins`: one, over a real server, in scaled real time."""

import pytest

from nocarrier_emulator.gremlins.gremlin import events
from nocarrier_emulator.gremlins.live import USERS, LivePlay
from nocarrier_emulator.servers.prosody import Prosody
from nocarrier_ports.handset.views import ContactsView

NUMBER = 5


@pytest.fixture
def played(tool):
    """Plays it over a Prosody of its own; returns what it has found."""

    def play():
        server = Prosody(tool("PROSODY13"), USERS, sasl2=True)
        server.start()
        try:
            return LivePlay(NUMBER, server).run(events(NUMBER, 60))
        finally:
            server.remove()

    return play


def test_a_gremlin_over_prosody_finds_nothing(played):
    failure = played()
    assert failure is None, failure


def test_what_goes_wrong_there_is_seen(played, monkeypatch):
    def key(self, code):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(ContactsView, "key", key)
    failure = played()
    assert failure is not None and failure.kind == "ZeroDivisionError in key"
