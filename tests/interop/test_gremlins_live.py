"""A slice of `SERVER=prosody make soak NAME=gremlins`: one, over a real server, in scaled real time."""

from nocarrier_emulator.gremlins.gremlin import events
from nocarrier_emulator.gremlins.live import USERS, LivePlay
from nocarrier_emulator.servers.prosody import Prosody


def test_a_gremlin_over_prosody_finds_nothing(tool):
    server = Prosody(tool("PROSODY13"), USERS, sasl2=True)
    server.start()
    try:
        failure = LivePlay(5, server).run(events(5, 60))
    finally:
        server.remove()
    assert failure is None, failure


def test_what_goes_wrong_there_is_seen(tool, monkeypatch):
    from nocarrier_ports.handset.views import ContactsView

    def key(self, code):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(ContactsView, "key", key)
    server = Prosody(tool("PROSODY13"), USERS, sasl2=True)
    server.start()
    try:
        failure = LivePlay(5, server).run(events(5, 60))
    finally:
        server.remove()
    assert failure is not None and failure.kind == "ZeroDivisionError in key"
