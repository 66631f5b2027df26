"""Makes the handset's font of letters.txt: `python ports/firmware/makefont.py` writes handset/font.py anew.

Eight bytes a letter, from the top; in each the leftmost pixel is the highest bit.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

_SOURCE = Path(__file__).with_name("letters.txt")
_FONT = Path(__file__).parents[1] / "nocarrier_ports/handset/font.py"
_ROWS = 8
_SMALL_ROW = 2  # where small letters begin: above is room for accents
_HEAD = '''"""The handset's letters, 8 by 8 pixels; ports/firmware/makefont.py has made this of letters.txt there.

Those of ASCII from the space on, then the others; handset/letters.py finds and draws them.
"""

'''


def letters(text: str) -> dict[str, bytes]:
    """Letters and their bytes. Raises ValueError for what is drawn wrongly."""
    drawn: dict[str, bytes] = {" ": bytes(_ROWS)}
    small: dict[str, bytes] = {}
    accents: dict[str, bytes] = {}
    for section, lines in _sections(text):
        if section in ("thick", "wide"):
            drawn.update(_drawn(lines, section == "thick", 0))
        elif section in ("small", "small wide"):
            small.update(_drawn(lines, section == "small", _SMALL_ROW))
        elif section in ("accent", "below"):
            accents.update(_drawn(lines, False, 0 if section == "accent" else _ROWS - 1, 0))
        elif section == "same":
            drawn.update({pair[1]: drawn[pair[0]] for line in lines for pair in line.split()})
        elif section == "composed":
            words = " ".join(lines).split()
            for letter, base, accent in zip(words[::3], words[1::3], words[2::3], strict=True):
                drawn[letter] = _composed(base, accents[accent], drawn, small)
        else:
            raise ValueError("no such section: [%s]" % section)
    return drawn


def source(drawn: dict[str, bytes]) -> str:
    """The module."""
    ascii_letters = [chr(code) for code in range(0x20, 0x7F)]
    others = sorted(drawn.keys() - set(ascii_letters))
    lines = [_HEAD + "# The code points of the others, two bytes each.", "OTHERS = ("]
    lines += _rows(others, 10, lambda letter: letter.encode("utf-16-be"))
    lines += [")", "BITS = ("]
    lines += _rows(ascii_letters + others, 3, lambda letter: drawn[letter])
    return "\n".join(lines) + "\n)\n"


def _rows(drawn: list[str], a_row: int, data: Callable[[str], bytes]) -> Iterator[str]:
    for at in range(0, len(drawn), a_row):
        row = drawn[at : at + a_row]
        literal = "".join("\\x%02x" % byte for letter in row for byte in data(letter))
        yield '    b"%s"  # %s' % (literal, " ".join(letter.strip() or "space" for letter in row))


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """(name, lines); comments are left out."""
    name = ""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith("["):
            if name:
                yield name, lines
            name, lines = line.strip("[]"), []
        elif not line.startswith("# "):
            lines.append(line)
    yield name, lines


def _drawn(lines: list[str], thick: bool, top: int, left: int = 0) -> dict[str, bytes]:
    """Of blocks: a line of names, and their rows of pixels from row `top` on."""
    found: dict[str, bytes] = {}
    for block in "\n".join(lines).strip("\n").split("\n\n"):
        head, *rows = block.split("\n")
        for i, name in enumerate(head.split()):
            columns = [row.split()[i] for row in rows]
            if not set("".join(columns)) <= {".", "#"} or top + len(columns) > _ROWS:
                raise ValueError("%s is drawn wrongly" % name)
            bits = [0] * top + [_bits(row, thick) for row in columns]
            found[name] = bytes(bits + [0] * (_ROWS - len(bits)))
    return found


def _bits(row: str, thick: bool) -> int:
    """Thick letters begin in the second column."""
    bits = sum(0x80 >> i for i, pixel in enumerate(row) if pixel == "#")
    return (bits >> 1 | bits >> 2) if thick else bits


def _composed(base: str, accent: bytes, drawn: dict[str, bytes], small: dict[str, bytes]) -> bytes:
    under = drawn[base]
    if any(accent[:_SMALL_ROW]) and any(under[:_SMALL_ROW]):
        under = small[base]
    return bytes(a | b for a, b in zip(under, accent, strict=True))


def main() -> None:
    _FONT.write_text(source(letters(_SOURCE.read_text())))


if __name__ == "__main__":
    main()
