"""What the journal's records hold: one kind of record, one pair of functions.

| kind     | payload, little-endian |
|----------|------------------------|
| OUT      | seq u32, utc u32 (0 unknown), message id, address, body |
| SENT     | seq u32, count u32: the stanza's number in the SM session, written before the stanza is |
| STATE    | seq u32, state u8, flags u8, reason |
| IN       | seq u32, h u32, utc u32, flags u8, size of keys u8, keys of 8 bytes, archive id, sender, message id, body |
| ASIDE    | as IN, of a message that came ahead of its place; void as soon as an IN with one of its keys follows |
| RECEIPT  | seq u32: the receipt owed for this incoming message is with the server |
| SESSION  | h u32, id, full JID; an empty id: no session to resume. What was SENT under another id is in doubt |
| SAME     | as SESSION, written by compaction: the session goes on, nothing gets into doubt |
| HANDLED  | h u32: count of stanzas handled, flushed before an <a/> that says so |
| CURSOR   | id of the newest archive entry that has been dealt with |
| SENT_AT  | as SENT, then the archive id known before it: written by compaction |
| NEXT     | seq u32: the next message's number; written by compaction |
| FLOOR    | id of the newest archive entry at the first login; empty: there was none |
| NOTE     | name, text: what one login leaves for the next (core/README.md); an empty text: nothing any more |
| CONTACT  | version of the roster from here on, JID, subscription ("remove": none any more), name; JID may be empty |

Strings are one length byte and UTF-8, the last one of a record without length.
"""

import struct

from nocarrier.compat import const
from nocarrier.errors import UsageError

OUT = const(1)
SENT = const(2)
STATE = const(3)
IN = const(4)
RECEIPT = const(5)
SESSION = const(6)
HANDLED = const(7)
CURSOR = const(8)
FLOOR = const(9)
SAME = const(10)
ASIDE = const(11)
SENT_AT = const(12)
NEXT = const(13)
NOTE = const(14)
CONTACT = const(15)

# Flags of IN.
RECEIPT_OWED = const(1)
MOVES_CURSOR = const(2)
NOTICE = const(4)  # not a message's text but ours, about one ("too large")
# Flags of STATE.
MAY_ARRIVE_TWICE = const(1)
IN_DOUBT = const(2)  # its SM session is gone; the count says nothing any more

KEY_BYTES = const(8)


class Outgoing:
    """A message on its way out. body: text; utc_s: seconds since 1970, 0 if unknown."""

    def __init__(self, seq: int, utc_s: int, message_id: str, to: str, body: str) -> None:
        self.seq = seq
        self.utc_s = utc_s
        self.message_id = message_id
        self.to = to
        self.body = body


class Incoming:
    """A message that arrived. sender: full address; h: the SM count that includes it; keys: its dedup keys."""

    def __init__(
        self,
        seq: int,
        h: int,
        utc_s: int,
        flags: int,
        keys: bytes,
        archive_id: str,
        sender: str,
        message_id: str,
        body: str,
    ) -> None:
        self.seq = seq
        self.h = h
        self.utc_s = utc_s
        self.flags = flags
        self.keys = keys
        self.archive_id = archive_id
        self.sender = sender
        self.message_id = message_id
        self.body = body


def pack_out(message: Outgoing) -> bytes:
    """Raises UsageError if id or address has more than 255 bytes."""
    head = struct.pack("<II", message.seq, message.utc_s)
    return head + _strings(message.message_id, message.to) + message.body.encode()


def unpack_out(payload: bytes) -> Outgoing:
    """The message of an OUT record."""
    seq, utc_s = struct.unpack_from("<II", payload, 0)
    message_id, at = _string(payload, 8)
    to, at = _string(payload, at)
    return Outgoing(seq, utc_s, message_id, to, str(payload[at:], "utf-8"))


def pack_sent(seq: int, count: int) -> bytes:
    """A SENT record: message number, stanza count."""
    return struct.pack("<II", seq, count)


def unpack_sent(payload: bytes) -> "tuple[int, int]":
    """(seq, count) of a SENT record."""
    seq, count = struct.unpack("<II", payload)
    return seq, count


