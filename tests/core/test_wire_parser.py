"""The stream parser: what it delivers, however the bytes are cut, and what it refuses (RFC 6120 §11)."""

from nocarrier.errors import UsageError, XmlError
from nocarrier.wire import parser as p
from nocarrier.wire.limits import WireLimits
from nocarrier_emulator.streams import HEADER, every_way, heard

NS = "jabber:client"


def stanza(document):
    """The one stanza in a stream, at every split."""
    found = every_way(HEADER + document)
    assert len(found) == 2 and found[1][0] == p.STANZA, found
    return found[1][1]


def test_header_gives_its_attributes_and_end_is_an_event():
    found = every_way(HEADER + b" </stream:stream>")
    assert [e[0] for e in found] == [p.HEADER, p.END]
    assert found[0][1] == ("http://etherx.jabber.org/streams", "stream", ("id", "a1", "version", "1.0"), ())


def test_a_stream_may_end_in_its_header():
    assert [e[0] for e in every_way(HEADER[:-1] + b"/> ")] == [p.HEADER, p.END]
    assert every_way(HEADER[:-1] + b"/><a/>")[-1][:2] == ("error", "not-well-formed")


def test_stanza_with_children_text_and_both_quotes():
    body = b"<body>a &lt;b&gt; &amp;&#x20AC;&#65;</body>"
    got = stanza(b"<message to=\"b@x\" type='chat'>" + body + b"<x xmlns='u:x'/></message>")
    assert got == (NS, "message", ("to", "b@x", "type", "chat"),
                   ((NS, "body", (), ("a <b> &€A",)), ("u:x", "x", (), ())))  # fmt: skip


def test_gt_and_foreign_quotes_inside_a_value():
    assert stanza(b"<a b='x>\"y' c=\"it's\"/>") == (NS, "a", ("b", 'x>"y', "c", "it's"), ())


def test_cdata_is_text_and_may_hold_markup():
    assert stanza(b"<a>x<![CDATA[<b>&]]]></a>") == (NS, "a", (), ("x<b>&]",))


def test_prefixes_are_scoped():
    got = stanza(b"<a xmlns:p='u:1'><p:b xmlns:p='u:2' p:c='1'/><p:b/></a>")
    assert got == (NS, "a", (), (("u:2", "b", ("{u:2}c", "1"), ()), ("u:1", "b", (), ())))


def test_default_namespace_can_be_undone_and_xml_prefix_is_known():
    assert stanza(b"<a xml:lang='de'><b xmlns=''/></a>") == (NS, "a", ("xml:lang", "de"), (("", "b", (), ()),))


def test_line_ends_and_attribute_white_space_are_normalised():
    assert stanza(b"<a b='1\r\n2\t3&#10;'>x\r\ny\rz</a>") == (NS, "a", ("b", "1 2 3\n"), ("x\ny\nz",))


def test_white_space_between_stanzas_is_nothing():
    assert [e[0] for e in every_way(HEADER + b" \n <a/>\t<b/> ")] == [p.HEADER, p.STANZA, p.STANZA]
    limits = WireLimits(stanza_bytes=40, chunk_bytes=300)
    found = every_way(b" " * 70 + b"<s>" + b"\n" * 90 + b"<a/>" + b" " * 41 + b"<b/>", limits)
    assert [e[0] for e in found] == [p.HEADER, p.STANZA, p.STANZA]


def test_an_error_is_final():
    parser = p.StreamParser(WireLimits())
    parser.feed(b"x")
    for _ in range(2):
        try:
            parser.next_event()
            assert False, "accepted"
        except XmlError as error:
            assert error.condition == "not-well-formed"


