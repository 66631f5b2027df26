"""The tables of bytes say what their comments say; CPython's strict decoder is the oracle of UTF-8."""

import itertools

from nocarrier.wire import chars

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_BEHIND = b"-.0123456789"  # what may stand behind a letter


def _is_legal(data: bytes) -> bool:
    """UTF-8, and Chars of XML 1.0 §2.2."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return all(c in "\t\n\r" or "\x20" <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" for c in text)


def test_kinds_of_bytes():
    # Leads of overlong forms, of surrogates, of U+FFFE and U+FFFF, and those beyond U+FFFFF or so.
    odd_leads = {0xC0, 0xC1, 0xE0, 0xED, 0xEF, 0xF0, *range(0xF4, 0x100)}
    for byte in range(256):
        special, odd = byte in b"<&]\t\n\r", byte in odd_leads or (byte < 0x20 and byte not in b"\t\n\r")
        assert chars.KINDS[byte] == (1 if special else 4 if odd else 2 if byte > 0x7F else 0), byte


def test_every_character_and_every_wrong_one():
    """All leads, with the bytes behind them at the edges of what they may be, alone and between letters."""
    edges = (0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBD, 0xBE, 0xBF, 0xC0, 0xFF)
    for lead in range(256):
        for more in range(4):
            for behind in itertools.product(edges, repeat=more):
                data = bytes((lead, *behind))
                for whole in (data, b"a" + data + b"z"):
                    kinds = 0
                    for byte in whole:
                        kinds |= chars.KINDS[byte]
                    assert chars.is_legal(memoryview(whole), kinds) == _is_legal(whole), whole
                    assert (chars.find_illegal(whole, 0, len(whole)) < 0) == _is_legal(whole), whole


def test_bytes_of_names():
    for byte in range(256):
        kind = 1 if byte in _LETTERS else 2 if byte in _BEHIND else 4 if byte == 0x3A else 3 * (byte > 0x7F)
        assert chars.NAME_BYTES[byte] == kind
        assert chars.PLAIN_NAME_BYTES[byte] == (kind in (1, 2))
