"""An archive in a dialogue: entries "arch-N" with messages "mN", page by page; on MicroPython too."""

from nocarrier_emulator import dialogue as d
from nocarrier_emulator.stanzas import archived, fin, message, query_in

try:
    from collections.abc import Sequence
except ImportError:
    pass

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
PAGE = 5
_STANZA_ID = b"<stanza-id xmlns='urn:xmpp:sid:0' by='anna@exchange.test' id='arch-%d'/>"
_BACK_FIN = (
    b"<iq type='result' id='%s'><fin xmlns='urn:xmpp:mam:2'%s><set xmlns='http://jabber.org/protocol/rsm'>"
    b"<first>arch-%d</first><last>x</last></set></fin></iq>"
)


def live(number: int) -> bytes:
    """A message that comes as it is sent."""
    body = b"m%d" % number
    return message(body, body, _STANZA_ID % number)


def handled(talk: "d.Dialogue") -> int:
    """How many stanzas of this session the server has got, if it has got all."""
    return talk.client.session.acks.sent


def page(
    talk: "d.Dialogue",
    query: bytes,
    request: bytes,
    numbers: "Sequence[int]",
    complete: bool = False,
    more: bytes = b"",
) -> bytes:
    """The server answers with these entries; returns what the client says to the end of them. more: of each text."""
    talk.server(ACK % handled(talk))
    for n in numbers:
        talk.server(archived(query, b"arch-%d" % n, d.PEER + "/p", b"m%d" % n, b"m%d" % n + more))
    return talk.server(fin(request, b"arch-%d" % numbers[-1], complete))


def asked_again(talk: "d.Dialogue", said: bytes) -> "tuple[bytes, bytes, bytes]":
    """No answer comes until the client asks for the same page once more: its query, the first request, the second."""
    request, query, place = query_in(said)
    talk.server(ACK % handled(talk))
    talk.wait(0)
    again, same, from_there = query_in(talk.wait(60_100))
    assert (same, from_there) == (query, place) and again != request
    return query, request, again


def after(said: bytes) -> int:
    """The number of the entry behind which the client asks; -1: the archive's beginning."""
    place = query_in(said)[2]
    return int(place.split(b"-")[1]) if place else -1


def forward(talk: "d.Dialogue", said: bytes, numbers: "Sequence[int]", pages: int = 1000) -> bytes:
    """The archive's pages from where the client asks, so many at most; returns what the client said to the last."""
    for _ in range(pages):
        request, query, _ = query_in(said)
        newer = [n for n in numbers if n > after(said)]
        if not newer:
            return talk.server(fin(request, b"", True))
        last = len(newer) <= PAGE
        said = page(talk, query, request, newer[:PAGE], last)
        if last and b"urn:xmpp:mam:2" not in said:
            break
    return said


def back(talk: "d.Dialogue", said: bytes, numbers: "Sequence[int]") -> bytes:
    """The way back from the archive's end; returns the client's first question forward."""
    while b"<before" in said:
        request, _, _ = query_in(said)
        place = said.split(b"<before")[1]
        before = int(place.split(b"arch-")[1].split(b"<")[0]) if place.startswith(b">arch-") else 1 << 30
        older = [n for n in numbers if n < before]
        talk.server(ACK % handled(talk))
        whole = b" complete='true'" if len(older) <= PAGE else b""
        said = talk.server(_BACK_FIN % (request, whole, older[-PAGE:][0]))
    return said
