"""Numbers in text, the same on both interpreters: CPython's int() also takes signs, spaces and foreign digits."""

from nocarrier.compat import const

NONE = const(-1)


def decimal(text: str, digits: int) -> int:
    """The value of 1 to `digits` ASCII digits, or NONE if the text is anything else."""
    if not 1 <= len(text) <= digits:
        return NONE
    for char in text:
        if char not in "0123456789":
            return NONE
    return int(text)
