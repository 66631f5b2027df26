"""What stands between the markup, attribute values and text: checked in place, and made into text when asked for."""

from nocarrier.compat import const
from nocarrier.errors import XmlError
from nocarrier.wire.chars import find_illegal_in_view, is_char, is_ncname, letter

try:
    from typing import Sequence

    from nocarrier.wire.source import Source
except ImportError:
    pass

BAD_CHARACTER = "invalid UTF-8, or a character that XML forbids"
_GT = const(0x3E)
# By byte: 1 if it is to be looked at more closely; all others are text and nothing else, wherever they stand.
_SPECIAL = (
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
    b"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
)  # fmt: skip

# XML 1.0 §4.6: of entities only those that XML predefines.
_ENTITIES = (("amp", 0x26), ("lt", 0x3C), ("gt", 0x3E), ("quot", 0x22), ("apos", 0x27))
_MALFORMED = const(-1)
_UNKNOWN = const(-2)


def check_all(source: "Source", marks: "Sequence[int]", size: int, value_bytes: int) -> None:
    """Checks the values of a stanza; then source.plain says of what kind they are. Raises XmlError.

    They are from marks[i] to marks[i + 1] for every odd i up to the one with marks[i] == 0. size: of the stanza.
    """
    source.plain = True
    i = _special(memoryview(source.bytes), marks, 1)
    while marks[i]:
        _closely(source, marks[i], marks[i + 1], source.bytes[marks[i] - 1] == _GT)
        i = _special(memoryview(source.bytes), marks, i + 2)
    if size > value_bytes:
        for k in range(1, i, 2):
            if marks[k + 1] - marks[k] > value_bytes and source.bytes[marks[k] - 1] != _GT:
                raise _too_long(source, marks[k], value_bytes)


def _special(view: memoryview, marks: "Sequence[int]", i: int) -> int:
    """The first index from i on of a value that holds something special, or that of the 0.

    This is where time goes. Few locals: a call with more than eleven words of state takes them from MicroPython's heap.
    """
    special = _SPECIAL
    while marks[i]:
        for byte in view[marks[i] : marks[i + 1]]:
            if special[byte]:
                return i
        i += 2
    return i


def check(source: "Source", begin: int, end: int, is_text: bool, value_bytes: int) -> None:
    """Checks one attribute value, or the text between two tags. Raises XmlError."""
    if not is_text and end - begin > value_bytes:
        raise _too_long(source, begin, value_bytes)
    if _special(memoryview(source.bytes), (0, begin, end, 0), 1) == 1:
        _closely(source, begin, end, is_text)


def _closely(source: "Source", begin: int, end: int, is_text: bool) -> None:
    """Checks a value that holds something special."""
    find = source.bytes.find
    check_characters(source, begin, end)
    wrong = find(b"]]>" if is_text else b"<", begin, end)
    if wrong >= 0:
        raise source.fail("']]>' in text" if is_text else "'<' inside a tag", wrong)
    amp = find(b"&", begin, end)
    if amp >= 0 or find(b"\n", begin, end) >= 0 or find(b"\r", begin, end) >= 0 or find(b"\t", begin, end) >= 0:
        source.plain = False
    while amp >= 0:
        amp = find(b"&", _check_reference(source, amp, end), end)


def check_characters(source: "Source", begin: int, end: int) -> None:
    """Checks that these bytes are UTF-8 and characters that XML allows. Raises XmlError."""
    bad = find_illegal_in_view(memoryview(source.bytes)[begin:end], source.bytes, begin)
    if bad >= 0:
        raise source.fail(BAD_CHARACTER, bad)


def _check_reference(source: "Source", amp: int, end: int) -> int:
    """Checks the reference at index `amp`; index behind it."""
    semi = source.bytes.find(b";", amp, end)
    code = _code_point(source.text(amp + 1, semi)) if semi > amp + 1 else _MALFORMED
    if code == _UNKNOWN:
        raise source.fail("entity that XML does not predefine", amp, "restricted-xml")
    if code == _MALFORMED:
        raise source.fail("malformed reference", amp)
    return semi + 1


def _too_long(source: "Source", at: int, value_bytes: int) -> XmlError:
    return source.fail("attribute value over %d bytes" % value_bytes, at, "policy-violation")


def _code_point(name: str) -> int:
    """What "&name;" stands for; _MALFORMED, or _UNKNOWN for an entity that XML does not predefine."""
    for entity, code in _ENTITIES:
        if name == entity:
            return code
    if name[:1] != "#":
        return _UNKNOWN if is_ncname(name) else _MALFORMED
    digits, base = (name[2:], 16) if name[1:2] == "x" else (name[1:], 10)
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

    Into one buffer: a list of parts would be ten times as long as a text that is nothing but references.
    """
    out = bytearray()
    done = 0
    amp = text.find("&")
    while amp >= 0:
        semi = text.find(";", amp)
        out.extend(text[done:amp].encode())
        out.extend(letter(_code_point(text[amp + 1 : semi])).encode())
        done = semi + 1
        amp = text.find("&", done)
    out.extend(text[done:].encode())
    return str(out, "utf-8")
