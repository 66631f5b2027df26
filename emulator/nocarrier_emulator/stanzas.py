"""What servers and contacts say, for tests; and what the client has said, taken apart. Runs on MicroPython too."""

from nocarrier import events, ns
from nocarrier.wire.element import Element
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.node import Node
from nocarrier.wire.parser import StreamParser
from nocarrier.wire.writer import encode
from nocarrier_emulator import dialogue as d

try:
    from typing import Tuple
except ImportError:
    pass

FAILED = b"<failed xmlns='urn:xmpp:sm:3'%s><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"
STANZA_ID = b"<stanza-id xmlns='urn:xmpp:sid:0' by='anna@exchange.test' id='%s'/>"
ORIGIN_ID = b"<origin-id xmlns='urn:xmpp:sid:0' id='%s'/>"


def as_read(element: Element) -> Node:
    """What the parser makes of an element that somebody else has written."""
    parser = StreamParser(WireLimits(stanza_bytes=1024, chunk_bytes=1024, words=1))
    parser.feed(d.HEADER)
    parser.next_event()
    parser.feed(encode(element, ns.CLIENT, 1024))
    event = parser.next_event()
    assert event is not None and isinstance(event[1], Node)
    return event[1]


def online(last: str = "arch-1") -> d.Dialogue:
    """A client that is logged in; its archive ends with `last`, and everything is acknowledged."""
    talk = d.Dialogue()
    talk.log_in(last)
    talk.server(b"<a xmlns='urn:xmpp:sm:3' h='3'/>")
    talk.events = []
    return talk


def new_session(talk: d.Dialogue) -> bytes:
    """The session is lost without h; returns what the client says when it is bound anew."""
    talk.down()
    talk.authenticate()
    talk.server(FAILED % b"")
    return talk.bind()


def shown(talk: d.Dialogue) -> "list[str]":
    """The bodies of the messages that the user has seen."""
    return [m.body for m in talk.values(events.MESSAGE)]  # type: ignore[attr-defined]


def message(body: bytes, message_id: bytes, extra: bytes = b"", sender: bytes = b"bert@exchange.test/p") -> bytes:
    """A chat message from a contact."""
    return b"<message from='%s' type='chat' id='%s'><body>%s</body>%s</message>" % (sender, message_id, body, extra)


def archived(query_id: bytes, archive_id: bytes, sender: str, message_id: bytes, body: bytes) -> bytes:
    """An archive entry of the query."""
    return (
        b"<message from='%s' to='%s'><result xmlns='urn:xmpp:mam:2' queryid='%s' id='%s'>"
        b"<forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' stamp='2001-09-05T12:00:00Z'/>"
        b"<message xmlns='jabber:client' from='%s' type='chat' id='%s'><body>%s</body>"
        b"<origin-id xmlns='urn:xmpp:sid:0' id='%s'/></message></forwarded></result></message>"
    ) % (
        d.OWN.encode(), d.FULL.encode(), query_id, archive_id, sender.encode(), message_id, body, message_id,
    )  # fmt: skip


def fin(request_id: bytes, last: bytes = b"", complete: bool = True) -> bytes:
    """The end of a page."""
    rsm = b"<set xmlns='http://jabber.org/protocol/rsm'>%s</set>" % (b"<last>%s</last>" % last if last else b"")
    return b"<iq type='result' id='%s'><fin xmlns='urn:xmpp:mam:2'%s>%s</fin></iq>" % (
        request_id, b" complete='true'" if complete else b"", rsm,
    )  # fmt: skip


def query_in(said: bytes) -> "Tuple[bytes, bytes, bytes]":
    """(id of the request, query id, where it begins) of the archive query in what the client has said."""
    after = said.split(b"<after>")[1].split(b"</after>")[0] if b"<after>" in said else b""
    return d.Dialogue.id_of(said, b"mam:2"), said.split(b"queryid='")[1].split(b"'")[0], after


def look_again(talk: d.Dialogue) -> bytes:
    """A message in doubt was not met: the archive is asked again, and has nothing new. Returns what is said."""
    said = talk.wait(0) + talk.wait(6_000)
    request = query_in(said)[0]
    return talk.server(fin(request))


def sent(said: bytes) -> "list[tuple[bytes, bytes]]":
    """(id, body) of the messages in what the client has said."""
    found: "list[tuple[bytes, bytes]]" = []
    for part in said.split(b"<message ")[1:]:
        if b"<body>" in part:
            found.append((part.split(b" id='")[1].split(b"'")[0], part.split(b"<body>")[1].split(b"</body>")[0]))
    return found
