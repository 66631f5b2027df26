"""The stream parser on CPython beside slixmpp's way from bytes to stanza objects, and beside defusedxml's pull parser.

Stanzas a second in the same run, best of five rounds in turn; the traffic is that of wire-m3, in chunks of 256 bytes.
defusedxml's parser is expat: C inside, and it knows neither limits nor XMPP's restrictions beyond DTDs.
"""

import time
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import TreeBuilder

import board
from defusedxml.ElementTree import DefusedXMLParser
from slixmpp import ClientXMPP

from nocarrier.wire.limits import WireLimits
from nocarrier.wire.parser import StreamParser

_CHUNK = 256
_TIMES = 40
_ROUNDS = 5


class _Depth1:
    """A target that builds and counts the children of the root, as an XMPP client with defusedxml would."""

    def __init__(self) -> None:
        self._depth = self.count = 0

    def start(self, tag: str, attrs: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2:
            self._builder = TreeBuilder()
        if self._depth > 1:
            self._builder.start(tag, attrs)

    def end(self, tag: str) -> None:
        if self._depth > 1:
            self._builder.end(tag)
        if self._depth == 2:
            self._builder.close()
            self.count += 1
        self._depth -= 1

    def data(self, text: str) -> None:
        if self._depth > 1:
            self._builder.data(text)

    def close(self) -> None:
        pass


def _ours(header: bytes, pieces: list[bytes], words: int) -> int:
    parser = StreamParser(WireLimits(4096, 1024, words=words), ("to", "type", "by", "xml:lang", "queryid"))
    parser.feed(header)
    parser.next_event()
    count = 0
    for piece in pieces:
        parser.feed(piece)
        while parser.next_event() is not None:
            count += 1
    return count


def _defused(header: bytes, pieces: list[bytes]) -> int:
    target = _Depth1()
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    parser.feed(header)
    for piece in pieces:
        parser.feed(piece)
    return target.count


class _Counting(ClientXMPP):
    """Counts what it would make stanza objects of; that they are not made is in its favour."""

    count = 0

    def _spawn_event(self, xml: Any) -> None:
        self.count += 1


def _slixmpp(header: bytes, pieces: list[bytes]) -> int:
    client = _Counting("anna@plain.test", "pw")
    client.init_parser()
    client.data_received(header)
    for piece in pieces:
        client.data_received(piece)
    return client.count


def main() -> dict[str, Any]:
    """Stanzas a second as ratios: ours to slixmpp's, ours to defusedxml's; also with no shape known."""
    header, messages = board.messages()
    data = b"".join(messages) * _TIMES
    pieces = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
    want = len(messages) * _TIMES
    runners: dict[str, Callable[[], int]] = {
        "ours": lambda: _ours(header, pieces, 64),
        "ours, no shapes": lambda: _ours(header, pieces, 0),
        "slixmpp": lambda: _slixmpp(header, pieces),
        "defusedxml": lambda: _defused(header, pieces),
    }
    best = dict.fromkeys(runners, 0.0)
    for _ in range(_ROUNDS):
        for name, runner in runners.items():
            began = time.perf_counter()
            count = runner()
            rate = count / (time.perf_counter() - began)
            assert count == want, (name, count, want)
            best[name] = max(best[name], rate)
    for name, rate in best.items():
        print("%-16s %7d stanzas a second" % (name, rate))
    return {
        "ratio_slixmpp": round(best["ours"] / best["slixmpp"], 2),
        "ratio_defusedxml": round(best["ours"] / best["defusedxml"], 2),
        "ratio_slixmpp_no_shapes": round(best["ours, no shapes"] / best["slixmpp"], 2),
    }
