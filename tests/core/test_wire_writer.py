"""The writer: exact escapes, sizes known beforehand, and what it refuses."""

from nocarrier.errors import UsageError
from nocarrier.wire.element import Element
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.parser import STANZA, StreamParser
from nocarrier.wire.writer import encode, size

NS = "jabber:client"


def test_a_message_as_it_goes_on_the_wire():
    body = Element("body", NS, (), ["<a> & \"b\" 'c'\r\n"])
    message = Element("message", NS, ("to", "b@x", "type", None), [body, Element("request", "urn:xmpp:receipts")])
    out = encode(message, NS, 500)
    assert bytes(out) == (
        b"<message to='b@x'><body>&lt;a&gt; &amp; \"b\" 'c'&#13;\n</body><request xmlns='urn:xmpp:receipts'/></message>"
    )
    assert size(message, NS) == len(out)


def test_what_is_written_is_read_back():
    values = ("plain", "", "<>&'\"", "\t\r\n", "Grüße, мир, 你好, 😀", "]]>", "&amp;")
    for value in values:
        element = Element("a", NS, ("b", value), [value] if value else [])
        parser = StreamParser(WireLimits())
        parser.feed(b"<s xmlns='jabber:client'>" + encode(element, NS, 500))
        parser.next_event()
        kind, got = parser.next_event()
        assert kind == STANZA and got.text() == value and got.get("b") == value, value


def test_characters_and_names_that_xml_cannot_carry_are_refused():
    for bad in (
        Element("a", NS, (), ["x\x00"]),
        Element("a", NS, ("b", "\x1b")),
        Element("a", NS, (), ["\ufffe"]),
        Element("a b", NS),
        Element("", NS),
        Element("a", NS, ("1", "")),
        Element("a", NS, ("p:q", "")),
    ):
        try:
            encode(bad, NS, 500)
            assert False, "written"
        except UsageError:
            pass


def test_a_stanza_over_the_limit_is_not_written():
    element = Element("a", NS, (), ["é" * 10])
    assert len(encode(element, NS, 27)) == 27
    try:
        encode(element, NS, 26)
        assert False, "written"
    except UsageError:
        pass
