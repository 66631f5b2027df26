"""What the journal's records hold: for each kind of record the layout of its payload.

| kind     | payload, little-endian |
|----------|------------------------|
| OUT      | seq u32, utc u32 (0 unknown), flags u8, expiry utc u32 (0 never), message id, address, body |
| OUT_AGAIN | state u8, flags u8, count u32, cursor, then as OUT: written once more by compaction |
| SENT     | seq u32, count u32: the stanza's number in the SM session, written before the stanza is |
| STATE    | seq u32, state u8, flags u8, reason |
| IN       | seq u32, h u32, utc u32, flags u8, size of keys u8, keys of 8 bytes, archive id, sender, message id, body |
| OWED     | as IN, without keys and body: the message was given up by compaction, its receipt is still owed |
| ASIDE    | as IN, of a message that came ahead of its place; void as soon as an IN with one of its keys follows |
| RECEIPT  | seq u32: the receipt owed for this incoming message is with the server |
| SESSION  | h u32, id, full JID; an empty id: no session to resume. What was SENT under another id is in doubt |
| SAME     | as SESSION, written by compaction: the session goes on, nothing gets into doubt |
| HANDLED  | h u32: count of stanzas handled, flushed before an <a/> that says so |
| CURSOR   | id of the newest archive entry that has been dealt with |
| NEXT     | seq u32: the next message's number; written by compaction |
| FLOOR    | id of the newest archive entry at the first login; empty: there was none |
| KEYS     | all of the dedup window, oldest first: hour u16, 8 bytes each; written when an IN of it is given up |
| SEEN     | seq u32, address: the user has seen what came from there up to this message |
| NOTE     | name, text: what one login leaves for the next (core/README.md); an empty text: nothing any more |
| CONTACT  | version of the roster from here on, JID or nothing, subscription ("remove": gone), devices, name |

Strings are one length byte and UTF-8, the last one of a record without length.
"""

import struct

from nocarrier.compat import const
from nocarrier.errors import UsageError
from nocarrier.jid import bare

try:
    from typing import Any

    from nocarrier.queue.journal import Journal
except ImportError:
    pass

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
OUT_AGAIN = const(12)
NEXT = const(13)
NOTE = const(14)
CONTACT = const(15)
OWED = const(16)
KEYS = const(17)
SEEN = const(18)

# Flags of OUT.
BULK = const(1)  # may wait for everything else
# Flags of IN.
RECEIPT_OWED = const(1)
MOVES_CURSOR = const(2)
NOTICE = const(4)  # not a message's text but ours, about one ("too large")
MARKABLE = const(16)  # the sender wants to hear when it has been read
ELSEWHERE = const(8)  # the user's own, from another device; the sender is whom it went to
# Flags of STATE.
MAY_ARRIVE_TWICE = const(1)
IN_DOUBT = const(2)  # its SM session is gone; the count says nothing any more
ASKED_AGAIN = const(4)  # it had failed; it does not expire any more

# By kind: I u32, H u16, B u8; k keys behind one byte for their size; s a string; * the rest as a string; b as bytes.
_LAYOUTS = (
    "", "IIBIss*", "II", "IBB*", "IIIBksss*", "I", "Is*", "I", "*", "*", "Is*", "IIIBksss*", "BBIsb", "I", "s*",
    "ssss*", "IIIBksss*", "b", "I*",
)  # fmt: skip
_SIZES = "  B H   I"  # a number is half as many bytes long as there are characters before it
# All of the log is read when it is opened: what is needed then is looked for where it is.
_OUT_FLAGS = const(8)
_STRINGS = const(13)  # where those of OUT and IN begin; an IN's keys are in front of them
_AGAIN_CURSOR = const(6)


class Outgoing:
    """A message on its way out. body: text; utc_s: seconds since 1970, 0 if unknown.

    bulk: may wait for all that is not. expires_s: seconds since 1970 from which on it is not sent any more, 0: never.
    """

    def __init__(
        self, seq: int, utc_s: int, message_id: str, to: str, body: str, bulk: bool = False, expires_s: int = 0
    ) -> None:
        self.seq = seq
        self.utc_s = utc_s
        self.message_id = message_id
        self.to = to
        self.body = body
        self.bulk = bulk
        self.expires_s = expires_s


