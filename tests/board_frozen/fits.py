"""Runs on the board: does a parser of so many words fit into this heap, with the traffic that comes again and again?

A module of its own, and small: what is loaded beside the parser counts too.
"""

import gc

from nocarrier.wire.limits import WireLimits
from nocarrier.wire.parser import StreamParser

import traffic

gc.threshold(512)  # or what is allocated now and then, and kept, would be strewn over all of the heap


def fits(stanza_bytes, chunk_bytes, words, rounds, usecs):
    """Parses the traffic so many times, 64 bytes at a time, and reads the routing facts and the body of each message.

    Returns how many messages there were, how many words the parser knows, how many bytes are free at the end, and how
    many thousands of instructions the last round took.
    """
    steady = ("to", "type", "by", "xml:lang", "queryid")  # as session.py has them
    parser = StreamParser(WireLimits(stanza_bytes, chunk_bytes, words=words), steady)
    parser.feed(traffic.HEADER)
    view = memoryview(traffic.MESSAGES)
    n = 0
    while parser.next_event() is not None:
        pass
    for _ in range(rounds):
        began = usecs()
        for at in range(0, len(view), 64):
            parser.feed(view[at : at + 64])
            while True:
                event = parser.next_event()
                if event is None:
                    break
                n += 1
                node = event[1]
                node.name, node.get("type"), node.get("id"), node.get("from"), node.child_text("body", "jabber:client")
    took = usecs() - began
    gc.collect()
    return n, parser._shapes._words - 1 if parser._shapes else 0, gc.mem_free(), took
