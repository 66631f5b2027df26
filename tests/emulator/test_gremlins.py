"""Gremlins: a slice of what `make soak NAME=gremlins` plays, what they found, and that they find what is planted."""

import json

import pytest

from nocarrier.queue.journal import Journal
from nocarrier_emulator.gremlins import tool
from nocarrier_emulator.gremlins.gremlin import Event, events
from nocarrier_emulator.gremlins.play import Play, play
from nocarrier_emulator.gremlins.shrink import shrunk
from nocarrier_ports.handset.field import FieldView


@pytest.mark.parametrize("number", range(1, 9))
def test_they_find_nothing(number):
    assert play(number, 300) is None, number


def test_a_number_is_always_the_same_gremlin():
    assert events(7, 500) == events(7, 500) and events(7, 500)[:100] == events(7, 100)
    assert events(7, 100) != events(8, 100)

    def traced(number):
        one = Play(number, trace=True)
        assert one.run(events(number, 150)) is None
        return one.trace.lines

    assert traced(3) == traced(3) != traced(4)


def found_and_shrunk(count, numbers=range(1, 10)):
    """The first of these gremlins that finds something: its number, the failure, and what that needs."""
    for number in numbers:
        played = events(number, count)
        failure = Play(number).run(played)
        if failure is not None:
            break
    else:
        raise AssertionError("nobody has found it")

    def fails(part):
        again = Play(number).run(part)
        return again is not None and again.kind == failure.kind

    needed = shrunk(played, fails)
    assert Play(number).run(needed) == Play(number).run(needed)
    return failure, needed


def test_an_exception_that_was_planted_is_found_and_shrunk(monkeypatch):
    original = FieldView.key

    def key(self, code):
        if code == 0x1B:
            raise ZeroDivisionError("planted")
        original(self, code)

    monkeypatch.setattr(FieldView, "key", key)
    failure, needed = found_and_shrunk(600)
    assert failure.kind == "ZeroDivisionError in key" and "planted" in failure.text
    assert 1 <= len(needed) <= 10, needed


def test_a_loss_that_was_planted_is_found_and_shrunk(monkeypatch):
    """A handheld that says "on flash" of what is not there yet."""
    monkeypatch.setattr(Journal, "flush", lambda self: None)
    failure, needed = found_and_shrunk(120)
    assert failure.kind in ("lost", "duplicated", "reordered")
    assert 1 <= len(needed) <= 10, needed


def test_a_stall_that_was_planted_is_found(monkeypatch):
    from nocarrier_emulator.handheld import Handheld

    monkeypatch.setattr(Handheld, "key", lambda self, code: again(self))

    def again(handheld):
        handheld.clock.call_later(0, lambda: again(handheld))

    failure = Play(1).run(events(1, 50))
    assert failure.kind == "stall"


def test_shrinking_keeps_what_is_needed_together():
    for wanted in ({3}, {0, 99}, {10, 11, 12, 50}):
        asked = []

        def fails(part, wanted=wanted, asked=asked):
            asked.append(1)
            return wanted <= set(part)

        assert set(shrunk(range(100), fails)) == wanted and len(asked) < 200
    assert len(shrunk(range(100), lambda part: {1, 98} <= set(part), tries=3)) >= 2


def test_what_was_found_is_written_and_played_again(tmp_path, monkeypatch, capsys):
    class Chosen:
        numbers, horde, events, replay, shrink, out = [2, 3], True, 40, None, True, tmp_path
        on: list[str] = []

    assert tool.run(Chosen) == 0 and "gremlin 3: 40 events, nothing found" in capsys.readouterr().out
    monkeypatch.setattr("nocarrier_emulator.gremlins.play._shows_contacts", lambda handheld: False)
    assert tool.run(Chosen) == 1
    said = capsys.readouterr().out
    assert "gremlin 2: screen that cannot be left" in said and "1 events are enough" in said
    number, played = tool.read(tmp_path / "gremlin-2.jsonl")
    assert number == 2 and len(played) == 1 and isinstance(played[0], Event)
    assert "anna" in (tmp_path / "gremlin-2.trace").read_text()
    Chosen.replay = tmp_path / "gremlin-2.jsonl"
    assert tool.run(Chosen) == 1


@pytest.mark.parametrize(
    "text", ["", "{}", '{"gremlin": 1}\n{"pause_ms": 1}', '{"gremlin": 1}\n[]', "x", '{"gremlin": 1}\n{"command": {}}']
)
def test_a_file_that_is_none_is_refused(tmp_path, text):
    path = tmp_path / "gremlin.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match="line|empty"):
        tool.read(path)


def test_events_can_be_written_down():
    for event in events(1, 300):
        assert json.loads(json.dumps(event.command)) == event.command and event.pause_ms >= 0
