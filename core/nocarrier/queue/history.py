"""Conversations, read back from the journal in pages, from the newest segment to older ones.

A walk keeps two small numbers a line; address and text are read only for the lines of the page. Numbers tell the order,
since compaction writes an unfinished message once more behind younger ones.
"""

from nocarrier.queue import records, states

try:
    from typing import Optional

    from nocarrier.queue.journal import Journal
except ImportError:
    pass


class HistoryItem:
    """A line of a conversation. incoming: direction; state, flags, reason: of an outgoing message (states.py).

    jid: the other end's bare address. bulk: of an outgoing message (records.Outgoing). markable: of an incoming one,
    its sender wants to hear when it has been read.
    """

    def __init__(self, jid: str, incoming: bool, seq: int, utc_s: int, body: str, message_id: str) -> None:
        self.jid = jid
        self.incoming = incoming
        self.seq = seq
        self.position = 0  # on flash
        self.utc_s = utc_s
        self.body = body
        self.message_id = message_id
        self.state = states.QUEUED
        self.flags = 0
        self.reason = ""
        self.bulk = False
        self.markable = False


class History:
    """What is on flash of the conversations."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def read(self, jid: str, text: str, newest: int, skip: int, chars: int, last: int) -> "list[HistoryItem]":
        """See Store.history() and Store.search(). last: no message of theirs is in a segment behind this number's."""
        lines = self._lines(jid, text.lower(), newest + skip, last)
        items: "list[HistoryItem]" = []
        for i in range(len(lines) - skip - 1, -1, -1):
            item = self._item(lines[i][1])
            chars -= len(item.body)
            if items and chars < 0:
                break
            items.insert(0, item)
        self._add_states(items)
        return items

    def find(self, seq: int) -> "Optional[HistoryItem]":
        """The message of that number, or None if it is not on flash any more. Raises StorageError."""
        for number in reversed(self._journal.numbers):
            for position, kind, payload in self._journal.scan(number):
                if records.other_end(kind, payload) and _number(kind, payload) == seq:
                    item = self._item(position)
                    self._add_states([item])
                    return item
        return None

    def _lines(self, jid: str, text: str, limit: int, last: int) -> "list[tuple[int, int]]":
        """The newest lines as (number, position), in the order of numbers."""
        lines: "list[tuple[int, int]]" = []
        whole = 0  # lines that are where they were written first: nothing older has a higher number
        for number in reversed(self._journal.numbers):
            if number > last:
                continue
            if whole >= limit:
                break
            for position, kind, payload in self._journal.scan(number):
                whom = records.other_end(kind, payload)
                if whom and (not jid or whom == jid) and (not text or text in _unpacked(kind, payload).body.lower()):
                    _insert(lines, _number(kind, payload), position, limit)
                    whole += kind in (records.OUT, records.IN)
        return lines

    def _item(self, position: int) -> HistoryItem:
        item = _unpacked(*self._journal.read(position))
        item.position = position
        return item

    def _add_states(self, items: "list[HistoryItem]") -> None:
        """What has become of the user's own messages is written behind them."""
        own = [item.position for item in items if not item.incoming]
        if own:
            for _, kind, payload in self._journal.records(min(own)):
                _update(items, kind, payload)


def _insert(lines: "list[tuple[int, int]]", number: int, position: int, limit: int) -> None:
    """Mostly at the end. A line that is there already counts where it was written first."""
    at = len(lines)
    while at and lines[at - 1][0] > number:
        at -= 1
    if at and lines[at - 1][0] == number:
        lines[at - 1] = (number, min(position, lines[at - 1][1]))
        return
    lines.insert(at, (number, position))
    if len(lines) > limit:
        lines.pop(0)


def _number(kind: int, payload: bytes) -> int:
    """Of a message's record."""
    return records.number_of(payload if kind == records.IN else records.out_of(kind, payload))


def _unpacked(kind: int, payload: bytes) -> HistoryItem:
    jid = records.other_end(kind, payload)
    if kind in (records.OUT, records.OUT_AGAIN):
        out = records.unpack_out(records.out_of(kind, payload))
        item = HistoryItem(jid, False, out.seq, out.utc_s, out.body, out.message_id)
        item.bulk = out.bulk
        if kind == records.OUT_AGAIN:
            item.state, flags = payload[0], payload[1]
            item.flags = flags & records.MAY_ARRIVE_TWICE
        return item
    got = records.unpack_in(payload)
    elsewhere = bool(got.flags & records.ELSEWHERE)
    item = HistoryItem(jid, not elsewhere, got.seq, got.utc_s, got.body, got.message_id)
    item.markable = got.flags & (records.MARKABLE | records.NOTICE | records.ELSEWHERE) == records.MARKABLE
    if elsewhere:
        item.state = states.ON_SERVER  # from there it came
    return item


def _update(items: "list[HistoryItem]", kind: int, payload: bytes) -> None:
    if kind not in (records.SENT, records.STATE):
        return
    seq = records.number_of(payload)
    for item in items:
        if not item.incoming and item.seq == seq:
            if kind == records.STATE:
                _, item.state, flags, item.reason = records.unpack(kind, payload)
                item.flags |= flags & records.MAY_ARRIVE_TWICE
            else:
                item.state = states.SENT
