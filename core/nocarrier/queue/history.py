"""Conversations, read back from the journal in pages.

A walk over the log keeps two small numbers a line; address and text are read only for the lines of the page.
"""

from nocarrier.jid import bare
from nocarrier.queue import records, states

try:
    from typing import Optional

    from nocarrier.queue.journal import Journal
except ImportError:
    pass


class HistoryItem:
    """A line of a conversation. incoming: direction; state, flags, reason: of an outgoing message (states.py)."""

    def __init__(self, incoming: bool, seq: int, utc_s: int, body: str, message_id: str) -> None:
        self.incoming = incoming
        self.seq = seq
        self.utc_s = utc_s
        self.body = body
        self.message_id = message_id
        self.state = states.QUEUED
        self.flags = 0
        self.reason = ""


def read_history(journal: Journal, contact: str, newest: int, skip: int, chars: int) -> "list[HistoryItem]":
    """See Store.history()."""
    lines: "list[tuple[int, int]]" = []  # (number, position), in the order of numbers
    for position, kind, payload in journal.records():
        if _with_whom(kind, payload) == contact:
            _insert(lines, _number(kind, payload), position, newest + skip)
    items: "list[HistoryItem]" = []
    for i in range(len(lines) - skip - 1, -1, -1):
        item = _item(*journal.read(lines[i][1]))
        chars -= len(item.body)
        if items and chars < 0:
            break
        items.insert(0, item)
    for _, kind, payload in journal.records():
        _update(items, kind, payload)
    return items


def _insert(lines: "list[tuple[int, int]]", number: int, position: int, limit: int) -> None:
    """Mostly at the end. A copy that compaction has written is the line that is there already."""
    at = len(lines)
    while at and lines[at - 1][0] > number:
        at -= 1
    if at and lines[at - 1][0] == number:
        return
    lines.insert(at, (number, position))
    if len(lines) > limit:
        lines.pop(0)


def read_correspondents(journal: Journal, limit: int) -> "list[str]":
    """See Store.correspondents()."""
    jids: "list[str]" = []
    for _, kind, payload in journal.records():
        jid = _with_whom(kind, payload)
        if jid:
            if jid in jids:
                jids.remove(jid)
            jids.append(jid)
            if len(jids) > limit:
                jids.pop(0)
    return jids


def _with_whom(kind: int, payload: bytes) -> str:
    """The bare JID at the other end of a message's record; "" for other records."""
    if kind == records.OUT:
        return records.unpack_out(payload).to
    if kind == records.IN:
        return bare(records.unpack_in(payload).sender)
    return ""


def _number(kind: int, payload: bytes) -> int:
    return records.unpack_out(payload).seq if kind == records.OUT else records.unpack_in(payload).seq


def _item(kind: int, payload: bytes) -> HistoryItem:
    if kind == records.OUT:
        out = records.unpack_out(payload)
        return HistoryItem(False, out.seq, out.utc_s, out.body, out.message_id)
    got = records.unpack_in(payload)
    return HistoryItem(True, got.seq, got.utc_s, got.body, got.message_id)


def _update(items: "list[HistoryItem]", kind: int, payload: bytes) -> None:
    if kind in (records.SENT, records.SENT_AT):
        item = _find(items, records.unpack_sent(payload[:8])[0])
        if item is not None:
            item.state = states.SENT
    elif kind == records.STATE:
        seq, state, flags, reason = records.unpack_state(payload)
        item = _find(items, seq)
        if item is not None:
            item.state, item.flags, item.reason = state, flags, reason


def _find(items: "list[HistoryItem]", seq: int) -> "Optional[HistoryItem]":
    for item in items:
        if not item.incoming and item.seq == seq:
            return item
    return None
