"""Handhelds of a world that are processes: 32-bit MicroPython, and the firmware for a Cortex-M3 in QEMU, mixed."""

import asyncio
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import board
import pytest

from nocarrier_emulator.__main__ import main
from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.gremlins.gremlin import events
from nocarrier_emulator.gremlins.live import LivePlay
from nocarrier_emulator.programs import micropython, mps2
from nocarrier_emulator.script import script
from nocarrier_emulator.script.play import PASSED, ScriptPlay
from nocarrier_emulator.world import World

README = Path(__file__).parents[2] / "emulator/README.md"
SPEED = 12
PATIENCE_S = 60


def test_the_scenario_of_the_readme_on_what_is_flashed(tool, tmp_path, monkeypatch, capsys):
    """On 32-bit MicroPython."""
    tunnel, out = tmp_path / "tunnel.toml", tmp_path / "out"
    tunnel.write_text(re.search(r"```toml\n(profile.*?)```", README.read_text(), re.DOTALL).group(1))
    command = ["nocarrier-emulator", "run", str(tunnel), "--out", str(out), "--micropython", tool("MICROPYTHON32")]
    command += ["--on", "anna=micropython", "--on", "bert=micropython"]
    monkeypatch.setattr("sys.argv", command)
    assert main() == 0, capsys.readouterr().out
    rows = [line.split(",") for line in (out / "meters.csv").read_text().splitlines()]
    assert rows[0] == ["seconds", "handheld", "bytes", "cost", "heap_free_bytes"]
    for name in ("anna", "bert"):
        assert 4_096 < int([row for row in rows if row[1] == name][-1][4]) < 65_536
    assert "< still in the" in (out / "end.txt").read_text()
    trace = (out / "trace.txt").read_text()
    assert "anna at ATDT5552368" in trace and "<body>still in the tunnel</body>" in trace
    assert "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>***</response>" in trace

    # What Bert's flash holds is read by a handheld in this process.
    text = 'handhelds = ["bert"]\n[[step]]\nhandheld = "bert"\nexpect_received = "still in the tunnel"\n'
    again = replace(script.parsed(text), flash=str(out / "flash"))
    assert ScriptPlay(again).run().outcome == PASSED


def in_a_world(scene, speed=SPEED, **programs):
    """Anna and Bert, with these programs or in this process, are switched on. Returns what was raised besides."""
    raised = []

    async def run():
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: raised.append(context["exception"]))
        world = World(ScaledClock(speed), 1)
        for name in ("anna", "bert"):
            if name in programs:
                world.add_process(name, programs[name])
            else:
                world.add(name)
        world.befriend_all()
        for handheld in world.handhelds.values():
            handheld.power_on()
        try:
            await asyncio.wait_for(scene(world, *world.handhelds.values()), PATIENCE_S)
        finally:
            await world.close()

    asyncio.run(run())
    return raised


async def until(what):
    while not what():
        await asyncio.sleep(0.02)


def test_it_takes_the_commands_of_any_handheld(tool):
    async def scene(world, anna, bert):
        command = Commands(world).run
        await until(lambda: anna.settled() and bert.settled())
        command({"handheld": "anna", "send": {"to": "bert", "body": "one"}})
        await until(lambda: [kept.state for kept in anna.found("one")] == ["delivered"])
        command({"handheld": "anna", "snapshot": "then"})
        command({"handheld": "bert", "send": {"to": "anna", "body": "Grüße"}})
        await until(lambda: [kept.incoming for kept in anna.found("Grüße")] == [True])
        for key in ("F2", "Escape", "Enter"):
            command({"handheld": "anna", "key": key})
        command({"handheld": "anna", "text": "two"})
        await until(lambda: "> two_" in anna.surface.plain() and "< Grüße" in anna.surface.plain())

        command({"handheld": "anna", "power": False})
        assert not anna.on and not anna.online() and anna.surface.plain().strip() == ""
        assert not anna.send(bert.account.jid, "nobody hears that") and anna.found("one") == []
        command({"handheld": "anna", "power": True})
        command({"handheld": "anna", "send": {"to": "bert", "body": "three"}})
        command({"handheld": "anna", "restore": "then"})  # before it had booted
        await until(anna.settled)
        await anna.known()
        # What the server has delivered since then is looked for in the archive.
        await until(lambda: [kept.body for kept in anna.messages(next(iter(anna.peers)))] == ["one", "Grüße"])

        command({"handheld": "anna", "battery": 0})
        assert not anna.on
        command({"handheld": "anna", "power": True})
        assert not anna.on
        command({"handheld": "anna", "battery": 1})
        command({"handheld": "anna", "power": True})
        command({"handheld": "anna", "cut_after_bytes": 10})
        assert not anna.on

    assert in_a_world(scene, anna=micropython(tool("MICROPYTHON32"), "64k")) == []


def test_a_cortex_m3_and_micropython_write_to_each_other(tool):
    def has(one, other):
        return [kept.incoming for kept in one.found("Hello from %s" % other.account.jid)] == [True]

    async def scene(world, anna, bert):
        await until(lambda: anna.settled() and bert.settled())
        for one, other in ((anna, bert), (bert, anna)):
            assert one.send(other.account.jid, "Hello from %s" % one.account.jid)
        for one, other in ((anna, bert), (bert, anna)):
            await until(partial(has, one, other))
            assert 4_096 < one.heap_free_bytes < 65_536
        assert list(anna.image()) == ["flash.img"] and "flash.img" not in bert.image()

    firmware = mps2(tool("QEMU_ARM"), board.handset(64 * 1024))
    assert in_a_world(scene, 4, anna=firmware, bert=micropython(tool("MICROPYTHON32"), "64k")) == []


def test_what_it_refuses_is_told(tool):
    async def scene(world, anna, bert):
        assert anna.send("not@@anybody", "hello")
        await until(lambda: anna.refusals)
        assert not anna.out_of_memory()

    assert in_a_world(scene, anna=micropython(tool("MICROPYTHON32"), "64k")) == []


def test_what_it_cannot_keep_up_with_is_not_taken(tool):
    async def scene(world, anna, bert):
        taken = [anna.send("not@@anybody", "hello") for _ in range(1_200)]  # none is carried out meanwhile
        assert taken[0] and not taken[-1] and 900 < sum(taken) <= 1_000

    assert in_a_world(scene, anna=micropython(tool("MICROPYTHON32"), "64k")) == []


def test_a_program_that_ends_is_a_fault(tool):
    async def scene(world, anna, bert):
        await until(lambda: anna.fault)
        assert "MemoryError" in str(anna.fault) and not anna.on

    (error,) = in_a_world(scene, anna=micropython(tool("MICROPYTHON32"), "20k"))
    assert "MemoryError" in str(error)


def gremlin(tool, count, heap="64k", floor_bytes=0):
    return LivePlay(3, programs={"anna": micropython(tool("MICROPYTHON32"), heap)}, heap_floor_bytes=floor_bytes).run(
        events(3, count)
    )


def test_a_gremlin_at_micropython_finds_nothing(tool):
    """A slice of `ON=micropython make soak NAME=gremlins`."""
    assert gremlin(tool, 60, floor_bytes=3_000) is None


@pytest.mark.parametrize(
    "heap, floor_bytes, kind", [("64k", 60_000, "TooLittleHeap in _wait"), ("20k", 0, "Crashed in")]
)
def test_what_it_is_to_find_there_it_finds(tool, heap, floor_bytes, kind):
    failure = gremlin(tool, 60, heap, floor_bytes)
    assert failure is not None and failure.kind.startswith(kind), failure
