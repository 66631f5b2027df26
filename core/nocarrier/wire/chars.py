"""Which bytes and characters XML 1.0 allows, and that UTF-8 is UTF-8.

MicroPython's own decoder lets overlong forms and surrogates pass: bytes are checked here before they become text.
"""

from nocarrier.compat import const
from nocarrier.errors import UsageError

try:
    from typing import Iterator, Union

    Bytes = Union[bytes, bytearray]
except ImportError:
    pass

_TAB = const(9)
_LF = const(10)
_CR = const(13)

# NameStartChar of XML 1.0 (5th edition) beyond ASCII, without the colon that namespaces take.
_NAME_START = (
    (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x2FF), (0x370, 0x37D), (0x37F, 0x1FFF), (0x200C, 0x200D),
    (0x2070, 0x218F), (0x2C00, 0x2FEF), (0x3001, 0xD7FF), (0xF900, 0xFDCF), (0xFDF0, 0xFFFD),
    (0x10000, 0xEFFFF),
)  # fmt: skip
_NAME_EXTRA = ((0xB7, 0xB7), (0x300, 0x36F), (0x203F, 0x2040))

# By byte, what it may be besides a letter of ASCII. Literals stay in a device's flash.
KINDS = (
    b"\4\4\4\4\4\4\4\4\4\1\1\4\4\1\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4\4"
    b"\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2"
    b"\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2"
    b"\4\4\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2"
    b"\4\2\2\2\2\2\2\2\2\2\2\2\2\4\2\4\4\2\2\2\4\4\4\4\4\4\4\4\4\4\4\4"
)  # fmt: skip
SPECIAL = const(1)  # markup somewhere, or white space that is normalised
_WIDE = const(2)  # a piece of a letter beyond ASCII
_ODD = const(4)  # no character, or what may begin none although the sequence is well built

# By byte, what it is in a name: 0 its end, 1 a letter, 2 may stand behind one, 3 a piece of another letter, 4 a colon.
NAME_BYTES = (
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\2\2\0\2\2\2\2\2\2\2\2\2\2\4\0\0\0\0\0"
    b"\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\0\0\0\0\1"
    b"\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\0\0\0\0\0"
    b"\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3"
    b"\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3"
    b"\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3"
    b"\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3"
)  # fmt: skip
# By byte: 1 for those that end no name, and are ASCII and no colon.
PLAIN_NAME_BYTES = (
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\0\1\1\1\1\1\1\1\1\1\1\0\0\0\0\0\0"
    b"\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\0\0\0\0\1"
    b"\0\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
)  # fmt: skip
LETTER = const(1)
_PIECE = const(3)
_COLON = const(4)


def is_char(code: int) -> bool:
    """True if the code point is a Char of XML 1.0 §2.2."""
    if code < 0x20:
        return code == _TAB or code == _LF or code == _CR
    return code < 0xD800 or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF


def encoded(text: str) -> bytes:
    """UTF-8 of what XML can carry. Raises UsageError for anything else."""
    try:
        data = text.encode()
    except UnicodeError:  # CPython's word for half of a surrogate pair; MicroPython writes one as if it were a letter
        raise UsageError("XML cannot carry this text") from None
    if find_illegal(data, 0, len(data)) >= 0:
        raise UsageError("XML cannot carry this text")
    return data


def code_points(text: str) -> "Iterator[int]":
    """The text's letters as numbers. Raises UnicodeError for half of a surrogate pair (on CPython).

    Not `for char in text`: MicroPython keeps every letter that was ever taken out of a text, for good; a few thousand
    Chinese ones would fill a handheld's memory.
    """
    data = text.encode()
    i = 0
    while i < len(data):
        lead = data[i]
        more = 0 if lead < 0x80 else 1 if lead < 0xE0 else 2 if lead < 0xF0 else 3
        code = lead if not more else lead & (0x3F >> more)
        for k in range(i + 1, i + more + 1):
            code = code << 6 | data[k] & 0x3F
        i += more + 1
        yield code


