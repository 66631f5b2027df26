"""The same seed gives the same trace in every Python; and no trace tells a secret."""

import base64
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import defusedxml
import pytest
from traced import traced

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.trace import masks
from nocarrier_emulator.trace.stanzas import StanzaCutter
from nocarrier_emulator.trace.trace import Trace
from nocarrier_emulator.world import World

TOP = Path(__file__).parents[2]
# Of the lines that `python tests/traced.py` prints: machines with other Pythons must come to the same. It
# changes with everything that the handhelds say and show; then it is to be written anew.
DIGEST = "c23a34edb03e5ef75dd20843d52e9b01454d884aa2a41350494a76c7a325809c"


def pythons():
    """All that are there and new enough, this one first."""
    found = [sys.executable]
    for minor in range(11, 20):
        path = shutil.which("python3.%d" % minor)
        if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0:
            found.append(path)
    return found


def test_the_same_seed_gives_the_same_trace_in_every_python():
    folders = [TOP / "core", TOP / "ports", TOP / "emulator", Path(defusedxml.__file__).parents[1]]
    for i, python in enumerate(pythons()):
        environment = {"PYTHONPATH": os.pathsep.join(map(str, folders)), "PYTHONHASHSEED": str(i + 1)}
        command = [python, str(TOP / "tests" / "traced.py"), "--digest"]
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert answer.stdout.strip() == DIGEST, (python, answer.stderr)


def test_another_seed_gives_another_trace():
    assert traced(1).lines != traced(2).lines


def test_a_trace_tells_what_was_pressed_said_sent_shown_and_broken():
    lines = "\n".join(traced(1).lines)
    for what in (
        r"user \{\"handheld\": \"\w+\", \"send\"",
        r"\w+ at ATDT",
        r"\w+ says CONNECT 2400",
        r"\w+ up \d+ <message ",
        r"\w+ down \d+ .*<message ",
        r"\w+ screen 0 \*online",
        r"\w+ event message",
        r"\w+ no carrier",
        r"\w+ up \d+ \(cut\)",
    ):
        assert re.search(what, lines), what


def test_a_trace_tells_no_secret():
    for mechanism, trusted in (("PLAIN", True), ("SCRAM-SHA-256", False)):
        clock = VirtualClock()
        world = World(clock, 3)
        world.exchange.mechanisms = (mechanism,)
        anna = world.add("anna")
        anna.line.trusted = trusted
        trace = Trace(clock)
        trace.watch(world, Commands(world))
        anna.power_on()
        clock.run(60_000)
        assert anna.client.online()
        lines = "\n".join(trace.lines)
        password = anna.account.password
        assert "<auth " in lines and password not in lines
        assert base64.b64encode(b"\0anna\0" + password.encode()).decode() not in lines
        for secret in re.findall(r"<(?:auth|response|challenge|success)\b[^>]*[^/]>([^<]*)", lines):
            assert secret == "***", secret


@pytest.mark.parametrize(
    "told, shown",
    [
        ("AT+CPIN=1234", "AT+CPIN=***"),
        ("AT+CPIN?", "AT+CPIN?"),
        ('at+cgauth=1,2,"user","secret"', "at+cgauth=***"),
        ("ATDT5552368", "ATDT5552368"),
    ],
)
def test_commands_are_shown_without_their_secrets(told, shown):
    assert masks.of_command(told) == shown


@pytest.mark.parametrize(
    "told, shown",
    [
        ("<auth xmlns='x' mechanism='PLAIN'>AGFubmE=</auth>", "<auth xmlns='x' mechanism='PLAIN'>***</auth>"),
        ("<auth mechanism='PLAIN'>AGFubm", "<auth mechanism='PLAIN'>***"),  # cut
        ("<s:response xmlns:s='x'>YQ==</s:response>", "<s:response xmlns:s='x'>***</s:response>"),
        ("<token xmlns='urn:xmpp:fast:0' expiry='2026' token='abc'/>", None),
        ('<a token="abc\'d"/>', "<a token='***'/>"),
        ("<iq><query xmlns='jabber:iq:register'><password>pw</password></query></iq>", None),
        ("<message><body>response: yes</body></message>", "<message><body>response: yes</body></message>"),
    ],
)
def test_stanzas_are_shown_without_their_secrets(told, shown):
    masked = masks.of_xml(told)
    assert masked == shown if shown else "***" in masked and "abc" not in masked and ">pw<" not in masked


STREAM = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' a='>'>",
    b"<auth>x</auth>",
    b"<stream:stream xmlns='jabber:client'>",
    b'<message a="/>"><body>1 &lt; 2</body><![CDATA[<x>]]></message>',
    b"<r/>",
    b"</stream:stream>",
)


def test_a_stream_is_cut_between_its_stanzas_however_it_comes():
    whole = b"".join(STREAM)
    for step in (1, 2, 7, len(whole)):
        cutter, pieces = StanzaCutter(), []
        for at in range(0, len(whole), step):
            pieces += cutter.feed(whole[at : at + step])
        assert pieces == list(STREAM) and cutter.cut() == b"", step


def test_what_is_no_stream_is_cut_as_it_comes():
    cutter = StanzaCutter()
    assert list(cutter.feed(b"login: ")) == [b"login: "]
    assert list(cutter.feed(b" ")) == [b" "]
    assert list(cutter.feed(b"<a><b>")) == [b"<a>"] and cutter.cut() == b"<b>"
    assert list(cutter.feed(b"<a/>\x16\x03\x01")) == [b"<a/>", b"\x16\x03\x01"]
    long = b"<b>" + b"x" * 70_000
    assert list(cutter.feed(b"<a>" + long)) == [b"<a>", long]
