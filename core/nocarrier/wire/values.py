"""What stands between the markup, attribute values and text: checked in place, and made into text when asked for."""

from nocarrier.compat import const
from nocarrier.errors import XmlError
from nocarrier.wire.chars import KINDS, SPECIAL, find_illegal, is_char, is_legal, is_ncname, letter

try:
    from nocarrier.wire.source import Source
except ImportError:
    pass

BAD_CHARACTER = "invalid UTF-8, or a character that XML forbids"
_GT = const(0x3E)  # stands before a text
_BRACKET = const(0x5B)  # before the content of a CDATA section
# XML 1.0 §4.6: of entities only those that XML predefines.
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))  # "&" is the last one
_MALFORMED = const(-1)
_UNKNOWN = const(-2)


def check_all(source: "Source", size: int) -> None:
    """Checks the values of the stanza at hand; then source.plain says of what kind they are. Raises XmlError.

    size: of the stanza. CDATA sections and texts are told from attributes by the byte in front of them.
    """
    source.plain = True
    marks = source.marks
    i = _special(source, memoryview(source.bytes), 1)
    while marks[i]:
        _closely(source, marks[i], marks[i + 1])
        i = _special(source, memoryview(source.bytes), i + 2)
    value_bytes = source.value_bytes
    if size > value_bytes:
        for k in range(1, i, 2):
            if marks[k + 1] - marks[k] > value_bytes and source.bytes[marks[k] - 1] in b"'\"":
                raise _too_long(source, marks[k])


def _special(source: "Source", view: memoryview, i: int) -> int:
    """The first number from i on of the mark where a value begins that holds something special, or that of the 0.

    What it holds is in source.kinds. This is where time goes.
    """
    marks = source.marks
    kinds = KINDS
    found = 0
    while marks[i]:
        for byte in view[marks[i] : marks[i + 1]]:
            if kinds[byte]:
                found |= kinds[byte]
        if found:
            source.kinds = found
            return i
        i += 2
    return i


def checked(source: "Source", begin: int, end: int) -> str:
    """The text of one attribute value, after checking it. Raises XmlError."""
    if end - begin > source.value_bytes:
        raise _too_long(source, begin)
    kinds = KINDS
    found = 0
    for byte in memoryview(source.bytes)[begin:end]:
        if kinds[byte]:
            found |= kinds[byte]
    if not found:
        return source.text(begin, end)
    source.kinds = found
    _closely(source, begin, end)
    return normalised(source.text(begin, end), True)


def _closely(source: "Source", begin: int, end: int) -> None:
    """Checks a value that holds something special."""
    if not is_legal(memoryview(source.bytes)[begin:end], source.kinds):
        check_characters(source, begin, end)
    before = source.bytes[begin - 1]
    if not source.kinds & SPECIAL or before == _BRACKET:
        return
    find = source.bytes.find
    wrong = find(b"]]>" if before == _GT else b"<", begin, end)
    if wrong >= 0:
        raise source.fail("']]>' in text" if before == _GT else "'<' inside a tag", wrong)
    amp = find(b"&", begin, end)
    if amp >= 0 or find(b"\n", begin, end) >= 0 or find(b"\r", begin, end) >= 0 or find(b"\t", begin, end) >= 0:
        source.plain = False
    while amp >= 0:
        amp = find(b"&", _check_reference(source, amp, end), end)


def check_characters(source: "Source", begin: int, end: int) -> None:
    """Checks that these bytes are UTF-8 and characters that XML allows. Raises XmlError."""
    bad = find_illegal(source.bytes, begin, end)
    if bad >= 0:
        raise source.fail(BAD_CHARACTER, bad)


def _check_reference(source: "Source", amp: int, end: int) -> int:
    """Checks the reference at index `amp`; index behind it."""
    if source.bytes.startswith(b"&amp;", amp):  # the most frequent one by far
        return amp + len(b"&amp;")
    semi = source.bytes.find(b";", amp, end)
    code = _code_point(source.text(amp, semi + 1)) if semi > amp else _MALFORMED
    if code == _UNKNOWN:
        raise source.fail("entity that XML does not predefine", amp, "restricted-xml")
    if code == _MALFORMED:
        raise source.fail("malformed reference", amp)
    return semi + 1


def _too_long(source: "Source", at: int) -> XmlError:
    return source.fail("attribute value over %d bytes" % source.value_bytes, at, "policy-violation")


def _code_point(reference: str) -> int:
    """What "&…;" stands for; _MALFORMED, or _UNKNOWN for an entity that XML does not predefine."""
    for entity, char in _ENTITIES:
        if reference == entity:
            return ord(char)
    if reference[1:2] != "#":
        return _UNKNOWN if is_ncname(reference[1:-1]) else _MALFORMED
    digits, base = (reference[3:-1], 16) if reference[2:3] == "x" else (reference[2:-1], 10)
    code = 0
    for digit in digits.lower():
        value = "0123456789abcdef".find(digit)
        if not 0 <= value < base or code > 0x10FFFF:
            return _MALFORMED
        code = code * base + value
    return code if digits and is_char(code) else _MALFORMED


def normalised(text: str, is_value: bool) -> str:
    """What checked text stands for: line ends and an attribute's white space normalised (XML 1.0 §2.11, §3.3.3)."""
    text = line_ends(text)
    if is_value:  # references are resolved after it
        for space in "\t\n":
            if space in text:
                text = text.replace(space, " ")
    return expanded(text) if "&" in text else text


def line_ends(text: str) -> str:
    """The text with its line ends normalised (XML 1.0 §2.11)."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def expanded(text: str) -> str:
    """The text with its references, which _code_point() has accepted, replaced.

    Numbers into one buffer: a list of parts would be ten times as long as a text that is nothing but references.
    """
    if "&#" not in text:
        for entity, char in _ENTITIES:
            text = text.replace(entity, char)
        return text
    out = bytearray()
    done = 0
    amp = text.find("&")
    while amp >= 0:
        semi = text.find(";", amp)
        out.extend(text[done:amp].encode())
        out.extend(letter(_code_point(text[amp : semi + 1])).encode())
        done = semi + 1
        amp = text.find("&", done)
    out.extend(text[done:].encode())
    return str(out, "utf-8")
