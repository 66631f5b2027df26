"""The XML declaration (XML 1.0 §2.8); a stream is XML 1.0 in UTF-8 (RFC 6120 §11.5, §11.6)."""

try:
    from typing import Optional
except ImportError:
    pass

_SPACE = b" \t\r\n"
_NAMES = (b"version", b"encoding", b"standalone")  # in this order, the first always


def fault_in(body: bytes) -> "Optional[tuple[str, str]]":
    """What is wrong with the bytes between "<?xml" and "?>": (stream error condition, words), or None."""
    rest = body
    place = 0
    while rest.strip(_SPACE):
        if rest[0] not in _SPACE:
            return "not-well-formed", "white space is missing in the XML declaration"
        name, _, rest = rest.partition(b"=")
        name = name.strip(_SPACE)
        rest = rest.lstrip(_SPACE)
        quote = rest[:1]
        end = rest.find(quote, 1) if quote in (b"'", b'"') else -1
        if name not in _NAMES[place:] or end < 0 or (place == 0) != (name == _NAMES[0]):
            return "not-well-formed", "malformed XML declaration"
        place = _NAMES.index(name) + 1
        fault = _fault_of(name, rest[1:end])
        if fault is not None:
            return fault
        rest = rest[end + 1 :]
    return None if place else ("not-well-formed", "XML declaration without a version")


def _fault_of(name: bytes, value: bytes) -> "Optional[tuple[str, str]]":
    if name == b"version" and value != b"1.0":
        return "not-well-formed", "not XML 1.0"
    if name == b"encoding" and value.lower() != b"utf-8":
        return "unsupported-encoding", "not UTF-8"
    if name == b"standalone" and value not in (b"yes", b"no"):
        return "not-well-formed", "malformed XML declaration"
    return None
