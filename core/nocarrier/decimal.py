"""Numbers in text, the same on both interpreters: CPython's int() also takes signs, spaces and foreign digits."""

from nocarrier.compat import const

NONE = const(-1)


def decimal(text: str, digits: int) -> int:
    """The value of 1 to `digits` ASCII digits, or NONE if the text is anything else."""
    if not 1 <= len(text) <= digits:
        return NONE
    for byte in text.encode():
        if not 0x30 <= byte <= 0x39:
            return NONE
    return int(text)
