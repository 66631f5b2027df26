"""What the parser says when the stream ends at any byte, and when memory runs out at any place in its code."""

import importlib
import itertools

import pytest

from nocarrier.errors import XmlError
from nocarrier.wire import parser as wire
from nocarrier.wire.limits import WireLimits
from nocarrier_emulator.streams import HEADER, flat, heard
from nocarrier_emulator.xmlgen import Documents, Recordings

_REACH = (8192, 8192, 64, 64, 256, 4096)
# All that a stanza takes memory for, by where it is called.
_PLACES = (
    "parser.check_all", "markup.check_all", "markup.checked", "markup.Markup._mark", "markup.Markup._expand",
    "markup.Markup._name_at", "markup.Markup._end_tag", "walker.Node", "walker._declaration_fault",
    "source.Source.text",
    "shapes.Shapes._kept", "values.is_legal", "shapes.Shapes._kept_tag",
)  # fmt: skip


def _to_its_end(parser, document):
    """Events, and what close() says behind them."""
    said = heard(parser, [document])
    if not said or said[-1][0] != "error":
        try:
            parser.close()
        except XmlError as error:
            said.append(("error", error.condition, error.offset, error.text))
    return said


@pytest.mark.parametrize("block", range(0, 60, 20))
def test_the_last_word_does_not_depend_on_known_shapes(block):
    for seed in range(block, block + 20):
        documents = Documents(seed)
        document = Recordings(seed).document() if seed % 3 == 0 else documents.document(250)
        cold = wire.StreamParser(WireLimits(*_REACH))
        warm = wire.StreamParser(WireLimits(*_REACH, words=100), ("type", "a"))
        for _ in range(3):
            heard(warm, [document])
        if seed % 4:
            document = documents.mutated(document)
        for size in range(len(document) + 1):
            expected = _to_its_end(cold, document[:size])
            assert _to_its_end(warm, document[:size]) == expected, (seed, size, document)


STREAM = HEADER + (
    b"<a xmlns:p='u' p:z='1' type='x'>t&amp;\xc3\xa9<p:b/></a><m i='1'>one</m><m i='2'>two</m><m i='3'>&lt;</m><p:b/>"
)
SKIPPED = HEADER + b"<m i='1' j='2'><b>" + b"x" * 300 + b"</b></m><c/></stream:stream>"


def _insist(call):
    """What the call returns, at last."""
    while True:
        try:
            return call()
        except MemoryError:
            pass


def _with_patience(document, limits):
    """What a parser says that is asked again after a MemoryError."""
    parser = wire.StreamParser(limits, ("type",))
    out = []
    for at in range(0, len(document), 50):
        parser.feed(document[at : at + 50])
        try:
            while (event := _insist(parser.next_event)) is not None:
                kind, value = event
                node = value[0] if kind == wire.TOO_LARGE else value
                out.append((kind, node and _insist(lambda node=node: flat(node))))
        except XmlError as error:
            out.append((error.condition, error.offset, error.text))
            break
    return out


@pytest.mark.parametrize("words", [0, 20])
@pytest.mark.parametrize("place", _PLACES)
def test_nothing_is_lost_or_doubled_when_memory_runs_out(place, words, monkeypatch):
    module, *owners, name = place.split(".")
    limits = WireLimits(200, 50, words=words)
    expected = [_with_patience(document, limits) for document in (STREAM, SKIPPED)]
    assert len(expected[0]) == 6 and expected[0][-1][0] == "not-well-formed" and len(expected[1]) == 4
    owner = importlib.import_module("nocarrier.wire." + module)
    for each in owners:
        owner = getattr(owner, each)
    real, hit = getattr(owner, name), False
    for fails_at in range(60):
        calls = itertools.count()

        def short_of_memory(*args, calls=calls, fails_at=fails_at):
            nonlocal hit
            if next(calls) == fails_at:
                hit = True
                raise MemoryError
            return real(*args)

        for document, wanted in zip((STREAM, SKIPPED), expected, strict=True):
            monkeypatch.setattr(owner, name, short_of_memory)
            said = _with_patience(document, limits)
            monkeypatch.undo()
            assert said == wanted, (place, fails_at)
    assert hit or (not words and (module == "shapes" or place == "parser.check_all"))
