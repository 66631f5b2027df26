"""Messages behind the request to resume, at real servers: in whatever pieces they come, and if there is no session."""

import pytest

from nocarrier import events
from nocarrier_emulator.faultylink import PiecesLink
from nocarrier_emulator.netdevice import DIRECT, PLAIN, NetDevice
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody

USERS = {"anna": "anna-pw", "bert": "bert-pw"}


class Pair:
    """Anna, whose line is cut, and Bert, to whom she writes."""

    def __init__(self, server, way, authority):
        port = server.port if way == PLAIN else server.tls_port
        self.link = PiecesLink("127.0.0.1", port)
        ca, trusted = authority.root, way == PLAIN
        self.anna = NetDevice(server, "anna", way=way, ca=ca, trusted=trusted, inner=self.link)
        self.bert = NetDevice(server, "bert", way=way, ca=ca, trusted=trusted)
        self.to = "bert@%s" % (server.domain if way == PLAIN else server.tls_domain)
        self.sent = []
        self.anna.run(lambda: self.anna.ready() and self.bert.ready(), others=[self.bert])
        # The archive shows that it keeps something; without that nothing rides.
        self.bert.client.send_message(self.to.replace("bert", "anna"), "hello")
        self.bert.run(lambda: self.anna.client.store.cursor, others=[self.anna])
        self.settle()

    def settle(self):
        """Until nothing of Anna's is unacknowledged."""
        self.anna.run(lambda: self.anna.client.online() and self.anna.client.session.settled(), others=[self.bert])

    def reconnect(self, size=0):
        """The line is cut, Anna writes, and calls again. Returns in which flights she asks and sends."""
        self.anna.cut()
        self.anna.run(lambda: not self.anna.online(), others=[self.bert])
        self.anna.quit()
        self.link.piece_bytes = size
        self.sent.append("number %d" % len(self.sent))
        self.anna.client.send_message(self.to, self.sent[-1])
        self.anna.flights.clear()
        self.anna.runner.dial(self.anna.now_ms())
        self.anna.run(lambda: len(self.bert.values(events.MESSAGE)) == len(self.sent), others=[self.bert])
        self.settle()
        self.link.piece_bytes = 0
        return self.anna.flight(b"<resume "), self.anna.flight(b"<message ")

    def received(self):
        return [message.body for message in self.bert.values(events.MESSAGE)]


@pytest.fixture(scope="module")
def ejabberd(tool, authority, started):
    return started("ejabberd", lambda: Ejabberd(tool("EJABBERD"), USERS, authority.server))


@pytest.mark.parametrize("way, flight", [(PLAIN, 2), (DIRECT, 1)])
def test_at_ejabberd_a_message_goes_with_the_request_in_any_pieces(ejabberd, authority, way, flight):
    pair = Pair(ejabberd, way, authority)
    for size in (0, 400, 64, 7):
        flights = pair.reconnect(size)
        assert flights == (flight, flight) or size, flights  # in pieces the server answers before it has heard all
        assert pair.anna.client.session.ladder.riders == 1, size
    assert pair.received() == pair.sent and not pair.anna.values(events.FAULT)
    assert pair.anna.values(events.ONLINE) == [False] + [True] * 4
    pair.anna.log_out()
    pair.bert.log_out()


@pytest.mark.parametrize("way", [PLAIN, DIRECT])
def test_at_ejabberd_it_is_dropped_with_a_session_that_is_gone_and_sent_again(ejabberd, authority, way):
    pair = Pair(ejabberd, way, authority)
    store = pair.anna.client.store
    for _ in range(2):
        store.save_session("g2gCbQAAAAJuY20AAAAISsjaHz69CuY=", store.h, store.jid)  # of the right form, of no session
        resume, message = pair.reconnect()
        assert resume == message  # it was there, and was dropped
    pair.anna.run(pair.anna.ready, others=[pair.bert])
    assert pair.received() == pair.sent and not pair.anna.values(events.FAULT)
    assert pair.anna.values(events.ONLINE) == [False] * 3
    pair.anna.log_out()
    pair.bert.log_out()


def test_at_prosody_it_waits_until_the_session_is_resumed(tool, authority, started):
    """What is cut in two there is lost, or worse (core/README.md)."""
    server = started("Prosody 13", lambda: Prosody(tool("PROSODY13"), USERS, authority.server, sasl2=True))
    pair = Pair(server, PLAIN, authority)
    assert pair.reconnect() == (1, 2)
    assert pair.received() == pair.sent
