"""`--on`: which handhelds' programs run elsewhere, and what is said where that cannot be."""

import argparse

import pytest

from nocarrier_emulator import programs
from nocarrier_emulator.__main__ import main


def chosen(*words):
    parser = argparse.ArgumentParser()
    programs.options(parser)
    return programs.chosen(parser.parse_args(["--micropython", "m", "--firmware", "f", *words]))


def test_each_has_the_program_that_is_named():
    assert chosen() == {}
    assert set(chosen("--on", "Anna=micropython", "--on", "bert=mps2")) == {"anna", "bert"}


@pytest.mark.parametrize(
    "words, what",
    [
        (("--on", "anna"), "NAME=micropython"),
        (("--on", "anna=z80"), "z80"),
        (("--on", "anna=micropython", "--micropython", ""), "no micropython"),
        (("--on", "anna=mps2", "--firmware", ""), "no firmware"),
    ],
)
def test_what_cannot_be_is_said(words, what):
    with pytest.raises(ValueError, match=what):
        chosen(*words)


@pytest.mark.parametrize(
    "command, what",
    [
        (("gremlins", "1", "--on", "carl=micropython"), "carl"),
        (("serve", "--headless", "--port", "0", "--on", "carl=micropython"), "carl"),
        (("serve", "--account", "carl@exchange.test", "--on", "carl=micropython"), "anna or bert"),
    ],
)
def test_a_handheld_that_is_not_there_has_none(command, what, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["nocarrier-emulator", *command, "--micropython", "m"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2 and what in capsys.readouterr().err
