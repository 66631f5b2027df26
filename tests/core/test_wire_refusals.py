"""What the stream parser refuses: by which clause, with which stream error (RFC 6120 §4.9.3), and at which byte.

tests/structure checks that every refusal in the parser's code is in one of these tables.
"""

from nocarrier.errors import XmlError
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.parser import StreamParser
from nocarrier_emulator.streams import HEADER, every_way

NOT_WELL_FORMED, RESTRICTED, POLICY = "not-well-formed", "restricted-xml", "policy-violation"
SKIPPED = b"<m i='1'>" + b"y" * 250  # over the limit below

# Clause; what is fine, the bytes from the offending one on; stream error; what is said. Behind a stream header.
IN_A_STREAM = (
    ("RFC 6120 §11.1", b"", b"<!-- c -->", RESTRICTED, "comment or declaration"),
    ("RFC 6120 §11.1", b"<a>", b"<!-- c --></a>", RESTRICTED, "comment or declaration"),
    ("RFC 6120 §11.1", b"", b"<!DOCTYPE a>", RESTRICTED, "comment or declaration"),
    ("RFC 6120 §11.1", b"", b"<?p i?>", RESTRICTED, "processing instruction"),
    ("XML 1.0 §2.8", b"", b"<?xml version='1.0'?>", RESTRICTED, "processing instruction"),
    ("RFC 6120 §11.1", b"<a>", b"&e;</a>", RESTRICTED, "entity that XML does not predefine"),
    ("XML 1.0 §4.1", b"<a>", b"&</a>", NOT_WELL_FORMED, "malformed reference"),
    ("XML 1.0 §4.1", b"<a>", b"&;</a>", NOT_WELL_FORMED, "malformed reference"),
    ("XML 1.0 §4.1", b"<a>", b"&e f;</a>", NOT_WELL_FORMED, "malformed reference"),
    ("XML 1.0 §4.1", b"<a>", b"&#0;</a>", NOT_WELL_FORMED, "malformed reference"),
    ("XML 1.0 §4.1", b"<a>", b"&#xD800;</a>", NOT_WELL_FORMED, "malformed reference"),
    ("XML 1.0 §4.1", b"<a>", b"&#x110000;</a>", NOT_WELL_FORMED, "malformed reference"),
    ("XML 1.0 §4.1", b"<a>", b"&#x;</a>", NOT_WELL_FORMED, "malformed reference"),
    ("XML 1.0 §4.1", b"<a>", b"&#1a;</a>", NOT_WELL_FORMED, "malformed reference"),
    ("XML 1.0 §4.1", b"<a b='", b"&'/>;", NOT_WELL_FORMED, "malformed reference"),
    ("RFC 6120 §11.7", b"", b"x", NOT_WELL_FORMED, "text outside of a stanza"),
    ("RFC 6120 §11.7", b" \n", b"&amp;", NOT_WELL_FORMED, "text outside of a stanza"),
    ("RFC 6120 §11.7", b"<a/>", b"<![CDATA[x]]>", NOT_WELL_FORMED, "text outside of a stanza"),
    ("XML 1.0 §2.4", b"<a>", b"]]></a>", NOT_WELL_FORMED, "']]>' in text"),
    ("XML 1.0 §3", b"<a>", b"</b>", NOT_WELL_FORMED, "end tag does not match its start tag"),
    ("XML 1.0 §3", b"<a>", b"</ab>", NOT_WELL_FORMED, "end tag does not match its start tag"),
    ("XML 1.0 §3.1", b"<a>", b"</a b=''>", NOT_WELL_FORMED, "end tag does not match its start tag"),
    ("XML 1.0 §3", b"<a><b>", b"</a></b>", NOT_WELL_FORMED, "end tag does not match its start tag"),
    ("XML 1.0 §3", b"", b"</x:stream>", NOT_WELL_FORMED, "end tag does not match its start tag"),
    ("XML 1.0 §3.1", b"<a b='1' ", b"b='2'/>", NOT_WELL_FORMED, "attribute given twice"),
    ("XML 1.0 §3.1", b"<a b='1' c='2' ", b"b='3'/>", NOT_WELL_FORMED, "attribute given twice"),
    ("XML 1.0 §3.1", b"<a xmlns='u' ", b"xmlns='u'/>", NOT_WELL_FORMED, "attribute given twice"),
    ("Namespaces §6.3", b"<a xmlns:p='u' xmlns:q='u' p:b='' ", b"q:b=''/>", NOT_WELL_FORMED, "attribute given twice"),
    ("XML 1.0 §3.1", b"<a b=", b"1/>", NOT_WELL_FORMED, "attribute value without quotes"),
    ("XML 1.0 §3.1", b"<a b", b"/>", NOT_WELL_FORMED, "attribute without '='"),
    ("XML 1.0 §3.1", b"<a b='1'", b"c='2'/>", NOT_WELL_FORMED, "white space is missing before an attribute"),
    ("XML 1.0 §3.1", b"<a b='", b"<'/>", NOT_WELL_FORMED, "'<' inside a tag"),
    ("XML 1.0 §3.1", b"<a ", b"<b/>", NOT_WELL_FORMED, "'<' inside a tag"),
    ("XML 1.0 §3.1", b"<a /", b" b=''></a>", NOT_WELL_FORMED, "'/' inside a tag"),
    ("XML 1.0 §2.3", b"<", b" a/>", NOT_WELL_FORMED, "not a name"),
    ("XML 1.0 §2.3", b"<", b"1/>", NOT_WELL_FORMED, "not a name"),
    ("XML 1.0 §2.3", b"<a ", b"='1'/>", NOT_WELL_FORMED, "not a name"),
    ("XML 1.0 §2.3", b"<", b"\xc3\x97/>", NOT_WELL_FORMED, "not a name"),
    ("Namespaces §4", b"<", b"a:b:c/>", NOT_WELL_FORMED, "not a name"),
    ("Namespaces §4", b"<", b":a/>", NOT_WELL_FORMED, "not a name"),
    ("Namespaces §4", b"<a ", b"xmlns:1='u'/>", NOT_WELL_FORMED, "not a name"),
    ("Namespaces §5", b"", b"<p:a/>", NOT_WELL_FORMED, "prefix without a declaration"),
    ("Namespaces §5", b"<a ", b"p:b=''/>", NOT_WELL_FORMED, "prefix without a declaration"),
    ("Namespaces §5", b"<a><b xmlns:p='u'/>", b"<p:c/></a>", NOT_WELL_FORMED, "prefix without a declaration"),
    ("Namespaces §3", b"<a ", b"xmlns:xmlns='u'/>", NOT_WELL_FORMED, "namespace declaration that is not allowed"),
    ("Namespaces §3", b"<a ", b"xmlns:xml='u'/>", NOT_WELL_FORMED, "namespace declaration that is not allowed"),
    ("Namespaces §2.2", b"<a ", b"xmlns:p=''/>", NOT_WELL_FORMED, "namespace declaration that is not allowed"),
    ("RFC 3986 §2", b"<a ", b"xmlns='u}v'/>", NOT_WELL_FORMED, "namespace declaration that is not allowed"),
    ("RFC 3986 §2", b"<a ", b"xmlns:p='}' p:b=''/>", NOT_WELL_FORMED, "namespace declaration that is not allowed"),
    ("XML 1.0 §2.2", b"<a>", b"\x00</a>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("XML 1.0 §2.2", b"<a>", b"\x0b</a>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("XML 1.0 §2.2", b"<a><![CDATA[", b"\x1b]]></a>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("XML 1.0 §2.2", b"<a>", b"\xef\xbf\xbe</a>", NOT_WELL_FORMED, "invalid UTF-8"),  # U+FFFE
    ("RFC 3629 §3", b"<a>", b"\xc0\xbc</a>", NOT_WELL_FORMED, "invalid UTF-8"),  # overlong "<"
    ("RFC 3629 §3", b"<a>", b"\xe0\x80\xbc</a>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §3", b"<a>", b"\xf0\x80\x80\xbc</a>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §3", b"<a>", b"\xed\xa0\x80</a>", NOT_WELL_FORMED, "invalid UTF-8"),  # surrogate
    ("RFC 3629 §3", b"<a>", b"\xf4\x90\x80\x80</a>", NOT_WELL_FORMED, "invalid UTF-8"),  # beyond U+10FFFF
    ("RFC 3629 §4", b"<a>", b"\xff</a>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §4", b"<a>ok</a><b>", b"\xff</b>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §4", b"<a>", b"\xe2\x82</a>", NOT_WELL_FORMED, "invalid UTF-8"),  # cut by the end tag
    ("RFC 3629 §4", b"<a b='", b"\xe2\x82'/>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §4", b"<a xmlns='", b"\xe2\x82'/>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §4", b"<", b"\xe2\x82/>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("XML 1.0 §2.1", b"</stream:stream>", b"<a/>", NOT_WELL_FORMED, "something follows the end of the stream"),
    ("XML 1.0 §2.1", b"</stream:stream> ", b"x", NOT_WELL_FORMED, "text outside of a stanza"),
)

# The same, from a stream's first byte on.
FROM_THE_START = (
    ("RFC 6120 §4.2", b"", b"</a>", NOT_WELL_FORMED, "not the start of a stream"),
    ("RFC 6120 §11.7", b" ", b"<![CDATA[x]]>", NOT_WELL_FORMED, "text outside of a stanza"),
    ("RFC 6120 §11.7", b"", b"HTTP/1.1 400", NOT_WELL_FORMED, "text outside of a stanza"),
    ("XML 1.0 §2.8", b" ", b"<?xml version='1.0'?>", RESTRICTED, "processing instruction"),
    ("XML 1.0 §2.8", b"<?xml version='1.0'?>", b"<?xml version='1.0'?>", RESTRICTED, "processing instruction"),
    ("XML 1.0 §2.8", b"", b"<?xmlx version='1.0'?>", RESTRICTED, "processing instruction"),
    ("XML 1.0 §2.8", b"", b"<?xml?>", RESTRICTED, "processing instruction"),
    ("XML 1.0 §2.8", b"", b"<?xml  ?>", NOT_WELL_FORMED, "XML declaration without a version"),
    (
        "XML 1.0 §2.8",
        b"",
        b"<?xml version='1.0'encoding='UTF-8'?>",
        NOT_WELL_FORMED,
        "white space is missing in the XML",
    ),
    ("XML 1.0 §2.8", b"", b"<?xml encoding='UTF-8'?>", NOT_WELL_FORMED, "malformed XML declaration"),
    ("XML 1.0 §2.8", b"", b"<?xml version=1.0?>", NOT_WELL_FORMED, "malformed XML declaration"),
    ("XML 1.0 §2.9", b"", b"<?xml version='1.0' standalone='x'?>", NOT_WELL_FORMED, "malformed XML declaration"),
    ("RFC 6120 §11.5", b"", b"<?xml version='1.1'?>", NOT_WELL_FORMED, "not XML 1.0"),
    ("RFC 6120 §11.6", b"", b"<?xml version='1.0' encoding='latin-1'?>", "unsupported-encoding", "not UTF-8"),
)

# The same, behind "<s>", with WireLimits(200, 2000, depth=4, attributes=2, name_bytes=6, value_bytes=9, elements=5).
OVER_A_LIMIT = (
    ("RFC 6120 §4.9.3.14", b"<a><b><c><d>", b"</d></c></b></a>", POLICY, "nesting deeper than 4"),
    ("RFC 6120 §4.9.3.14", b"<a b='' c='' ", b"d=''/>", POLICY, "more than 2 attributes"),
    ("RFC 6120 §4.9.3.14", b"<", b"abcdefg/>", POLICY, "name over 6 bytes"),
    ("RFC 6120 §4.9.3.14", b"<a b='", b"0123456789'/>", POLICY, "attribute value over 9 bytes"),
    ("RFC 6120 §4.9.3.14", b"<a xmlns='", b"0123456789'/>", POLICY, "attribute value over 9 bytes"),
    ("RFC 6120 §4.9.3.14", b"<a><b><c><d/>", b"</c></b></a>", POLICY, "nesting deeper than 4"),
    ("RFC 6120 §11.7", b"", b"<![CDATA[" + b"x" * 250 + b"]]>", NOT_WELL_FORMED, "text outside of a stanza"),
    ("RFC 6120 §4.9.3.14", b"", b"</s" + b" " * 250 + b">", POLICY, "tag of the stream's over the limit"),
    # What is skipped is checked too.
    ("RFC 3629 §4", SKIPPED + b"<!", b"\xffa</m>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §4", SKIPPED + b"<![CDA", b"\xe2a</m>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §4", SKIPPED, b"\xff" + b"z" * 50 + b"</m>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §4", SKIPPED + b"</m", b"\xff>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 3629 §4", b"<m><a/><a/><a/><a/>", b"\xff<a/></m>", NOT_WELL_FORMED, "invalid UTF-8"),
    ("RFC 6120 §11.1", SKIPPED, b"<!-- --></m>", RESTRICTED, "comment or declaration"),
    ("XML 1.0 §3.1", SKIPPED + b"<a ", b"<b/></m>", NOT_WELL_FORMED, "'<' inside a tag"),
    ("RFC 6120 §4.9.3.14", SKIPPED + b"<a><b><c>", b"</c></b></a></m>", POLICY, "nesting deeper than 4"),
    # Of the head of what is skipped nothing may be believed that is wrong.
    ("XML 1.0 §3.1", b"<m i='1' ", b"i='2'>" + b"y" * 250 + b"</m>", NOT_WELL_FORMED, "attribute given twice"),
)


def refusal(before, after, text, limits=None):
    """How this is refused, however it is cut: (condition, is `after` where, is `text` how what is said begins)."""
    said = every_way(before + after, limits)[-1]
    assert said[0] == "error", (before, after, said)
    return said[1], said[2] == len(before), said[3].startswith(text)


def test_refusals_in_a_stream():
    for clause, before, after, condition, text in IN_A_STREAM:
        assert refusal(HEADER + before, after, text) == (condition, True, True), (clause, before, after)


def test_refusals_from_the_start():
    for clause, before, after, condition, text in FROM_THE_START:
        assert refusal(before, after, text) == (condition, True, True), (clause, before, after)


def test_refusals_of_what_is_over_a_limit():
    for clause, before, after, condition, text in OVER_A_LIMIT:
        limits = WireLimits(200, 2000, depth=4, attributes=2, name_bytes=6, value_bytes=9, elements=5)
        assert refusal(b"<s>" + before, after, text, limits) == (condition, True, True), (clause, before, after)


def test_a_header_over_the_limit():
    """RFC 6120 §4.9.3.14."""
    header = b"<s a='" + b"x" * 300 + b"'>"
    for spaces in (0, 1, 150, 350):  # white space in front of it counts for nothing
        limits = WireLimits(stanza_bytes=100, chunk_bytes=1000)
        assert refusal(b" " * spaces, header, "tag of the stream's over the limit", limits) == (POLICY, True, True)


def test_names_that_grow_when_they_are_expanded():
    """RFC 6120 §4.9.3.14. Many attributes of a long namespace: little on the wire, and a hundred times as much."""
    limits = WireLimits(stanza_bytes=300, chunk_bytes=1000, name_bytes=20, attributes=15)
    begin = b"<s><a xmlns:p='" + b"u" * 90 + b"'><b p:a='' p:b=''/><b p:a='' "
    said = refusal(begin, b"p:b=''/></a>", "names too long when they are expanded", limits)
    assert said == (POLICY, True, True)


def test_every_truncation_is_refused_when_the_transport_ends():
    """RFC 6120 §4.4: a stream ends with its end tag; "the stream ended without its end tag"."""
    document = HEADER + b"<a b='&lt;'>\xe2\x82\xac<![CDATA[x]]></a> </stream:stream>"
    parser = StreamParser(WireLimits())
    for size in range(len(document) + 1):
        parser.reset()
        parser.feed(document[:size])
        while parser.next_event():
            pass
        try:
            parser.close()
            assert size == len(document), size
        except XmlError as error:
            assert size < len(document), "refused"
            assert (error.condition, error.offset) == (NOT_WELL_FORMED, size)