def pack_sent_at(seq: int, count: int, cursor: str) -> bytes:
    """A SENT_AT record."""
    return pack_sent(seq, count) + cursor.encode()


def unpack_sent_at(payload: bytes) -> "tuple[int, int, str]":
    """(seq, count, cursor) of a SENT_AT record."""
    seq, count = unpack_sent(payload[:8])
    return seq, count, str(payload[8:], "utf-8")


def pack_state(seq: int, state: int, flags: int, reason: str) -> bytes:
    """A STATE record; states.py has the states."""
    return struct.pack("<IBB", seq, state, flags) + reason.encode()


def unpack_state(payload: bytes) -> "tuple[int, int, int, str]":
    """(seq, state, flags, reason) of a STATE record."""
    seq, state, flags = struct.unpack_from("<IBB", payload, 0)
    return seq, state, flags, str(payload[6:], "utf-8")


def pack_in(message: Incoming) -> bytes:
    """Raises UsageError if an id or the sender has more than 255 bytes."""
    head = struct.pack("<IIIBB", message.seq, message.h, message.utc_s, message.flags, len(message.keys))
    tail = _strings(message.archive_id, message.sender, message.message_id)
    return head + message.keys + tail + message.body.encode()


def share_key(some: bytes, others: bytes) -> bool:
    """True if two sets of dedup keys have one in common."""
    for i in range(0, len(some), KEY_BYTES):
        for k in range(0, len(others), KEY_BYTES):
            if some[i : i + KEY_BYTES] == others[k : k + KEY_BYTES]:
                return True
    return False


def unpack_in(payload: bytes) -> Incoming:
    """The message of an IN or ASIDE record."""
    seq, h, utc_s, flags, keys_bytes = struct.unpack_from("<IIIBB", payload, 0)
    at = 14 + keys_bytes
    keys = payload[14:at]
    archive_id, at = _string(payload, at)
    sender, at = _string(payload, at)
    message_id, at = _string(payload, at)
    return Incoming(seq, h, utc_s, flags, keys, archive_id, sender, message_id, str(payload[at:], "utf-8"))


def pack_number(number: int) -> bytes:
    """RECEIPT, HANDLED and NEXT."""
    return struct.pack("<I", number)


def unpack_number(payload: bytes) -> int:
    """The number of a RECEIPT, HANDLED or NEXT record."""
    number: int = struct.unpack("<I", payload)[0]
    return number


def pack_session(h: int, sm_id: str, jid: str) -> bytes:
    """A SESSION or SAME record. Raises UsageError if the id has more than 255 bytes."""
    return struct.pack("<I", h) + _strings(sm_id) + jid.encode()


def unpack_session(payload: bytes) -> "tuple[int, str, str]":
    """(h, id, full JID) of a SESSION or SAME record."""
    sm_id, at = _string(payload, 4)
    return unpack_number(payload[:4]), sm_id, str(payload[at:], "utf-8")


def pack_note(name: str, text: str) -> bytes:
    """A NOTE record."""
    return _strings(name) + text.encode()


def unpack_note(payload: bytes) -> "tuple[str, str]":
    """(name, text) of a NOTE record."""
    name, at = _string(payload, 0)
    return name, str(payload[at:], "utf-8")


def pack_contact(version: str, jid: str, subscription: str, name: str) -> bytes:
    """A CONTACT record. Raises UsageError if version or JID has more than 255 bytes."""
    return _strings(version, jid, subscription) + name.encode()


def unpack_contact(payload: bytes) -> "tuple[str, str, str, str]":
    """(version, JID, subscription, name) of a CONTACT record."""
    version, at = _string(payload, 0)
    jid, at = _string(payload, at)
    subscription, at = _string(payload, at)
    return version, jid, subscription, str(payload[at:], "utf-8")


def _strings(*texts: str) -> bytes:
    parts = []
    for text in texts:
        data = text.encode()
        if len(data) > 255:
            raise UsageError("id or address of more than 255 bytes")
        parts.append(bytes([len(data)]))
        parts.append(data)
    return b"".join(parts)


def _string(payload: bytes, at: int) -> "tuple[str, int]":
    end = at + 1 + payload[at]
    return str(payload[at + 1 : end], "utf-8"), end
