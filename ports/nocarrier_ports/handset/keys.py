"""Key codes: printable characters are their code points, the others begin at 0xE000 (private use)."""

from nocarrier.compat import const
from nocarrier.wire.chars import is_char

ENTER = const(0x0D)
BACKSPACE = const(0x08)
ESCAPE = const(0x1B)
UP = const(0xE001)
DOWN = const(0xE002)
PAGE_UP = const(0xE003)
PAGE_DOWN = const(0xE004)
CALL = const(0xE010)  # dial, or hang up
NEW = const(0xE011)  # write to a new address

# The names under which pages, scripts and remote controls send them.
NAMES = (
    ("Enter", ENTER), ("Backspace", BACKSPACE), ("Escape", ESCAPE), ("ArrowUp", UP), ("ArrowDown", DOWN),
    ("PageUp", PAGE_UP), ("PageDown", PAGE_DOWN), ("F1", CALL), ("F2", NEW),
)  # fmt: skip


def types(code: int) -> bool:
    """True if the key types a letter that a message can carry."""
    return code >= 0x20 and not 0xE000 <= code < 0xF900 and is_char(code)


def from_name(name: str) -> int:
    """The code of a key's name or of a single character; 0 if there is no such key."""
    for known, code in NAMES:
        if known == name:
            return code
    return ord(name) if len(name) == 1 else 0
