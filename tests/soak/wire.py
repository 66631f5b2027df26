"""Streams, well-formed and damaged, read by our parser and by expat: no difference, at every split and byte by byte.

COUNT=100000 documents from SEED=0 on, by JOBS=2 processes. Each is read by a parser that remembers no shapes of stanzas
and by one that does. Then MINUTES=30 of fuzzing that the parser's own code guides (tests/fuzz/stream.py).
"""

import multiprocessing
import os
from typing import Any

from fuzz.stream import fuzz

from nocarrier.wire.limits import WireLimits
from nocarrier.wire.parser import StreamParser
from nocarrier_emulator.xmlgen import Documents, Recordings, differ, our_events, splits_differ

_LIMITS = WireLimits(8192, 8192, 64, 64, 256, 4096)
_REMEMBERING = WireLimits(8192, 8192, 64, 64, 256, 4096, words=200)


def one(seed: int) -> tuple[int, int, int, bool]:
    """Bytes, parses, refusals, and whether anything differed, of one document."""
    documents = Documents(seed)
    document = Recordings(seed).document() if seed % 4 == 0 else documents.document(250)
    if seed % 8:
        document = documents.mutated(document)
    cold, warm = StreamParser(_LIMITS), StreamParser(_REMEMBERING, ("type", "a"))
    ours = our_events([document], _LIMITS, cold)
    wrong = differ(document, _LIMITS)
    for parser in (cold, warm):
        wrong = wrong or splits_differ(document, ours, parser)
    if wrong:
        print("seed %d: %r" % (seed, document), flush=True)
    return len(document), 2 * len(document), ours[-1] == "error", wrong


def main() -> dict[str, Any]:
    """How many documents were read, refused, and read differently; and what the fuzzer has done."""
    first, count = int(os.environ.get("SEED", "0")), int(os.environ.get("COUNT", "100000"))
    size = parses = refused = 0
    different = []
    with multiprocessing.Pool(int(os.environ.get("JOBS", "2"))) as pool:
        for n, (bytes_read, parsed, refusal, wrong) in enumerate(pool.imap(one, range(first, first + count), 50)):
            size, parses, refused = size + bytes_read, parses + parsed, refused + refusal
            if wrong:
                different.append(first + n)
            if n % 10_000 == 9_999:
                print("%d documents" % (n + 1), flush=True)
    inputs, found = fuzz(first, "-max_total_time=%d" % (float(os.environ.get("MINUTES", "30")) * 60))
    print("\n".join(found))
    return {
        "documents": count, "average_bytes": size // max(count, 1), "parses": parses, "refused": refused,
        "different": len(different), "fuzzed": inputs, "failed": different + found,
    }  # fmt: skip
