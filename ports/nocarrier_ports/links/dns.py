"""Questions for SRV records and their answers, as bytes (RFC 1035 §4, RFC 2782): no more of the DNS than that.

An answer is believed only if it is one to the question that was asked. What is in it is bounded: by the datagram, by
the number of records that are looked at, and by how often a name may point elsewhere.
"""

from nocarrier.compat import const

try:
    from typing import Iterator
except ImportError:
    pass

ANSWER_BYTES = const(512)  # RFC 1035 §4.2.1
NO_SUCH_NAME = const(3)  # response code (§4.1.1)

_SRV = const(33)
_IN = const(1)
_HEADER_BYTES = const(12)
_RECURSE = const(0x0100)
_ANSWERS = const(0x8000)
_CODE_MASK = const(0x000F)
_POINTER = const(0xC0)
_NAME_BYTES = const(255)
_LABEL_BYTES = const(63)
_MOST_POINTERS = const(16)
_MOST_RECORDS = const(16)


class DnsError(ValueError):
    """Not an answer to the question, or none that can be read."""


class Record:
    """Where a service is. target: a host name; "" if the domain says that it does not have the service."""

    def __init__(self, priority: int, weight: int, port: int, target: str, ttl_s: int) -> None:
        self.priority = priority
        self.weight = weight
        self.port = port
        self.target = target
        self.ttl_s = ttl_s


def question(number: int, name: str) -> bytes:
    """Asks for the SRV records of a name. Raises DnsError if it is none."""
    return _u16(number) + _u16(_RECURSE) + _u16(1) + bytes(6) + _packed(name) + _u16(_SRV) + _u16(_IN)


def answer(message: bytes, number: int, name: str) -> "tuple[int, list[Record]]":
    """(response code, records). Raises DnsError."""
    try:
        return _answer(message, number, name)
    except IndexError:
        raise DnsError("cut short") from None


def _answer(message: bytes, number: int, name: str) -> "tuple[int, list[Record]]":
    if len(message) > ANSWER_BYTES:
        raise DnsError("too large")
    flags = _at16(message, 2)
    if _at16(message, 0) != number or not flags & _ANSWERS or _at16(message, 4) != 1:
        raise DnsError("another question's")
    asked, at = _name(message, _HEADER_BYTES)
    if asked.lower() != name.lower() or _at16(message, at) != _SRV or _at16(message, at + 2) != _IN:
        raise DnsError("another question's")
    return flags & _CODE_MASK, list(_records(message, at + 4, min(_at16(message, 6), _MOST_RECORDS)))


def _records(message: bytes, at: int, count: int) -> "Iterator[Record]":
    """The SRV records of the answer; of others, which stand for names that the first one points to, nothing."""
    for _ in range(count):
        _, at = _name(message, at)
        kind, klass, size = _at16(message, at), _at16(message, at + 2), _at16(message, at + 8)
        ttl_s = _at16(message, at + 4) << 16 | _at16(message, at + 6)
        at += 10
        if at + size > len(message):
            raise DnsError("cut short")
        if kind == _SRV and klass == _IN:
            target, end = _name(message, at + 6)
            if end != at + size:
                raise DnsError("no SRV record")
            yield Record(
                _at16(message, at),
                _at16(message, at + 2),
                _at16(message, at + 4),
                target,
                ttl_s if ttl_s >> 31 == 0 else 0,
            )
        at += size


def _name(message: bytes, at: int) -> "tuple[str, int]":
    """The name that stands there, without its last dot, and where what follows it stands."""
    labels: "list[str]" = []
    length = pointers = 0
    end = 0  # behind the first pointer
    while message[at]:
        size = message[at]
        if size & _POINTER == _POINTER:
            pointers += 1
            if pointers > _MOST_POINTERS:
                raise DnsError("a name without end")
            end = end or at + 2
            at = (size & ~_POINTER) << 8 | message[at + 1]
            continue
        if size > _LABEL_BYTES:
            raise DnsError("no name")
        length += size + 1
        label = message[at + 1 : at + 1 + size]
        if length > _NAME_BYTES or len(label) < size:
            raise DnsError("no name")
        for byte in label:
            if not 33 <= byte < 127 or byte == 46:
                raise DnsError("no name")
        labels.append(str(label, "ascii"))
        at += 1 + size
    return ".".join(labels), end or at + 1


def _packed(name: str) -> bytes:
    packed = b""
    for label in name.rstrip(".").split("."):
        text = label.encode()
        if not 0 < len(text) <= _LABEL_BYTES or max(text) > 126 or min(text) < 33:
            raise DnsError("no name")
        packed += bytes((len(text),)) + text
    if len(packed) >= _NAME_BYTES:
        raise DnsError("no name")
    return packed + b"\0"


def _u16(number: int) -> bytes:
    return bytes((number >> 8 & 255, number & 255))


def _at16(message: bytes, at: int) -> int:
    return message[at] << 8 | message[at + 1]