class Incoming:
    """A message that arrived. sender: full address; h: the SM count that includes it; keys: its dedup keys.

    waited: a server has kept it back for a while; that is not on flash.
    """

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
        self.waited = False


def pack(kind: int, *fields: "Any") -> bytes:
    """The payload of a record of that kind. Raises UsageError if a string has more than 255 bytes."""
    parts = []
    i = 0
    for code in _LAYOUTS[kind]:
        field = fields[i]
        i += 1
        if code in _SIZES:
            parts.append(struct.pack("<" + code, field))
            continue
        data = field.encode() if code in "s*" else field
        if code in "sk":
            if len(data) > 255:
                raise UsageError("id or address of more than 255 bytes")
            parts.append(bytes([len(data)]))
        parts.append(data)
    return b"".join(parts)


def unpack(kind: int, payload: bytes) -> "list[Any]":
    """The fields of a record of that kind, as pack() takes them."""
    fields: "list[Any]" = []
    at = 0
    for code in _LAYOUTS[kind]:
        if code in _SIZES:
            fields.append(struct.unpack_from("<" + code, payload, at)[0])
            at += _SIZES.find(code) // 2
            continue
        end = len(payload)
        if code in "sk":
            end = at + 1 + payload[at]
            at += 1
        data = payload[at:end]
        fields.append(str(data, "utf-8") if code in "s*" else data)
        at = end
    return fields


def append(journal: Journal, kind: int, *fields: "Any") -> int:
    """Adds a record to the journal and returns its position. Raises as Journal.append() and pack() do."""
    return journal.append(kind, pack(kind, *fields))


def number_of(payload: bytes) -> int:
    """The number with which the payloads of OUT, SENT, STATE, IN, RECEIPT, NEXT and SEEN begin."""
    number: int = struct.unpack_from("<I", payload, 0)[0]
    return number


def out_of(kind: int, payload: bytes) -> bytes:
    """The payload of the OUT in an OUT or OUT_AGAIN record."""
    return payload if kind == OUT else payload[_AGAIN_CURSOR + 1 + payload[_AGAIN_CURSOR] :]


def other_end(kind: int, payload: bytes) -> str:
    """The bare JID at the other end of a message's record; "" for other records."""
    if kind == IN:
        return bare(_string(payload, 2))
    return _string(out_of(kind, payload), 1) if kind in (OUT, OUT_AGAIN) else ""


def in_head(payload: bytes) -> "tuple[int, int, int, int, bytes]":
    """(seq, h, utc, flags, keys) of an IN, OWED or ASIDE."""
    seq, h, utc_s, flags, size = struct.unpack_from("<IIIBB", payload, 0)
    return seq, h, utc_s, flags, payload[_STRINGS + 1 : _STRINGS + 1 + size]


def archive_id(payload: bytes) -> str:
    """Of an IN or ASIDE."""
    return _string(payload, 1)


def _string(payload: bytes, index: int) -> str:
    """One of those of an OUT or IN."""
    at = _STRINGS
    for _ in range(index):
        at += 1 + payload[at]
    return str(payload[at + 1 : at + 1 + payload[at]], "utf-8")


def is_bulk(out: bytes) -> bool:
    """Of the payload of an OUT."""
    return bool(out[_OUT_FLAGS] & BULK)


def pack_out(message: Outgoing) -> bytes:
    """Raises UsageError if id or address has more than 255 bytes."""
    flags = BULK if message.bulk else 0
    return pack(OUT, message.seq, message.utc_s, flags, message.expires_s, message.message_id, message.to, message.body)


def unpack_out(payload: bytes) -> Outgoing:
    """The message of an OUT record."""
    seq, utc_s, flags, expires_s, message_id, to, body = unpack(OUT, payload)
    return Outgoing(seq, utc_s, message_id, to, body, bool(flags & BULK), expires_s)


def pack_in(message: Incoming) -> bytes:
    """Raises UsageError if an id or the sender has more than 255 bytes."""
    return pack(
        IN, message.seq, message.h, message.utc_s, message.flags, message.keys, message.archive_id, message.sender,
        message.message_id, message.body,
    )  # fmt: skip


def unpack_in(payload: bytes) -> Incoming:
    """The message of an IN, OWED or ASIDE record."""
    return Incoming(*unpack(IN, payload))
