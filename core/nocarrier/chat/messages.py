"""Message stanzas: writing ours, and reading what others' mean (RFC 6121 §5, XEP-0184, XEP-0203, XEP-0359)."""

from nocarrier import ns
from nocarrier.decimal import decimal
from nocarrier.jid import bare
from nocarrier.queue import records, states
from nocarrier.queue.records import Incoming
from nocarrier.queue.window import dedup_key
from nocarrier.wire.element import Element

try:
    from typing import Optional

    from nocarrier.queue.records import Outgoing
    from nocarrier.wire.node import Node
except ImportError:
    pass

_ID_BYTES = 255


def to_stanza(message: Outgoing, markable: bool) -> Element:
    """A chat message of ours; message id = origin-id, a receipt is asked for. markable: a marker too (XEP-0333)."""
    parts = [
        Element("body", ns.CLIENT, (), [message.body]),
        Element("request", ns.RECEIPTS),
        Element("origin-id", ns.SID, ("id", message.message_id)),
    ]
    if markable:
        parts.append(Element("markable", ns.MARKERS))
    return Element("message", ns.CLIENT, ("to", message.to, "type", "chat", "id", message.message_id), parts)


def receipt(message: Incoming, own_id: str) -> Element:
    """The receipt for a message (XEP-0184 §5.3). own_id: the receipt's own id."""
    return Element(
        "message",
        ns.CLIENT,
        ("to", message.sender, "type", "chat", "id", own_id),
        [Element("received", ns.RECEIPTS, ("id", message.message_id))],
    )


def marker(to: str, message_id: str, own_id: str) -> Element:
    """The marker for a message that was displayed (XEP-0333 §4). to: its sender. own_id: the marker's own id."""
    return Element(
        "message",
        ns.CLIENT,
        ("to", to, "type", "chat", "id", own_id),
        [Element("displayed", ns.MARKERS, ("id", message_id))],
    )


def reported(stanza: Node) -> "tuple[str, int]":
    """(id of a message of ours, its state now) if the stanza is a receipt or a displayed marker; else ("", 0)."""
    for name, space, state in (("received", ns.RECEIPTS, states.DELIVERED), ("displayed", ns.MARKERS, states.READ)):
        found = stanza.child(name, space)
        if found is not None:
            return found.get("id") or "", state
    return "", 0


def archive_id(stanza: Node, own_jid: str) -> str:
    """Our own server's stanza-id (XEP-0359 §3); anybody else's says nothing (§5). "" if there is none."""
    for child in stanza.elements():
        if child.is_a("stanza-id", ns.SID) and child.get("by") == own_jid:
            return bounded(child.get("id"))
    return ""


def incoming(
    stanza: Node, body: "Optional[str]", in_archive: str, moves_cursor: bool, now_s: int
) -> "Optional[Incoming]":
    """What is to be kept of a chat message from somebody else; None if it has no text or no usable sender.

    body: its text, or what is to be shown in its place. in_archive: our server's id of it, or "". now_s: when it came,
    in seconds since 1970, 0 if the device does not know; for one that has waited it says so itself. The count h and the
    number are filled in by who stores it.
    """
    sender = stanza.get("from") or ""
    if len(sender.encode()) > _ID_BYTES:
        sender = bare(sender)  # a long resource; a receipt may go to any of the sender's devices
    if body is None or not sender or len(sender.encode()) > _ID_BYTES:
        return None
    message_id = bounded(stanza.get("id"))
    flags = records.MOVES_CURSOR if moves_cursor and in_archive else 0
    if message_id and stanza.child("request", ns.RECEIPTS) is not None:
        flags |= records.RECEIPT_OWED
    if message_id and stanza.child("markable", ns.MARKERS) is not None:
        flags |= records.MARKABLE
    keys = _keys(stanza, sender, message_id, in_archive, body)
    sent_s = delay_s(stanza)
    message = Incoming(0, 0, sent_s or now_s, flags, keys, in_archive, sender, message_id, body)
    message.waited = bool(sent_s)
    return message


def _keys(stanza: Node, sender: str, message_id: str, in_archive: str, body: str) -> bytes:
    """What makes two arrivals the same message.

    The archive's id; the sender's origin-id; a bare message id only together with type and text, since old clients and
    gateways use ids again.
    """
    keys = dedup_key("a", in_archive) if in_archive else b""
    origin = stanza.child("origin-id", ns.SID)
    origin_id = bounded(origin.get("id")) if origin is not None else ""
    if origin_id:
        keys += dedup_key("o", bare(sender), origin_id)
    elif message_id:
        keys += dedup_key("m", bare(sender), message_id, stanza.get("type") or "", body, weak=True)
    return keys


def bounded(text: "Optional[str]") -> str:
    """An id that fits into a record; a longer one is as good as none."""
    return text if text and len(text.encode()) <= _ID_BYTES else ""


def delay_s(stanza: Node) -> int:
    """When a delayed message was sent (XEP-0203, XEP-0082), in seconds since 1970; 0 if it does not say."""
    delay = stanza.child("delay", ns.DELAY)
    return parse_utc(delay.get("stamp") or "") if delay is not None else 0


def parse_utc(stamp: str) -> int:
    """ "2001-09-05T12:34:56.789Z" or with an offset (XEP-0082 §3.2) to seconds since 1970; 0 if malformed."""
    year, month, day = decimal(stamp[0:4], 4), decimal(stamp[5:7], 2), decimal(stamp[8:10], 2)
    hour, minute, second = decimal(stamp[11:13], 2), decimal(stamp[14:16], 2), decimal(stamp[17:19], 2)
    if not (1970 <= year <= 2105 and 1 <= month <= 12 and 1 <= day <= 31 and min(hour, minute, second) >= 0):
        return 0
    shifted = year - (month < 3)  # the year that ends in February
    days = 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + (153 * ((month + 9) % 12) + 2) // 5 + day
    utc_s = (days - 719469) * 86400 + hour * 3600 + minute * 60 + second - _offset_s(stamp[19:])
    return utc_s if 0 < utc_s <= 0xFFFFFFFF else 0


def _offset_s(tail: str) -> int:
    """What stands behind the seconds: a fraction, "Z", or an offset from UTC."""
    sign = max(tail.find("+"), tail.find("-"))
    if sign < 0:
        return 0
    hours, minutes = decimal(tail[sign + 1 : sign + 3], 2), decimal(tail[sign + 4 : sign + 6], 2)
    offset = max(hours, 0) * 3600 + max(minutes, 0) * 60
    return -offset if tail[sign] == "-" else offset
