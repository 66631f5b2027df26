"""Runs on the board: feeds the frozen traffic to a parser and counts. usecs() counts thousands of instructions."""

import gc

from nocarrier.wire.limits import WireLimits
from nocarrier.wire.parser import StreamParser

import traffic

STEADY = ("to", "type", "by", "xml:lang", "queryid")  # as session.py has them


def new(stanza_bytes, chunk_bytes, words):
    parser = StreamParser(WireLimits(stanza_bytes, chunk_bytes, words=words), STEADY)
    header = memoryview(traffic.HEADER)
    for at in range(0, len(header), chunk_bytes):
        parser.feed(header[at : at + chunk_bytes])
    parser.next_event()
    return parser


def take(parser, facts):
    """All events that there are; with the routing facts of each, if wanted."""
    n = 0
    while True:
        event = parser.next_event()
        if event is None:
            return n
        n += 1
        if facts:
            node = event[1]
            node.name, node.get("type"), node.get("id"), node.get("from")


def instructions(parser, data, chunk, usecs):
    """(thousands of instructions, events) for these bytes in chunks of this size."""
    feed, next_event = parser.feed, parser.next_event
    view = memoryview(data)
    n = 0
    began = usecs()
    for at in range(0, len(view), chunk):
        feed(view[at : at + chunk])
        while next_event() is not None:
            n += 1
    return usecs() - began, n


def with_facts(parser, data, chunk, usecs):
    """The same, and the routing facts of each stanza are read."""
    view = memoryview(data)
    n = 0
    began = usecs()
    for at in range(0, len(view), chunk):
        parser.feed(view[at : at + chunk])
        n += take(parser, True)
    return usecs() - began, n


def driver(data, chunk, usecs):
    """What of it is the loop's own."""
    view = memoryview(data)
    began = usecs()
    for at in range(0, len(view), chunk):
        view[at : at + chunk]
    return usecs() - began


def churn(parser, stanza, chunk):
    """Bytes that were allocated for one stanza, from its first byte to its event and the facts."""
    view = memoryview(stanza)
    pieces = [view[at : at + chunk] for at in range(0, len(view), chunk)]
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for piece in pieces:
        parser.feed(piece)
        take(parser, True)
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def report(stanza_bytes, words, usecs, rounds=4):
    """Everything at once, since in a small heap there is no room for a second program."""
    parser = new(stanza_bytes, 256, words)
    gc.collect()
    print("free", gc.mem_free())
    for _ in range(rounds):
        print("warm", instructions(parser, traffic.MESSAGES, 256, usecs))
    for chunk in (64, 256):
        print(chunk, instructions(parser, traffic.MESSAGES, chunk, usecs), driver(traffic.MESSAGES, chunk, usecs))
    gc.collect()
    print("free", gc.mem_free())
