"""Fuzzing of the stream parser, guided by the coverage of its code. MINUTES=1, SEED=1; the corpus is what servers have said.

Each input is a stream behind a header, and where to cut it. Our parser reads it whole, cut, and with shapes that it
remembers from the inputs before; expat reads it too. A difference, another exception or a hang ends the run.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_CORPUS_STANZAS = 60


def main() -> dict[str, Any]:
    """How many inputs were tried; "failed" is what the fuzzer said at its end and the input, if it has found something."""
    from nocarrier_emulator.xmlgen import recorded

    minutes, seed = float(os.environ.get("MINUTES", "1")), int(os.environ.get("SEED", "1"))
    with tempfile.TemporaryDirectory(prefix="nocarrier-fuzz-") as folder:
        for _, stanzas in recorded():
            for n, stanza in enumerate(stanzas[:_CORPUS_STANZAS]):
                (Path(folder) / str(n)).write_bytes(b"\x40" + stanza)
        done = subprocess.run(
            [sys.executable, __file__, folder, "-max_total_time=%d" % (minutes * 60), "-max_len=700", "-timeout=20",
             "-seed=%d" % seed, "-artifact_prefix=" + folder + "/"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        found = [
            repr(path.read_bytes()) for path in Path(folder).glob("[cstl]*-*")
        ]  # crash-…, slow-…, timeout-…, leak-…
    said = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    print("\n".join(said[-30:]))
    tried = [line for line in said if line.startswith("Done ")]
    return {"minutes": minutes, "seed": seed, "said": tried, "failed": said[-30:] + found if done.returncode else []}


def _fuzz() -> None:
    import atheris

    with atheris.instrument_imports(include=["nocarrier.wire"]):
        from nocarrier.wire.limits import WireLimits
        from nocarrier.wire.parser import StreamParser
    from nocarrier_emulator.xmlgen import differ, our_events

    limits = WireLimits(8192, 8192, 64, 64, 256, 4096)
    known = StreamParser(WireLimits(8192, 8192, 64, 64, 256, 4096, words=100), ("type", "to"))
    header = b"<s xmlns='jabber:client' xmlns:q='u'>"

    def one(data: bytes) -> None:
        cut = data[0] if data else 0
        document = header + data[1:]
        whole = our_events([document], limits)
        place = len(header) + cut % max(1, len(data))
        assert our_events([document[:place], document[place:]], limits, known) == whole, (place, document)
        assert our_events([document], limits, known) == whole, document
        assert not differ(document, limits), document

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    _fuzz()
