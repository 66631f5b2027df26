"""Fuzzing of the stream parser, guided by the coverage of its code; the corpus is what servers have said.

Each input is a stream behind a header, and where to cut it. Our parser reads it whole, cut, and with shapes that it
remembers from the inputs before; expat reads it too. A difference, another exception or a hang ends the run.

Run by itself this file is the process that the fuzzer works in: it ends the interpreter when it is done.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

_CORPUS_STANZAS = 60
_LAST_LINES = 30
_LENGTH = 700


def fuzz(seed: int, limit: str) -> tuple[int, list[str]]:
    """How many inputs were tried; if something was found, what the fuzzer said at its end, and the input.

    limit: an option of libFuzzer's that says when to end, as "-runs=5000" or "-max_total_time=60".
    """
    from nocarrier_emulator.xmlgen import recorded

    with tempfile.TemporaryDirectory(prefix="nocarrier-fuzz-") as folder:
        corpus, artifacts = Path(folder) / "corpus", Path(folder) / "found"
        corpus.mkdir()
        artifacts.mkdir()
        for k, (_, stanzas) in enumerate(recorded()):
            for n, stanza in enumerate(stanzas[:_CORPUS_STANZAS]):
                (corpus / ("%d-%d" % (k, n))).write_bytes(b"\x40" + stanza)
        options = ["-max_len=%d" % _LENGTH, "-timeout=20", "-seed=%d" % seed, "-artifact_prefix=%s/" % artifacts, limit]
        done = subprocess.run(
            [sys.executable, __file__, str(corpus), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
        found = [repr(path.read_bytes()) for path in artifacts.iterdir()]
    said = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    tried = [int(line.split()[1]) for line in said if line.startswith("Done ")]
    if done.returncode == 0 and tried:
        return tried[0], []
    return 0, said[-_LAST_LINES:] + found + ["seed %d" % seed]


def _in_fuzzer() -> None:
    import atheris

    with atheris.instrument_imports(include=["nocarrier.wire"]):
        from nocarrier.wire.limits import WireLimits
        from nocarrier.wire.parser import StreamParser
    from nocarrier_emulator.xmlgen import differ, our_events

    # Beyond what an input of that length can reach: expat has no such limits.
    reach = (8192, 8192, _LENGTH, _LENGTH, _LENGTH, _LENGTH, _LENGTH)
    limits = WireLimits(*reach)
    known = StreamParser(WireLimits(*reach, words=100), ("type", "to"))
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
    _in_fuzzer()
