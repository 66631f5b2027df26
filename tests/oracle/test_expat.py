"""The parser beside expat (through defusedxml's hardened set-up): what one accepts the other accepts, and equally.

Documents are generated and mutated from a seed; a failure prints it. The long campaign is `make soak NAME=wire`.
"""

import random

import pytest
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from nocarrier.errors import XmlError
from nocarrier.wire import parser as wire
from nocarrier.wire.limits import WireLimits
from nocarrier_emulator.xmlgen import Documents, differ, expat_events, our_events

SEEDS = range(600)
LIMITS = WireLimits(8192, 8192, 64, 64, 256, 4096)


@pytest.mark.parametrize("block", range(0, len(SEEDS), 100))
def test_generated_documents_mean_the_same(block):
    for seed in SEEDS[block : block + 100]:
        document = Documents(seed).document()
        expected = expat_events([document])
        assert expected[-1] != "error", (seed, document)
        assert our_events([document], LIMITS) == expected, (seed, document)
        assert our_events([document[i : i + 1] for i in range(len(document))], LIMITS) == expected, seed


@pytest.mark.parametrize("block", range(0, len(SEEDS), 100))
def test_mutated_documents_are_accepted_or_refused_alike(block):
    refused = 0
    for seed in SEEDS[block : block + 100]:
        documents = Documents(seed)
        document = documents.mutated(documents.document())
        assert not differ(document, LIMITS), (seed, document)
        ours = our_events([document], LIMITS)
        refused += ours[-1] == "error"
        cut = random.Random(seed).randrange(len(document) + 1)
        assert our_events([document[:cut], document[cut:]], LIMITS) == ours, (seed, cut, document)
    assert 10 < refused < 100


def test_the_oracle_is_hardened():
    parser = DefusedXMLParser(target=None, forbid_dtd=True)
    with pytest.raises(DefusedXmlException):
        parser.feed(b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>")


def test_a_difference_would_be_seen(monkeypatch):
    """The comparison itself: a parser that forgot to expand a reference is caught."""
    document = b"<s xmlns='u'><a>x &amp; y</a></s>"
    expected = expat_events([document])
    assert our_events([document], LIMITS) == expected
    monkeypatch.setattr("nocarrier.wire.values.expanded", lambda text: text)
    assert our_events([document], LIMITS) != expected


def test_no_exception_hides_a_wrong_letter(monkeypatch):
    document = "<s><a>ü</a></s>".encode()
    assert not differ(document, LIMITS)
    monkeypatch.setattr("nocarrier.wire.source.Source.value", lambda self, number, item: "u")
    assert differ(document, LIMITS)


def test_our_parser_does_not_go_on_after_an_error():
    parser = wire.StreamParser(LIMITS)
    parser.feed(b"<s><a></b>")
    parser.next_event()
    for _ in range(2):
        with pytest.raises(XmlError):
            parser.next_event()
