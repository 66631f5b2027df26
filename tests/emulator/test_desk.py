"""The desk of the page: who plays there, what is recorded and played again, what crosses the wires."""

import asyncio
import gc
import weakref

import pytest

from nocarrier.queue import states
from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.script.script import parsed
from nocarrier_emulator.web import desk as web_desk
from nocarrier_emulator.web.desk import Desk

SPEED = 50
PATIENCE_S = 90


def at_a_desk(scene):
    """Runs a scene, which gets a desk whose time goes fast."""

    async def run():
        desk = Desk(ScaledClock(SPEED), 1)
        await asyncio.wait_for(scene(desk), PATIENCE_S)

    asyncio.run(run())


async def until(what):
    while not what():
        await asyncio.sleep(0.01)


def screen(desk, index):
    return "\n".join(text for text, _ in desk.state()["handhelds"][index]["screen"])


def online(desk):
    """Both are, and have their contacts."""
    return all(words in screen(desk, index) for index in (0, 1) for words in ("online ", ("Bert", "Anna")[index]))


def delivered(desk):
    """Of what anna has written to bert."""
    anna, bert = desk._world.handhelds.values()
    items = anna.client.store.history(bert.account.jid, 9)
    return [item.body for item in items if item.state == states.DELIVERED]


def test_what_was_done_is_replayed_in_a_world_that_begins_anew():
    async def scene(desk):
        await until(lambda: online(desk))
        desk.command({"handheld": "anna", "plugged": False})
        desk.command({"handheld": "anna", "send": {"to": "bert", "body": "in the tunnel"}})
        desk.command({"handheld": "anna", "key": "Enter"})
        await until(lambda: "(queued)" in screen(desk, 0))
        desk.command({"handheld": "anna", "plugged": True})
        await until(lambda: "(delivered)" in screen(desk, 0))
        recorded = desk.recording()
        before = desk.state()["handhelds"][0]["bytes_up"]
        desk.command({"desk": "replay", "on": True})
        assert desk.state()["desk"]["playing"] == "replay"
        assert desk.state()["handhelds"][0]["bytes_up"] == 0 < before and "in the tunnel" not in screen(desk, 0)
        await until(lambda: not desk.state()["desk"]["playing"])
        assert desk.state()["desk"]["said"] == "replay passed"
        # The same keys at the same times; what was on the screen by then is real time's affair.
        await until(lambda: delivered(desk) == ["in the tunnel"])
        commands = [
            (step.kind, step.value) for step in parsed(recorded).steps if step.kind not in ("wait_s", "screenshot")
        ]
        again = [step for step in parsed(desk.recording()).steps if step.kind not in ("wait_s", "screenshot")]
        assert [(step.kind, step.value) for step in again] == commands and len(commands) == 4

    at_a_desk(scene)


def test_worlds_that_were_replaced_are_gone():
    async def scene(desk):
        worlds = []
        for _ in range(4):
            worlds.append(weakref.ref(desk._world))
            desk.command({"desk": "replay", "on": True})
            await asyncio.sleep(0.05)
        desk.command({"desk": "replay", "on": False})
        for _ in range(20):
            await asyncio.sleep(0.1)
            gc.collect()
            if not any(world() for world in worlds):
                break
        assert [world() for world in worlds] == [None] * 4

    at_a_desk(scene)


def test_what_is_refused_changes_nothing():
    async def scene(desk):
        await until(lambda: online(desk))
        for nonsense in (
            {"desk": "play", "scenario": "profile='nonsense'\n[[step]]\nwait_s=1\n"},
            {"desk": "play", "scenario": "handhelds=['Anna','anna']\n[[step]]\nwait_s=1\n"},
            {"desk": "play", "scenario": "x" * 100_000},
            {"desk": "play", "scenario": "flash='/'\n[[step]]\nwait_s=1\n"},
            {"handheld": "anna", "send": {"to": "bert", "body": ""}},
            {"handheld": "anna", "send": {"to": "bert", "body": "a\x01"}},
            {"handheld": "anna", "send": {"to": "bert", "body": "a\ud800"}},
            {"handheld": "anna", "send": {"to": "@", "body": "a"}},
            {"handheld": "anna", "text": "\ud800"},
        ):
            with pytest.raises(ValueError):
                desk.command(nonsense)
        assert [each["power"] for each in desk.state()["handhelds"]] == [True, True] and online(desk)
        assert all(step.kind in ("wait_s", "screenshot") for step in parsed(desk.recording()).steps)

    at_a_desk(scene)


