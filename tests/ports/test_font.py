"""The handset's letters: what letters.txt shows, found by their code points, drawn on lines of pixels."""

import unicodedata

import makefont
import pytest

from nocarrier_emulator.surface import TextSurface
from nocarrier_ports.handset import font
from nocarrier_ports.handset.letters import draw, has, place

# What people write with it: pangrams.
SAID = (
    "The quick brown fox jumps over the lazy dog. 0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. ÄÖÜ",
    "Portez ce vieux whisky au juge blond qui fume : « À Noël, où ça ? » ŒUVRE æ",
    "El pingüino Wenceslao hizo kilómetros bajo exhaustiva lluvia y frío, añoraba… ¿Qué? ¡Sí!",
    "Příliš žluťoučký kůň úpěl ďábelské ódy. ŘŠŽČĚŇŮĎŤ",
    "Pchnąć w tę łódź jeża lub ośm skrzyń fig. ŁĄĘŚŹŻĆŃÓ",
    "Árvíztűrő tükörfúrógép ŐŰ",
    "Pijamalı hasta yağız şoföre çabucak güvendi. İĞŞ",
    "Høj bly gom vandt fræk sexquiz på wc. ÆØÅ",
    "Kæmi ný öxi hér, ykist þjófum nú bæði víl og ádrepa. ÞÐ",
    "Đačić žuri u školu",
    "Съешь ещё этих мягких французских булок, да выпей чаю. ЁЙЪЫЬЭЩ",
    "Чуєш їх, доцю, га? Кумедна ж ти, прощайся без ґольфів! ЄІЇҐ",
    "„quoted“ ‘it’s’ — 20 °C ± 5 × 2 ÷ 1 · £ € §",
)


def art(letter):
    at = place(ord(letter))
    return tuple(font.BITS[at : at + 8])


def test_it_is_what_letters_txt_shows():
    source = makefont._SOURCE.read_text()
    assert makefont._FONT.read_text() == makefont.source(makefont.letters(source))
    assert art("T") == (0x7E, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0)


@pytest.mark.parametrize("wrong", ["[thick]\nA\n#####\n##x##", "[wide]\nA\n" + "#\n" * 9, "[other]\nA\n#"])
def test_what_is_drawn_wrongly_is_refused(wrong):
    with pytest.raises(ValueError):
        makefont.letters(wrong)


def test_it_has_what_people_write_and_says_so():
    for text in SAID:
        assert [letter for letter in text if not has(ord(letter))] == []
        assert all(any(art(letter)) for letter in text if letter != " ")
    for strange in "你😀\n\x7f\u202e\ud800":
        assert not has(ord(strange)) and art(strange) == art("?")
    assert has(ord("?"))


def test_letters_that_differ_look_different():
    """But for those of another script, which are the same strokes."""
    letters = [chr(code) for code in range(0x20, 0x2100) if has(code)]
    assert len(letters) == 95 + len(font.OTHERS) // 2
    seen = {}
    for letter in letters:
        if art(letter) in seen:
            scripts = {unicodedata.name(each).split()[0] for each in (letter, seen[art(letter)])}
            assert len(scripts) == 2 or {letter, seen[art(letter)]} == set("ÐĐ"), (letter, seen[art(letter)])
        seen.setdefault(art(letter), letter)


def test_a_line_is_drawn_from_its_cell_to_its_end_and_no_further():
    for inverted in (False, True):
        surface = TextSurface(32, 24)
        surface.fill_rect(0, 8, 32, 8, int(inverted))
        surface.text("ABCDEF", 0, 8, 0 if inverted else 1)
        pixels = surface.pixels()
        mask = 0xFF if inverted else 0
        assert not any(pixels[:32] + pixels[64:])
        for row in range(8):
            assert pixels[32 + row * 4 : 36 + row * 4] == bytes(art(letter)[row] ^ mask for letter in "ABCD")
    pixels = bytearray(8 * 4)
    draw(pixels, 32, "XY", 24, 0, 1)
    assert [pixels[row * 4 + 3] for row in range(8)] == list(art("X"))
    assert not any(pixels[row * 4 + col] for row in range(8) for col in range(3))
