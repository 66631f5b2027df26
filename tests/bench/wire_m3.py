"""The stream parser on a Cortex-M3: instructions a byte, memory a stanza, the smallest heap.

The traffic is every message with a text in tests/oracle/recorded: what Prosody has sent for three senders' clients,
live and from the archive, a third of the texts not ASCII or with references. Portable bytecode, frozen; garbage
collections are counted in, the loop that slices the traffic is not, but stated. The parser knows the shapes from rounds
before. What a stanza costs whose shape it does not know is stated beside it. One configuration for all figures, but for
chunks of 1024 and for stanzas that are larger than it allows.
"""

from typing import Any

import board

from nocarrier_emulator.qemu import Board

_HEAP_BYTES = 65536
_ROUNDS = 3
_WORDS = 22  # as many as this traffic has
_STANZA_BYTES = 640
_CHUNK_BYTES = 256
_CHUNKS = (1, 16, 64, 256, 1024)
_SIZES = (100, 470, 1000, 4000, 16000, 64000)
_TRAFFIC = "traffic.MESSAGES"


def _per_byte(device: Board, function: str, chunk: int, size: int) -> int:
    thousands = int(device.run("print(drive.%s(p, %s, %d, usecs)[0])" % (function, _TRAFFIC, chunk)))
    return round(thousands * 1000 / size)


def _trained(device: Board, name: str, chunk_bytes: int) -> None:
    """Makes a parser of that name which has seen the traffic."""
    device.run("%s = drive.new(%d, %d, %d)" % (name, _STANZA_BYTES, chunk_bytes, _WORDS))
    for _ in range(_ROUNDS):
        device.run("drive.instructions(%s, %s, 256, usecs)" % (name, _TRAFFIC))


def _smallest_heap(words: int, size: int) -> int:
    """Bytes of the smallest heap, by kilobytes, in which the traffic is parsed and read, and all of it is known.

    size: bytes of the traffic.
    """
    for kilobytes in range(12, 33):
        with board.boot(kilobytes * 1024, "fits") as device:
            arguments = (_STANZA_BYTES, _CHUNK_BYTES, words, _ROUNDS + 1)
            try:
                said = device.run("print(fits.fits(%d, %d, %d, %d, usecs))" % arguments)
            except RuntimeError as error:
                if "MemoryError" not in str(error):
                    raise
                continue
            messages, known, left, took = eval(said)
            assert messages == (_ROUNDS + 1) * len(board.messages()[1])
            if known == words:
                cost = took * 1000 // size
                print(
                    "%d KB, %d words: %d bytes left; %d a byte, all read, collected often"
                    % (kilobytes, known, left, cost)
                )
                return kilobytes * 1024
    raise RuntimeError("no heap is large enough")


def _growth() -> None:
    """Prints how the cost of a byte changes with the stanza's length, kept and skipped."""
    print("stanza   kept  skipped   instructions a byte, chunks of 256, one text")
    with board.boot(512 * 1024) as device:
        device.run("k = drive.new(66000, 1024, %d)\ns = drive.new(256, 256, %d)" % (_WORDS, _WORDS))
        device.run("for _ in range(3): drive.one_of(k, 200, 256, usecs), drive.one_of(s, 200, 256, usecs)")
        for size in _SIZES:
            costs = []
            for parser in "ks":
                thousands, events = eval(device.run("print(drive.one_of(%s, %d, 256, usecs))" % (parser, size)))
                assert events == 1
                costs.append(round(thousands * 1000 / size))
            print("%6d  %5d    %5d" % (size, *costs))


def main() -> dict[str, Any]:
    """Instructions a byte at 64 and 256 bytes a chunk, bytes allocated a stanza, the smallest heap in bytes."""
    with board.boot(_HEAP_BYTES) as device:
        size, stanzas = len(b"".join(board.messages()[1])), len(board.messages()[1])
        print("%d messages of %d bytes on average" % (stanzas, size // stanzas))
        device.run("p = drive.new(%d, %d, 0)" % (_STANZA_BYTES, _CHUNK_BYTES))
        unknown = _per_byte(device, "instructions", 256, size)
        _trained(device, "p", 1024)
        costs = {1024: _per_byte(device, "instructions", 1024, size)}
        _trained(device, "p", _CHUNK_BYTES)
        for chunk in _CHUNKS[:-1]:
            costs[chunk] = _per_byte(device, "instructions", chunk, size)
        facts = _per_byte(device, "with_facts", 256, size)
        loop = {chunk: _per_byte(device, "driver", chunk, size) for chunk in _CHUNKS}
        print("chunk   instructions a byte   and the loop's own")
        for chunk in _CHUNKS:
            print("%5d   %19d   %18d" % (chunk, costs[chunk] - loop[chunk], loop[chunk]))
        churn = int(device.run("print(drive.churn(p, traffic.ONE, 64))"))
        after_one, after_many = eval(device.run("print(drive.live(p, traffic.ONE, 200))"))
        print("memory in use after 4 stanzas %d, after 200 %d" % (after_one, after_many))
        words = int(device.run("print(p._shapes._words - 1)"))
    _growth()
    return {
        "insn_per_byte_64": costs[64] - loop[64],
        "insn_per_byte_256": costs[256] - loop[256],
        "insn_per_byte_256_with_facts": facts - loop[256],
        "insn_per_byte_256_unknown": unknown,
        "churn_bytes_per_stanza": churn,
        "heap_bytes": _smallest_heap(_WORDS, size),
        "heap_bytes_without_shapes": _smallest_heap(0, size),
        "words": words,
        "average_bytes": size // stanzas,
    }
