"""The tables of bytes say what their comments say."""

from nocarrier.wire import chars, values


def test_bytes_that_are_looked_at_closely():
    assert values._SPECIAL == bytes(byte < 0x20 or byte > 0x7F or byte in b"<&]" for byte in range(256))


def test_bytes_that_may_begin_no_character():
    """Whatever two bytes behind one that is not suspect: CPython's strict decoder takes it if it is built well."""
    for byte in range(256):
        illegal_control = byte < 0x20 and byte not in b"\t\n\r"
        # Leads of overlong forms, of surrogates, of U+FFFE and U+FFFF, and those beyond U+FFFFF or so.
        odd_lead = byte in (0xC0, 0xC1, 0xE0, 0xED, 0xEF) or byte >= 0xF0
        assert chars._SUSPECT[byte] == (illegal_control or odd_lead), byte


def test_bytes_of_names():
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    kinds = [
        1 if b in letters else 2 if b in b"-.0123456789" else 4 if b == 0x3A else 3 * (b > 0x7F) for b in range(256)
    ]
    assert list(chars.NAME_BYTES) == kinds
