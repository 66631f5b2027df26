"""A busy quarter of an hour, and the digest of its trace: test_trace.py runs it in every Python that there is.

Three handhelds on lines that fail in seven ways; plugs, power and the exchange fail too.
Run by hand it prints the lines.
"""

import sys

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.line.faults import made
from nocarrier_emulator.line.profile import Profile
from nocarrier_emulator.trace.trace import Trace
from nocarrier_emulator.world import World

_FAULTS = {
    "jitter": {"most_ms": 200},
    "drop": {"per_hour": 10},
    "retrain": {"per_hour": 10},
    "bursts": {"bad_per_hour": 5, "bad_ms": 300, "corrupted": 0.1},
    "slicing": {"most_bytes": 5},
    "half_open": {"per_hour": 1},
    "promotion": {"idle_ms": 5_000},
}
_SPAN_MS = 900_000


def traced(seed):
    """The trace of that seed's quarter of an hour."""
    clock = VirtualClock()
    world = World(clock, seed, Profile(2400, 1200, 100, faults=tuple(made(*each) for each in _FAULTS.items())))
    for name in ("anna", "bert", "cleo"):
        world.add(name)
    world.befriend("anna", "bert")
    world.befriend("cleo", "anna")
    commands = Commands(world)
    trace = Trace(clock)
    trace.watch(world, commands)
    for handheld in world.handhelds.values():
        handheld.power_on()
    pick = world.rng
    for i in range(60):
        name, other = pick.sample(("anna", "bert", "cleo"), 2)
        command = pick.choice(
            (
                {"handheld": name, "key": pick.choice(("Enter", "Escape", "ArrowDown"))},
                {"handheld": name, "text": "Grüße %d 😀" % i},
                {"handheld": name, "send": {"to": world.handhelds[other].account.jid, "body": "привет %d" % i}},
                {"handheld": name, "power": pick.random() < 0.9},
                {"handheld": name, "plugged": pick.random() < 0.9},
                {"handheld": name, "drop": True},
                {"exchange": "restart", "keep_sessions": pick.random() < 0.5},
            )
        )
        clock.call_later(pick.uniform(0, _SPAN_MS), lambda command=command: commands.run(command))
    clock.run(_SPAN_MS)
    return trace


if __name__ == "__main__":
    if "--digest" in sys.argv:
        print(traced(1).sha256())
    else:
        print("\n".join(traced(1).lines))
