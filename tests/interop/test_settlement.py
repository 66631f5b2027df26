"""Messages whose fate is unknown, at each server: to an observer that would show a second copy, by every path.

The bytes of a dead connection arrive late: before the next login, after the old session was asked for, or at the end.
"""

import time

import pytest
from realservers import SERVERS

from nocarrier import events
from nocarrier_emulator.deliveries import OBSERVER
from nocarrier_emulator.faultylink import LateLink
from nocarrier_emulator.netdevice import NetDevice
from nocarrier_emulator.rawobserver import RawObserver

BEFORE, MEANWHILE, AFTER = "before the login", "when the session was asked for", "after everything"
QUIET_S = 0.3  # for which nothing more comes


@pytest.fixture(params=SERVERS)
def server(request, tool, started):
    variable, make = SERVERS[request.param]
    return started(request.param, lambda: make(tool(variable)))


class Scene:
    """Anna, whose line can hold bytes up, and an observer."""

    def __init__(self, server):
        self.observer = RawObserver(server, OBSERVER)
        self.to = "%s@%s" % (OBSERVER, server.domain)
        self.link = LateLink("127.0.0.1", server.port)
        self.anna = NetDevice(server, "anna", trusted=True, inner=self.link, speed=4)
        self.until(lambda: self.anna.ready() and self.observer.online)
        self.anna.client.send_message(self.to, "first")
        self.until(lambda: self.anna.state(self.to) == "on server" and self.observer.got == ["first"])

    def step(self):
        self.anna.step()
        self.observer.step()

    def until(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.anna.events[-5:], self.observer.got)
            self.step()
            time.sleep(0.002)

    def close(self):
        end = time.monotonic() + QUIET_S
        self.until(lambda: time.monotonic() > end)
        self.anna.log_out()
        self.observer.close()
        self.link.end()


@pytest.mark.parametrize("known", (True, False), ids=("session known", "session forgotten"))
@pytest.mark.parametrize("late", (BEFORE, MEANWHILE, AFTER))
def test_late_bytes_of_a_dead_connection_bring_nothing_twice(server, late, known):
    scene = Scene(server)
    anna = scene.anna
    scene.link.hold()
    anna.client.send_message(scene.to, "held up")
    scene.until(lambda: b"held up" in (scene.link.held or b""))
    anna.cut()
    if not known:
        anna.client.link_down()
        anna.client.store.end_session()
    if late == BEFORE:
        scene.link.release()
        time.sleep(QUIET_S)  # a server of its own time: it reads them or it does not
    anna.events.clear()
    if late == MEANWHILE:
        asked = b"<resume" if known else b"<bind"
        scene.until(lambda: any(asked in flight for flight in anna.flights))
        scene.link.release()
    scene.until(lambda: anna.values(events.ONLINE))
    scene.until(lambda: anna.ready() and anna.state(scene.to) == "on server")
    if late == AFTER:
        scene.link.release()
    scene.close()
    assert scene.observer.got == ["first", "held up"]


def test_a_message_that_the_server_has_is_found_in_the_archive(server):
    """Acknowledged by nobody, its session forgotten by us: only the archive knows."""
    scene = Scene(server)
    anna = scene.anna
    anna.client.send_message(scene.to, "in doubt")
    while b"in doubt" not in anna.said:
        anna.step()
    end = time.monotonic() + 10
    while scene.observer.got != ["first", "in doubt"]:
        assert time.monotonic() < end
        scene.observer.step()
        time.sleep(0.002)
    anna.cut()
    anna.client.link_down()
    anna.client.store.end_session()
    scene.until(lambda: anna.ready() and anna.state(scene.to) == "on server")
    scene.close()
    assert scene.observer.got == ["first", "in doubt"]
