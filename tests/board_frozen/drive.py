"""Runs on the board: feeds the frozen traffic to a parser and counts. usecs() counts thousands of instructions."""

import gc

import micropython

from nocarrier.wire.limits import WireLimits
from nocarrier.wire.parser import StreamParser

import traffic

STEADY = ("to", "type", "by", "xml:lang", "queryid")  # as session.py has them


def new(stanza_bytes, chunk_bytes, words):
    parser = StreamParser(WireLimits(stanza_bytes, chunk_bytes, words=words), STEADY)
    begin(parser)
    return parser


def begin(parser):
    """A new stream."""
    parser.reset()
    parser.feed(traffic.HEADER)
    parser.next_event()


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


def driver(_, data, chunk, usecs):
    """What of it is the loop's own."""
    view = memoryview(data)
    gc.collect()
    began = usecs()
    for at in range(0, len(view), chunk):
        view[at : at + chunk]
    return usecs() - began, 0


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


def live(parser, stanza, times):
    """Memory in use after one stanza, and after so many of them."""
    for n in range(times):
        parser.feed(stanza[:256])
        take(parser, True)
        parser.feed(stanza[256:])
        take(parser, True)
        if n == 3:
            gc.collect()
            first = gc.mem_alloc()
    gc.collect()
    return first, gc.mem_alloc()


def locked(parser, data, size, chunk):
    """Of the feeds of the first `size` bytes: how many brought an event, how many did not.

    The latter run with the heap locked; which they are is found out in a first run. MemoryError if one allocates.
    """
    view = memoryview(data)[:size]
    count = (len(view) + chunk - 1) // chunk
    brings = bytearray(count)
    for i in range(count):
        parser.feed(view[i * chunk : (i + 1) * chunk])
        brings[i] = min(take(parser, False), 255)
    begin(parser)
    with_event = 0
    for i in range(count):
        piece = view[i * chunk : (i + 1) * chunk]
        if brings[i]:
            parser.feed(piece)
            assert take(parser, False) == brings[i]
            with_event += 1
            continue
        micropython.heap_lock()
        try:
            parser.feed(piece)
            event = parser.next_event()
        finally:
            micropython.heap_unlock()
        assert event is None
    return with_event, count - with_event


def one_of(parser, size, chunk, usecs):
    """(thousands of instructions, events) for a message of this size, its text in chunks."""
    text = memoryview(b"the line drops every few minutes, and comes again. " * (chunk // 50 + 1))[:chunk]
    began = usecs()
    parser.feed(b"<message from='bert@plain.test/r' id='m1'><body>")
    events = take(parser, False)
    left = size - 66
    while left > 0:
        parser.feed(text[: min(left, chunk)])
        events += take(parser, False)
        left -= chunk
    parser.feed(b"</body></message>")
    events += take(parser, False)
    return usecs() - began, events
