"""A phone book in a file."""

import re
from pathlib import Path

import pytest

from nocarrier_emulator import phonefile
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.phonebook import Nobody, Silent
from nocarrier_emulator.tcpnumber import TcpNumber

GOOD = """
["5552368"]
name = "Home"
to = "tls://127.0.0.1:5223"
domain = "xmpp.example"
notes = "the server in the cellar"

["1"]
to = "telnet://bbs.example:23"

["2"]
to = "busy"

["3"]
to = "no answer"
"""


def test_numbers_names_and_notes(tmp_path):
    path = tmp_path / "phones.toml"
    path.write_text(GOOD)
    entries = phonefile.read(path)
    assert [(entry.number, entry.name, entry.notes) for entry in entries][0] == (
        "5552368",
        "Home",
        "the server in the cellar",
    )
    book = phonefile.book(entries, VirtualClock())
    assert isinstance(book.find("T555-2368"), TcpNumber)
    assert book.find("home") is book.find("5552368") is book.find("Thome") and book.find("P1") is not book.find("home")
    assert book.find("2") == Silent("BUSY") and isinstance(book.find("3"), Nobody)
    assert isinstance(book.find("0"), Nobody)


@pytest.mark.parametrize(
    "text, complaint",
    [
        ('[home]\nto = "tcp://a:1"', "digits only"),
        ('["1"]\nto = "tcp://a"', "host:port"),
        ('["1"]\nto = "tcp://a:99999"', "host:port"),
        ('["1"]\nto = "http://a:80"', "host:port"),
        ('["1"]\nto = "tcp://a:1/path"', "host:port"),
        ('["1"]\nname = "nobody"', "host:port"),
        ('["1"]\nto = "busy"\nspeed = "9600"', "no field 'speed'"),
        ('["1"]\nto = 5', "fields with text"),
        ('1 = "tcp://a:1"', "fields with text"),
        ('["1"\n', "line 1"),
    ],
)
def test_what_is_no_phone_book_is_refused(tmp_path, text, complaint):
    path = tmp_path / "phones.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        phonefile.read(path)


def test_there_is_an_end_to_it(tmp_path):
    path = tmp_path / "phones.toml"
    path.write_text("".join('["%d"]\nto = "busy"\n' % number for number in range(1001)))
    with pytest.raises(ValueError, match="at most 1000"):
        phonefile.read(path)


def test_the_readmes_phone_book(tmp_path):
    chapter = (
        (Path(__file__).parents[2] / "emulator" / "README.md").read_text().split("## A modem for real terminals")[1]
    )
    path = tmp_path / "phones.toml"
    path.write_text(re.search(r"```toml\n(.*?)```", chapter, re.DOTALL)[1])
    entries = phonefile.read(path)
    assert [entry.number for entry in entries] == ["5552368", "2"]
    book = phonefile.book(entries, VirtualClock())
    assert book.find("thome") is book.find("5552368")