def test_a_scenario_is_played_and_says_what_has_not_come():
    async def scene(desk):
        step = "[[step]]\nhandheld = 'carl'\n"
        head = "handhelds = ['carl', 'dora', 'emil']\nprofile = 'gprs'\n"
        scenario = head + step + "expect_online = true\nwithin_s = 900\n"
        desk.command({"desk": "play", "scenario": scenario})
        assert [each["name"] for each in desk.state()["handhelds"]] == ["carl", "dora", "emil"]
        assert desk.state()["handhelds"][2]["profile"] == "gprs"
        await until(lambda: desk.state()["desk"]["said"])
        assert desk.state()["desk"]["said"] == "scenario passed" and 'profile = "gprs"' in desk.recording()
        with pytest.raises(ValueError, match="anna and bert"):
            desk.command({"desk": "gremlin", "number": 1})
        desk.command({"desk": "play", "scenario": step.replace("carl", "bert") + "expect_screen = 'no such thing'"})
        await until(lambda: desk.state()["desk"]["said"])
        said = desk.state()["desk"]["said"]
        assert said.startswith("scenario failed: 1. bert expect_screen 'no such thing': not within 60 s\nits screen:")

    at_a_desk(scene)


def test_a_gremlin_plays_until_it_is_stopped_and_what_it_did_is_recorded():
    async def scene(desk):
        desk.command({"desk": "gremlin", "number": 7})
        await until(lambda: len(parsed(desk.recording()).steps) > 60)
        assert desk.state()["desk"]["playing"] == "gremlin 7"
        desk.command({"desk": "replay", "on": False})
        assert desk.state()["desk"] == {"speed": SPEED, "playing": "", "said": "gremlin 7 was stopped"}
        steps = len(parsed(desk.recording()).steps)
        await asyncio.sleep(0.05)
        assert len(parsed(desk.recording()).steps) == steps

    at_a_desk(scene)


def test_a_gremlin_that_has_done_everything_says_so_and_one_that_breaks_something_too(monkeypatch):
    monkeypatch.setattr("nocarrier_emulator.web.player.GREMLIN_EVENTS", 20)

    async def scene(desk):
        desk.command({"desk": "gremlin", "number": 7})
        await until(lambda: desk.state()["desk"]["said"] == "gremlin 7 has done all its 20 deeds")
        desk.command({"desk": "gremlin", "number": 8})
        monkeypatch.setattr("nocarrier_emulator.handheld.Handheld.key", lambda itself, code: 1 // 0)
        await until(lambda: desk.state()["desk"]["said"])
        assert (
            desk.state()["desk"]["said"] == "gremlin 8 has found ZeroDivisionError: integer division or modulo by zero"
        )

    at_a_desk(scene)


def test_the_wire_shows_each_stanza_with_its_price_and_no_secret():
    async def scene(desk):
        desk.command({"handheld": "anna", "tariff": {"per_kb": 100, "per_minute": 0.25}})
        await until(lambda: online(desk))
        rows = desk.wire.since(0)
        assert 20 < len(rows) <= 100 and desk.wire.since(desk.wire.count) == []
        assert desk.wire.since(desk.wire.count - 3) == rows[-3:]
        ways = {row["way"] for row in rows}
        assert {"up", "down", "at", "says", "carrier"} <= ways
        logins = [row for row in rows if "<auth" in row["text"] or "<authenticate" in row["text"]]
        assert logins and all("***" in row["text"] for row in logins)
        for row in rows:
            if row["way"] in ("up", "down"):
                rate = next(each["rate_bps"] for each in desk.state()["handhelds"] if each["name"] == row["who"])
                assert row["seconds"] > 0 and (
                    row["way"] == "down" or row["seconds"] == round(row["bytes"] * 10 / rate, 2)
                )
                assert row["cost"] == (round(row["bytes"] / 1024 * 100, 4) if row["who"] == "anna" else 0)
        assert desk.state()["handhelds"][0]["cost"] > 100 and desk.state()["handhelds"][1]["cost"] == 0

    at_a_desk(scene)


def test_time_goes_as_fast_as_somebody_wants_and_nonsense_is_refused():
    async def scene(desk):
        desk.command({"desk": "speed", "times": 16})
        assert desk.state()["desk"]["speed"] == 16
        for nonsense in (
            {"desk": "speed", "times": 3},
            {"desk": "speed", "times": True},
            {"desk": "speed"},
            {"desk": ["speed"], "times": 4},
            {"desk": "gremlin", "number": 0},
            {"desk": "gremlin", "number": "7"},
            {"desk": "play", "scenario": 7},
            {"desk": "play", "scenario": "nonsense"},
            {"desk": "dance", "on": True},
            {"handheld": "anna", "tariff": {"per_kb": -1}},
            {"handheld": "anna", "tariff": {"per_kb": True}},
            {"handheld": "anna", "tariff": {"per_mile": 1}},
            {"handheld": "anna", "tariff": 7},
        ):
            with pytest.raises(ValueError):
                desk.command(nonsense)
        assert desk.state()["desk"] == {"speed": 16, "playing": "", "said": ""}
        assert len(desk.state()["handhelds"][0]["bytes_per_second"]) == 1

    at_a_desk(scene)


def test_a_minute_of_bytes_is_kept(monkeypatch):
    monkeypatch.setattr(web_desk, "_SAMPLES", 5)

    async def scene(desk):
        await until(lambda: online(desk))
        rates = desk.state()["handhelds"][0]["bytes_per_second"]
        assert len(rates) == 5 and all(0 <= rate <= 2 * 240 + 60 for rate in rates)

    at_a_desk(scene)
