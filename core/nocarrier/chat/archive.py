"""The user's own archive (XEP-0313, XEP-0059): small pages, forward from a known entry."""

from nocarrier import ns
from nocarrier.chat.messages import bounded, delay_s
from nocarrier.wire.element import Element

try:
    from typing import Optional

    from nocarrier.wire.node import Node
except ImportError:
    pass


def page_query(query_id: str, after: str, size: int) -> Element:
    """Asks for the page of `size` entries that follows `after`; "" for the beginning of the archive."""
    rsm = [Element("max", ns.RSM, (), [str(size)])]
    if after:
        rsm.append(Element("after", ns.RSM, (), [after]))
    return Element("query", ns.MAM, ("queryid", query_id), [Element("set", ns.RSM, (), rsm)])


def back_query(query_id: str, before: str, size: int) -> Element:
    """Asks for the page of `size` entries that precedes `before`; "" for the end of the archive."""
    rsm = [Element("max", ns.RSM, (), [str(size)]), Element("before", ns.RSM, (), [before] if before else [])]
    return Element("query", ns.MAM, ("queryid", query_id), [Element("set", ns.RSM, (), rsm)])


class Entry:
    """An archived message: its id in the archive, the stanza, and when it came there, in seconds since 1970 or 0."""

    def __init__(self, archive_id: str, stanza: Node, utc_s: int) -> None:
        self.archive_id = archive_id
        self.stanza = stanza
        self.utc_s = utc_s


def entry(stanza: Node, query_id: str, own_jid: str) -> "Optional[Entry]":
    """The entry in a result of the open query, or None.

    Only our own archive is believed, for the query that is open (XEP-0313 §8; CVE-2019-16237 and relatives).
    """
    result = stanza.child("result", ns.MAM)
    if result is None or result.get("queryid") != query_id or stanza.get("from") not in (None, own_jid):
        return None
    forwarded = result.child("forwarded", ns.FORWARD)
    message = forwarded.child("message", ns.CLIENT) if forwarded is not None else None
    if forwarded is None or message is None or not result.get("id"):
        return None
    return Entry(bounded(result.get("id")), message, delay_s(forwarded))


def page_end(iq: Node) -> "Optional[tuple[bool, str, str]]":
    """(archive is complete, first and last id of the page or "") of an answer; None if it is none that can be used."""
    fin = iq.child("fin", ns.MAM)
    if iq.get("type") != "result" or fin is None:
        return None
    rsm = fin.child("set", ns.RSM)
    first, last = [(rsm.child_text(name, ns.RSM) if rsm is not None else None) or "" for name in ("first", "last")]
    if last and not bounded(last) or first and not bounded(first):
        return None
    return fin.get("complete") in ("true", "1"), first, last
