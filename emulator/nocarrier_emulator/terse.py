"""A server that spares those who know them its features, as ejabberd does, word by word. Runs on MicroPython too."""

from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue

try:
    from typing import Any
except ImportError:
    pass

# What the client says.
BARE = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='exchange.test'>"
ASKING = BARE.replace(b" to='exchange.test'", b" to='exchange.test' version='1.0'")
AUTH = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFubmEAcGVuY2lsICYgw7xuc2FmZQ==</auth>"
RESUME = b"<resume xmlns='urn:xmpp:sm:3' h='%d' previd='sm-1'/>"

# What the server says.
HEADER = d.HEADER.replace(b" version='1.0'", b"")
BIND_OFFERED = d.BIND_OFFERED.replace(
    b"<sm ", b"<c xmlns='http://jabber.org/protocol/caps' node='https://www.process-one.net/ejabberd/' ver='x'/><sm "
)


def known(**more: "Any") -> Dialogue:
    """A device that has met this server, and has no session. more: for the Dialogue."""
    talk = Dialogue(**more)
    talk.up()
    talk.server(d.HEADER + d.PLAIN_OFFERED)
    said = talk.server(d.SUCCESS) + talk.server(d.HEADER + BIND_OFFERED) + talk.bind()
    _answer(talk, said)
    talk.client.log_out()
    talk.said()
    talk.down()
    talk.events.clear()
    return talk


def online(**more: "Any") -> Dialogue:
    """The same, online by its second login."""
    talk = known(**more)
    talk.up()
    _answer(talk, talk.server(HEADER + d.SUCCESS) + talk.server(HEADER + d.BOUND + d.ENABLED % 1))
    assert talk.client.online()
    talk.events.clear()
    return talk


def _answer(talk: Dialogue, said: bytes) -> None:
    """What is asked for at the beginning of a session: a roster, and an archive with nothing new."""
    last = b"<set xmlns='http://jabber.org/protocol/rsm'><last>arch-1</last></set>"
    page = d.LAST_PAGE % (talk.id_of(said, b"mam:2"), last)
    talk.server(d.ROSTER % talk.id_of(said, b"jabber:iq:roster") + page)