def test_unsupported_encoding_and_version():
    for declaration, condition in (
        (b"<?xml version='1.0' encoding='ISO-8859-1'?>", "unsupported-encoding"),
        (b"<?xml version='1.1'?>", "not-well-formed"),
        (b"<?xml?>", "restricted-xml"),
        (b"<?xml  ?>", "not-well-formed"),
        (b"<?xml version='1.0' encoding=\"utf-8\" ?>", None),
        (b"<?xml version = '1.0'\tencoding='UTF-8' standalone='yes'?>", None),
        (b"<?xml version='1.0' standalone='no'?>", None),
        (b"<?xml\r\nversion='1.0'?>", None),
        (b"<?xmlx version='1.0'?>", "restricted-xml"),
        (b"<?xml version='1.0\"?>", "not-well-formed"),
        (b"<?xml version='1.0'encoding='UTF-8'?>", "not-well-formed"),
        (b"<?xml encoding='UTF-8'?>", "not-well-formed"),
        (b"<?xml encoding='UTF-8' version='1.0'?>", "not-well-formed"),
        (b"<?xml version='1.0' version='1.0'?>", "not-well-formed"),
        (b"<?xml version='1.0' standalone='x'?>", "not-well-formed"),
        (b"<?xml version='1.0' a='b'?>", "not-well-formed"),
        (b"<?xml version=1.0?>", "not-well-formed"),
        (b"<?xml version='\xff'?>", "not-well-formed"),
        (b"<?xml \xff?>", "not-well-formed"),
    ):
        found = every_way(declaration + HEADER[21:])
        assert found[-1][0] == ("error" if condition else p.HEADER), found
        assert condition is None or found[-1][1] == condition, found


def test_end_of_transport_inside_the_stream_is_an_error_and_after_its_end_is_none():
    parser = p.StreamParser(WireLimits())
    for piece in (HEADER, b"<a>", b"</a>"):
        parser.feed(piece)
        while parser.next_event():
            pass
        try:
            parser.close()
            assert False, "accepted"
        except XmlError as error:
            assert error.condition == "not-well-formed"
    parser.feed(b"</stream:stream>")
    assert parser.next_event()[0] == p.END
    parser.close()


def test_a_stanza_over_the_limit_is_skipped_counted_and_named():
    limits = WireLimits(stanza_bytes=200, chunk_bytes=2000)
    big = b"<message id='m1' type='chat'><body a='>'>" + b"x" * 300 + b"<![CDATA[</message>]]><c/></body></message>"
    found = every_way(HEADER + big + b"<a/>", limits)
    assert found[1:] == [(p.TOO_LARGE, ("message", "m1"), len(big)), (p.STANZA, (NS, "a", (), ()))]


def test_a_skipped_stanza_must_still_be_balanced_utf8_and_quoted():
    limits = WireLimits(stanza_bytes=200, chunk_bytes=2000)
    for bad, condition in (
        (b"\xff", "not-well-formed"), (b"<!-- -->", "restricted-xml"), (b"\xc0\xbc", "not-well-formed"),
    ):  # fmt: skip
        found = every_way(HEADER + b"<m>" + b"y" * 250 + bad + b"z" * 50 + b"</m>", limits)
        assert found[-1][0] == "error" and found[-1][1] == condition, (bad, found)


def test_a_start_tag_over_the_limit_is_nameless_however_it_comes():
    limits = WireLimits(stanza_bytes=200, chunk_bytes=2000)
    for spaces in (120, 186, 187, 188, 300):
        big = b"<message id='m1'" + b" " * spaces + b"><body>" + b"x" * 200 + b"</body></message>"
        found = every_way(HEADER + big + b"<a/>", limits)
        named = len(b"<message id='m1'>") + spaces <= 200
        assert found[1] == (p.TOO_LARGE, ("message", "m1") if named else None, len(big)), spaces


def test_the_end_of_a_skipped_stanza_is_checked_too():
    limits = WireLimits(stanza_bytes=200, chunk_bytes=2000)
    for bad in (b"</m\xff>", b"\xe2\x82</m>", b"</m\xe2\x82>"):
        found = every_way(HEADER + b"<m>" + b"y" * 250 + bad, limits)
        assert found[-1][0] == "error", (bad, found)


def test_memory_does_not_grow_with_a_skipped_stanza():
    limits = WireLimits(stanza_bytes=200, chunk_bytes=64)
    pieces = [HEADER[i : i + 64] for i in range(0, len(HEADER), 64)]
    found = heard(p.StreamParser(limits), pieces + [b"<m id='1'>"] + [b"\xe2\x82\xac" * 21] * 500 + [b"</m>"])
    assert found[1:] == [(p.TOO_LARGE, ("m", "1"), 10 + 63 * 500 + 4)]