def letter(code: int) -> str:
    """The text of one code point, which is_char(); not chr(), for the reason that code_points() gives."""
    if code < 0x80:
        return chr(code)
    if code < 0x800:
        data = bytes((0xC0 | code >> 6, 0x80 | code & 0x3F))
    elif code < 0x10000:
        data = bytes((0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F))
    else:
        data = bytes((0xF0 | code >> 18, 0x80 | code >> 12 & 0x3F, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F))
    return str(data, "utf-8")


def find_illegal(buf: "Bytes", start: int, end: int) -> int:
    """Index of the first byte in buf[start:end] that is not UTF-8 (RFC 3629) or no XML Char; -1 if there is none.

    A sequence that `end` cuts is illegal too: call with whole tokens. Byte by byte, and allocates nothing;
    is_legal() is quicker.
    """
    i = start
    while i < end:
        if KINDS[buf[i]] < _WIDE:
            i += 1
            continue
        length = _sequence(buf, i, end)
        if not length:
            return i
        i += length
    return -1


def _sequence(buf: "Bytes", i: int, end: int) -> int:
    """Length of the character at index i, or 0 if it is none."""
    lead = buf[i]
    if 0x20 <= lead < 0x80 or lead == _LF or lead == _CR or lead == _TAB:
        return 1
    if 0xC2 <= lead < 0xE0:
        more, code = 1, lead & 0x1F
    elif 0xE0 <= lead < 0xF0:
        more, code = 2, lead & 0x0F
    elif 0xF0 <= lead < 0xF5:
        more, code = 3, lead & 0x07
    else:
        return 0
    if i + more >= end:
        return 0
    for k in range(i + 1, i + more + 1):
        if buf[k] & 0xC0 != 0x80:
            return 0
        code = code << 6 | buf[k] & 0x3F
    # Overlong forms decode to a code point that needs fewer bytes than were spent.
    if code < (0x80, 0x800, 0x10000)[more - 1] or not is_char(code):
        return 0
    return more + 1


def missing(buf: "Bytes", end: int) -> int:
    """How many bytes at the end of buf[:end] begin a character of which more bytes could follow: 0 to 3."""
    for back in range(1, min(3, end) + 1):
        lead = buf[end - back]
        if lead >= 0xC0:
            return back if back < (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4) else 0
        if lead < 0x80:
            return 0
    return 0


def is_legal(view: memoryview, kinds: int) -> bool:
    """As find_illegal(), for many bytes whose KINDS are known, or-ed.

    MicroPython's decoder checks how sequences are built, in C; only bytes that may begin a wrong one are left.
    """
    if kinds < _WIDE:
        return True
    try:
        str(view, "utf-8")
    except UnicodeError:
        return False
    if kinds >= _ODD:
        for i in range(len(view)):
            if KINDS[view[i]] == _ODD and _is_wrong(view, i):
                return False
    return True


def _is_wrong(view: memoryview, i: int) -> bool:
    """True if the odd byte at index i of well-built sequences begins no XML Char."""
    lead = view[i]
    if lead < 0xE0 or lead > 0xF4:
        return True
    second = view[i + 1]
    if lead == 0xE0 or lead == 0xF0:  # overlong
        return second < (0xA0 if lead == 0xE0 else 0x90)
    if lead == 0xEF:  # U+FFFE and U+FFFF
        return second == 0xBF and view[i + 2] >= 0xBE
    return second >= (0xA0 if lead == 0xED else 0x90)  # surrogates; beyond Unicode


def _within(code: int, ranges: "tuple[tuple[int, int], ...]") -> bool:
    for low, high in ranges:
        if low <= code <= high:
            return True
    return False


def is_ncname(name: str) -> bool:
    """True if `name` is an NCName (Namespaces in XML §3): a name without a colon."""
    data = name.encode()
    if not data or NAME_BYTES[data[0]] not in (LETTER, _PIECE):
        return False
    for byte in data:
        kind = NAME_BYTES[byte]
        if not kind or kind == _COLON:
            return False
        if kind == _PIECE:
            return _is_other_ncname(name)
    return True


def _is_other_ncname(name: str) -> bool:
    first = True
    for code in code_points(name):
        if code < 0x80:
            ok = NAME_BYTES[code] == LETTER or (not first and NAME_BYTES[code] == 2)
        else:
            ok = _within(code, _NAME_START) or (not first and _within(code, _NAME_EXTRA))
        if not ok:
            return False
        first = False
    return True
