"""Scenarios: what they do and expect, how they end, what is left of them; and the one of the README, word by word."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.pytest_plugin import scenario  # noqa: F401  # a fixture
from nocarrier_emulator.script import report, script
from nocarrier_emulator.script.play import FAILED, PASSED, TIMED_OUT, ScriptPlay
from nocarrier_emulator.script.recording import Recording
from nocarrier_emulator.script.script import ScriptError
from nocarrier_emulator.trace.trace import Trace
from nocarrier_emulator.world import World

TOP = Path(__file__).parents[2]
ANNA = '[[step]]\nhandheld = "anna"\n'
BERT = '[[step]]\nhandheld = "bert"\n'
HELLO = (
    ANNA
    + "expect_online = true\n"
    + ANNA
    + 'send = { to = "bert", body = "Hello" }\n'
    + BERT
    + 'expect_received = "Hello"\n'
    + ANNA
    + 'expect_state = { body = "Hello", state = "delivered" }\n'
    + BERT
    + 'expect_screen = "1>Anna"\n'
    + BERT
    + 'screenshot = "end"\n'
)


def played(text, **how):
    return ScriptPlay(script.parsed(text), **how).run()


def test_a_scenario_that_passes():
    outcome = played(HELLO)
    assert outcome.outcome == PASSED and [result.outcome for result in outcome.results] == [PASSED] * 6
    assert "1>Anna" in outcome.screens["end"]
    assert any("<body>Hello</body>" in line for line in outcome.trace)
    assert outcome.meters[0][:3] == (0.0, "anna", 0) and outcome.meters[-1][2] > 500


def test_the_same_seed_is_the_same_scenario_and_a_profile_makes_another():
    assert played(HELLO).trace == played(HELLO).trace != played(HELLO, seed=2).trace
    slow, fast = played(HELLO, profile="v21"), played(HELLO, profile="v34")
    assert slow.outcome == fast.outcome == PASSED
    assert slow.results[3].at_s > 2 * fast.results[3].at_s


@pytest.mark.parametrize(
    "step, why",
    [
        ('expect_screen = "nobody"\nwithin_s = 5', "not within 5 s\nits screen:\n| "),
        ('expect_received = "nothing"\nwithin_s = 5', "not within 5 s"),
        ('expect_state = { body = "Hello", state = "read" }\nwithin_s = 5', "not within 5 s"),
        ("expect_online = false\nwithin_s = 5", "not within 5 s"),
        ('expect_no_screen = "Bert"', "its screen:\n| online"),
        ("expect_bytes = 100", "bytes have passed"),
        ("expect_seconds = 1.5", "s have passed"),
    ],
)
def test_what_does_not_come_fails(step, why):
    outcome = played(HELLO + ANNA + step + "\n" + ANNA + 'screenshot = "late"\n')
    assert outcome.outcome == FAILED and len(outcome.results) == 7 and why in outcome.results[-1].why
    assert "late" not in outcome.screens


def test_time_has_an_end():
    outcome = played("until_s = 20\n" + HELLO + ANNA + "wait_s = 100\n")
    assert outcome.outcome == TIMED_OUT and outcome.results[-1].at_s == 20
    assert played(HELLO, until_s=3).outcome == TIMED_OUT


def test_everything_that_can_be_done_can_be_written_down():
    steps = [
        'text = "x"', 'key = "Escape"', "plugged = false", "wait_s = 5", "plugged = true", "drop = true",
        "power = false", "power = true", "rate_bps = 300", 'profile = "v21"', "cut_after_bytes = 10",
        'send = { to = "bert", body = "again" }', "expect_online = false", "power = true",
        "expect_online = true", "battery = 0.5", 'snapshot = "half"', 'restore = "half"', "expect_battery = 0.4",
        "expect_online = true", "expect_bytes = 100000", "expect_seconds = 3000",
    ]  # fmt: skip
    text = HELLO + "".join(ANNA + step + "\nwithin_s = 600\n" for step in steps)
    outcome = played(text + '[[step]]\nexchange = "restart"\nkeep_sessions = false\n' + BERT + "expect_online = true\n")
    assert outcome.outcome == PASSED, outcome.results[-1]


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "1 to 10000 steps"),
        ("x = [", "value"),
        ('mode = "fast"\n' + HELLO, "no 'mode' at the top"),
        ("until_s = 0\n" + HELLO, "until_s"),
        ("handhelds = []\n" + HELLO, "handhelds are"),
        ('handhelds = ["a b"]\n' + HELLO, "handhelds are"),
        ('handhelds = ["anna", "anna"]\n' + HELLO, "same name"),
        ('[[step]]\nhandheld = "carl"\nkey = "Enter"', "step 1: no handheld 'carl'"),
        (ANNA, "step 1: does one thing; this does 0"),
        (ANNA + "plugged = true\npower = true", "step 1: does one thing; this does 2"),
        ('[[step]]\nkey = "Enter"', "step 1: whose"),
        ("flash = 1\n" + HELLO, "flash is a folder"),
        (ANNA + 'expect_online = "yes"', "step 1: expect_online wants bool"),
        (ANNA + 'expect_state = { body = "x" }', "body and state"),
        (ANNA + 'screenshot = "../../x"', "name of letters"),
        (ANNA + "wait_s = -1", "wait_s"),
        (ANNA + "wait_s = 1\nwithin_s = 0", "within_s"),
    ],
)
def test_what_is_no_scenario_is_refused_before_anything_is_played(text, complaint):
    with pytest.raises(ScriptError, match=complaint):
        script.parsed(text)


@pytest.mark.parametrize(
    "step",
    [
        'key = "Any"', "plugged = 1", 'dance = "now"', "rate_bps = 1", 'profile = "x"', "battery = 1.5",
        'snapshot = ""', 'restore = "what never was"',
    ],
)  # fmt: skip
def test_a_command_that_is_none_is_refused_with_its_step(step):
    with pytest.raises(ScriptError, match="step 1: "):
        played(ANNA + step)
    with pytest.raises(ScriptError, match="step 1: "):
        played('[[step]]\nexchange = "explode"')


def test_what_is_left_of_a_scenario(tmp_path):
    report.write(tmp_path, played(HELLO + ANNA + "expect_bytes = 1\n" + ANNA + "wait_s = 1\n"))
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("8", "1", "1")
    cases = suite.findall("testcase")
    assert len(cases) == 8 and "bytes have passed" in cases[6].find("failure").text
    assert cases[7].find("skipped") is not None and float(cases[2].get("time")) > 0
    assert "1>Anna" in (tmp_path / "end.txt").read_text()
    assert (
        (tmp_path / "meters.csv").read_text().startswith("seconds,handheld,bytes,cost,heap_free_bytes\n0,anna,0,0,\n")
    )
    trace = (tmp_path / "trace.txt").read_text()
    assert "anna at ATDT" in trace and "***" in trace


def test_what_is_on_the_flash_outlives_its_scenario(tmp_path):
    """In another world, where the exchange has never heard of it, what waited is sent."""
    offline = ANNA + "plugged = false\n" + ANNA + 'send = { to = "bert", body = "kept" }\n' + ANNA + "wait_s = 60\n"
    report.write(tmp_path / "out", played(HELLO + offline))
    (tmp_path / "next.toml").write_text(
        'flash = "out/flash"\n' + BERT + 'expect_received = "kept"\n' + BERT + 'expect_received = "Hello"\n'
    )
    outcome = ScriptPlay(script.read(tmp_path / "next.toml"), seed=5).run()
    assert outcome.outcome == PASSED, outcome.results[-1].why
    report.write(tmp_path / "out", outcome)
    for name, image in outcome.flash.items():
        found = {path.name: path.read_bytes() for path in (tmp_path / "out" / "flash" / name).iterdir()}
        assert found == image and image
    with pytest.raises(OSError):
        played('flash = "/nowhere"\n' + HELLO)


def run(*arguments, **more):
    command = [sys.executable, "-m", "nocarrier_emulator", "run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)


def test_exit_codes(tmp_path):
    good, bad, none = tmp_path / "good.toml", tmp_path / "bad.toml", tmp_path / "none.toml"
    good.write_text(HELLO)
    bad.write_text(HELLO + ANNA + "expect_bytes = 1\n")
    none.write_text(ANNA)
    done = run(good, "--out", tmp_path / "out")
    assert done.returncode == 0 and "good, seed 1: passed" in done.stdout
    assert (tmp_path / "out" / "junit.xml").exists()
    assert run(bad).returncode == 1 and run(good, "--until", 3).returncode == 42
    both = run(good, bad, "--seed", 3, "--profile", "v34", "--out", tmp_path / "two")
    assert both.returncode == 1 and (tmp_path / "two" / "bad" / "junit.xml").exists()
    for done in (run(none), run(tmp_path / "nowhere.toml"), run(good, "--profile", "x")):
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr


def test_the_fixture(scenario):  # noqa: F811
    assert "1>Anna" in scenario(HELLO, seed=2).screens["end"]
    with pytest.raises(pytest.fail.Exception, match="expect_bytes"):
        scenario(HELLO + ANNA + "expect_bytes = 1\n")


def test_the_readmes_scenario_word_by_word(tmp_path):
    """Its file, its command, its test: as a newcomer would copy them."""
    text = (TOP / "emulator" / "README.md").read_text()
    chapter = text.split("## Write a scenario in five minutes")[1].split("\n## ")[0]
    blocks = re.findall(r"```(\w+)\n(.*?)```", chapter, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["toml", "sh", "python"]
    toml, shell, python = (body for _, body in blocks)
    (tmp_path / "tunnel.toml").write_text(toml)
    folders = os.pathsep.join(str(TOP / folder) for folder in ("core", "ports", "emulator"))
    environment = {**os.environ, "PATH": str(tmp_path) + os.pathsep + os.environ["PATH"], "PYTHONPATH": folders}
    command = tmp_path / "nocarrier-emulator"
    command.write_text('#!/bin/sh\nexec "%s" -m nocarrier_emulator "$@"\n' % sys.executable)
    command.chmod(0o755)
    done = subprocess.run(
        ["sh", "-ec", shell], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "passed" in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "out" / "junit.xml").exists()
    (tmp_path / "test_tunnel.py").write_text(python)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "nocarrier_emulator.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_recording_of_very_many_commands_is_a_scenario_still():
    world = World(VirtualClock(), 1)
    world.add("anna")
    commands = Commands(world)
    recording = Recording(world.clock, world, commands)
    for _ in range(6_000):
        world.clock.run(10)
        commands.run({"handheld": "anna", "drop": False})
    assert len(script.parsed(recording.text()).steps) == 9_802


def test_what_was_recorded_plays_again_byte_for_byte():
    clock = VirtualClock()
    world = World(clock, 5)
    for name in ("anna", "bert"):
        world.add(name)
    world.befriend("bert", "anna")
    commands = Commands(world)
    trace = Trace(clock)
    trace.watch(world, commands)
    recording = Recording(clock, world, commands)
    for handheld in world.handhelds.values():
        handheld.power_on()
    for at_ms, command in (
        (20_000, {"handheld": "anna", "key": "Enter"}),
        (20_500, {"handheld": "anna", "text": 'Grüße "\\ \x7f 😀'}),
        (21_000.25, {"handheld": "anna", "key": "Enter"}),
        (30_000, {"handheld": "bert", "plugged": False}),
        (31_000, {"handheld": "bert", "send": {"to": "anna", "body": "a = 'b'\n"}}),
        (60_000, {"exchange": "restart", "keep_sessions": True}),
        (60_000, {"handheld": "bert", "plugged": True}),
    ):
        clock.call_later(at_ms, lambda command=command: commands.run(command))
    clock.run(200_000)
    again = ScriptPlay(script.parsed(recording.text()), seed=5).run()
    assert again.outcome == PASSED
    assert again.trace == trace.lines and len(trace.lines) > 200
    assert again.screens["anna"] == world.handhelds["anna"].surface.plain()
