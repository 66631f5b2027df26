"""Logins over a line that cuts what it carries as it likes: servers get half a stanza, or three at once.

Prosody 13 is why: what comes of the second stream in a segment with the login's last word it reads with the old parser,
and the rest with a new one. No second stream may follow that word before the server has answered.
"""

import time

import pytest
from realservers import SERVERS

from nocarrier import events
from nocarrier_emulator.netdevice import NetDevice
from nocarrier_ports.links.tcp import TcpLink

QUIET_S = 0.02  # after which the line hands on what it has


class Segments(TcpLink):
    """Hands on so many bytes at a time, with a pause behind each; less when nothing has come for a while."""

    def __init__(self, port, size):
        super().__init__("127.0.0.1", port)
        self._size = size
        self._gathered = b""
        self._since = self._paused = 0.0

    def idle(self):
        return not self._gathered

    def open(self, now_ms):
        self._gathered = b""
        super().open(now_ms)

    def write(self, data):
        self._gathered += bytes(data)
        self._since = time.monotonic()
        return len(data)

    def poll(self, now_ms):
        now = time.monotonic()
        if self._gathered and now - self._paused > QUIET_S:
            if len(self._gathered) >= self._size or now - self._since > QUIET_S:
                sent = super().write(self._gathered[: self._size])
                self._gathered = self._gathered[sent:]
                self._paused = now


@pytest.mark.parametrize("trusted", [False, True], ids=["SCRAM", "PLAIN"])
@pytest.mark.parametrize("size", [60, 250])
@pytest.mark.parametrize("name", SERVERS)
def test_logins_and_what_follows_pass_in_any_pieces(tool, started, name, size, trusted):
    variable, make = SERVERS[name]
    server = started(name, lambda: make(tool(variable)))
    link = Segments(server.port, size)
    device = NetDevice(server, "anna", trusted=trusted, inner=link)
    to = "bert@" + server.domain
    device.run(device.ready)
    device.run(link.idle)  # a stream that ends within a stanza is resumed by Prosody with its parser in there
    device.cut()
    device.run(device.online)  # this time it knows what the server takes
    device.client.send_message(to, "message")
    device.run(lambda: device.state(to) == "on server")
    device.log_out()
    assert not device.values(events.FAULT)