def test_limits_of_depth_attributes_names_and_values():
    limits = WireLimits(depth=4, attributes=2, name_bytes=6, value_bytes=5, chunk_bytes=2000)
    header = b"<s xmlns='u'>"
    for body, ok in (
        (b"<a><b><c/></b></a>", True),
        (b"<a><b><c></c></b></a>", True),
        (b"<a><b><c><d></d></c></b></a>", False),
        (b"<a b='' c=''/>", True),
        (b"<a b='' c='' d=''/>", False),
        (b"<abcdef/>", True),
        (b"<abcdefg/>", False),
        (b"<a b='12345'/>", True),
        (b"<a b='123456'/>", False),
    ):
        found = every_way(header + body, limits)
        assert (found[-1][0] == p.STANZA) == ok, body
        assert ok or found[-1][:2] == ("error", "policy-violation"), (body, found)


def test_a_header_over_the_limit_is_fatal():
    found = every_way(b"<s a='" + b"x" * 300 + b"'>", WireLimits(stanza_bytes=100, chunk_bytes=400))
    assert found == [("error", "policy-violation", 0, "tag of the stream's over the limit")]


def test_feeding_more_than_there_is_room_for_is_the_callers_mistake():
    parser = p.StreamParser(WireLimits(stanza_bytes=100, chunk_bytes=10))
    parser.feed(HEADER[:100])
    parser.feed(HEADER[100:110])
    for _ in range(2):
        try:
            parser.feed(HEADER[:100])
            assert False, "accepted"
        except UsageError:
            pass
    parser = p.StreamParser(WireLimits(stanza_bytes=200, chunk_bytes=10))
    parser.feed(HEADER)
    assert parser.next_event()[0] == p.HEADER
    for _ in range(100):  # one chunk at a time, for ever
        parser.feed(b"<a>" + b"x" * 7)
        assert parser.next_event() is None
        parser.feed(b"</a>")
        assert parser.next_event()[0] == p.STANZA and parser.next_event() is None


def test_restart_keeps_the_bytes_behind_the_last_event():
    parser = p.StreamParser(WireLimits())
    parser.feed(HEADER + b"<success/>" + HEADER + b"<a/>")
    assert parser.next_event()[0] == p.HEADER
    assert parser.next_event()[1].name == "success"
    parser.restart()
    assert parser.next_event()[0] == p.HEADER
    assert parser.next_event()[1].name == "a"


def test_billion_laughs_is_refused_at_its_doctype():
    parser = p.StreamParser(WireLimits())
    parser.feed(b"<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY lol 'lol'>")
    try:
        parser.next_event()
        assert False, "accepted"
    except XmlError as error:
        assert error.condition == "restricted-xml" and error.offset == 21


def test_what_is_remembered_of_shapes_is_bounded():
    """A peer that writes ever new kinds of stanzas, each of them twice, fills no more than what was granted."""
    parser = p.StreamParser(WireLimits(words=4))
    parser.feed(HEADER)
    parser.next_event()
    for kind in range(28):
        for _ in range(2):
            parser.feed(b"<m%d a%d='1' b%d='2'><c%d d='3'/></m%d>" % ((kind,) * 5))
            assert parser.next_event()[0] == p.STANZA
    assert 0 < len([word for word in parser._shapes._pool if word[0]]) <= 4
    # Nor of tags and lists: shapes without values have one word only.
    for kind in range(28):
        for _ in range(2):
            parser.feed(b"<m%d>%s</m%d>" % (kind, b"".join([b"<c%d/>" % i for i in range(30)]), kind))
            assert parser.next_event()[0] == p.STANZA
    kept = [word[6] for word in parser._shapes._pool if word[6]]
    assert sum([len(items) for items in kept]) * 4 <= 5 * 192


def test_an_iterator_does_not_outlive_its_element():
    for parts in (lambda node: node.content(), lambda node: node.elements()):
        parser = p.StreamParser(WireLimits())
        parser.feed(HEADER + b"<a><b/>x<c/></a><longer a='1' b='2'>zzzz<q/>uu</longer>")
        parser.next_event()
        left = parts(parser.next_event()[1])
        assert next(left).name == "b"
        parser.next_event()
        try:
            list(left)
            assert False, "alive"
        except UsageError:
            pass


def test_depth_counts_what_is_empty_too():
    """And the stream element alone has the depth 1."""
    header = b"<s xmlns='u'>"
    for depth, body, ok in ((1, b"", True), (1, b"<a/>", False), (2, b"<a/>", True), (2, b"<a><b/></a>", False)):
        found = every_way(header + body, WireLimits(depth=depth, chunk_bytes=100))
        assert (found[-1][0] != "error") == ok, (depth, body, found)
