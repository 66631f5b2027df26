"""Damaged streams, read by our parser and by expat: no difference, whole and byte by byte. COUNT=100000."""

import os
from typing import Any

from nocarrier.wire.limits import WireLimits
from nocarrier_emulator.xmlgen import Documents, differ, our_events

_LIMITS = WireLimits(8192, 8192, 64, 64, 256, 4096)


def main() -> dict[str, Any]:
    """How many were read, refused, and read differently."""
    count = int(os.environ.get("COUNT", "100000"))
    refused, different = 0, []
    for seed in range(count):
        documents = Documents(seed)
        document = documents.mutated(documents.document())
        ours = our_events([document], _LIMITS)
        refused += ours[-1] == "error"
        bytewise = our_events([document[i : i + 1] for i in range(len(document))], _LIMITS)
        if bytewise != ours or differ(document, _LIMITS):
            different.append(seed)
            print("seed %d: %r" % (seed, document), flush=True)
        if seed % 10_000 == 9_999:
            print("%d documents" % (seed + 1), flush=True)
    return {"documents": count, "refused": refused, "different": len(different), "failed": different}
