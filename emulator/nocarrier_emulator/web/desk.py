"""What the page shows: handhelds, their modems and lines, the exchange that all call, and who plays with them."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.hardware import Hardware
from nocarrier_emulator.line.profile import Profile, shipped
from nocarrier_emulator.outside import Outside
from nocarrier_emulator.programs import must_be_of
from nocarrier_emulator.remotehandheld import Program, RemoteHandheld
from nocarrier_emulator.script.live import LiveScriptPlay
from nocarrier_emulator.script.recording import Recording
from nocarrier_emulator.script.script import Script, parsed
from nocarrier_emulator.web.player import Player
from nocarrier_emulator.web.wire import Wire
from nocarrier_emulator.world import World

_NAMES = ("anna", "bert")
SPEEDS = (1, 4, 16)
_GREMLINS = 1_000_000
_SCENARIO_CHARS = 65_536
_SAMPLE_MS, _SAMPLES = 1_000, 60


class Desk:
    """At the beginning two handhelds are switched on and call at once. seed: see World; a replay has the same again.

    outside: a real server that they call, with a handheld for each account. programs: of handhelds that are processes,
    by name. Scenarios and replays have the exchange, and run in this process. Raises ValueError for a program too many.

    Besides the commands of a world (Commands) there are those of the desk: {"desk": "gremlin", "number": 7},
    {"desk": "speed", "times": 4}, {"desk": "play", "scenario": its text}, {"desk": "replay", "on": true}, and "on":
    false to stop what plays. wire: what crosses the lines.
    """

    def __init__(
        self,
        clock: ScaledClock,
        seed: int,
        outside: Outside | None = None,
        programs: Mapping[str, Program] | None = None,
    ) -> None:
        self._clock, self._seed = clock, seed
        self.player = Player(clock)
        self.wire = Wire(clock)
        names = tuple(outside.passwords) if outside else _NAMES
        must_be_of(names, programs or {})
        self._closing: asyncio.Task[None] | None = None
        self._lay(LiveScriptPlay(Script("desk", names, ()), seed, clock, outside, programs))
        for handheld in self._world.handhelds.values():
            handheld.power_on()
        self._sample()

    async def close(self) -> None:
        """Switches all off, and ends what runs elsewhere."""
        if self._closing is not None:
            await self._closing
        await self._world.close()

    def command(self, command: Any) -> None:
        """Raises ValueError, which says what is wrong, for what is none; nothing has happened then."""
        if not isinstance(command, dict) or "desk" not in command:
            if isinstance(command, dict) and "exchange" in command and self._world.outside:
                raise ValueError("there is a real server in the exchange's place")
            self._commands.run(command)
            return
        what = command["desk"]
        argument, act = _COMMANDS.get(what if isinstance(what, str) else "", ("", None))
        if act is None or command.keys() != {"desk", argument}:
            wanted = ", ".join("%s with %s" % (name, row[0]) for name, row in _COMMANDS.items())
            raise ValueError("a desk takes: " + wanted)
        act(self, command[argument])

    def recording(self) -> str:
        """What was done until now, as a scenario."""
        return self._recording.text()

    def state(self) -> dict[str, Any]:
        """Everything that a page shows, but for the wire."""
        return {
            "handhelds": [self._handheld(name, handheld) for name, handheld in self._world.handhelds.items()],
            "desk": {"speed": self._clock.speed, "playing": self.player.playing, "said": self.player.said},
        }

    def raised(self, error: BaseException) -> None:
        """Something in the world has broken."""
        self.player.raised(error)

    def _lay(self, play: LiveScriptPlay) -> None:
        """Another world is on the desk."""
        self._world, self._commands = play.world, play.commands
        self.wire.watch(self._world, self._commands)
        self._recording = Recording(self._clock, self._world, self._commands, play.outcome.script.profile)
        self._before = dict.fromkeys(self._world.handhelds, 0)  # bytes, at the last sample
        self._rates: dict[str, deque[int]] = {name: deque(maxlen=_SAMPLES) for name in self._before}

    def _play(self, scenario: Script) -> None:
        play = LiveScriptPlay(scenario, self._seed, self._clock)
        self.player.stop()
        # At once, as ever; what runs elsewhere takes its time to end.
        for handheld in self._world.handhelds.values():
            handheld.power_off()
        self._closing = asyncio.get_running_loop().create_task(self._closed(self._world, self._closing))
        self._lay(play)
        self.player.scenario(play)

    @staticmethod
    async def _closed(world: World, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await before
        await world.close()

    def play(self, text: Any) -> None:
        if not isinstance(text, str) or len(text) > _SCENARIO_CHARS:
            raise ValueError("the text of a scenario is wanted, %d letters at most" % _SCENARIO_CHARS)
        scenario = parsed(text)
        if scenario.flash:
            raise ValueError("this machine's folders are not for pages")
        self._play(scenario)

    def replay(self, on: Any) -> None:
        if on is True:
            self._play(parsed(self.recording(), "replay"))
        else:
            self.player.stop()

    def gremlin(self, number: Any) -> None:
        if type(number) is not int or not 0 < number <= _GREMLINS:
            raise ValueError("gremlins have numbers from 1 to %d" % _GREMLINS)
        if not set(_NAMES) <= self._world.handhelds.keys():
            raise ValueError("gremlins play with %s and %s" % _NAMES)
        if self._world.outside and self._world.outside.restart is None:
            raise ValueError("gremlins are kept from servers that are not ours")
        self.player.gremlin(number, self._commands)

    def speed(self, times: Any) -> None:
        if type(times) is not int or times not in SPEEDS:
            raise ValueError("time goes %s times as fast" % ", ".join(map(str, SPEEDS)))
        if any(isinstance(handheld, RemoteHandheld) for handheld in self._world.handhelds.values()):
            raise ValueError("handhelds that are processes have a clock of their own")
        self._clock.set_speed(times)

    def _sample(self) -> None:
        for name, handheld in self._world.handhelds.items():
            meter = handheld.modem.meter
            passed = meter.bytes_up + meter.bytes_down
            self._rates[name].append(passed - self._before[name])
            self._before[name] = passed
        self._clock.call_later(_SAMPLE_MS, self._sample)

    def _handheld(self, name: str, handheld: Hardware) -> dict[str, Any]:
        modem = handheld.modem
        return {
            "name": name,
            "jid": handheld.account.jid,
            "power": handheld.on,
            "width_px": handheld.surface.width_px,
            "screen": [[text, inverted] for text, inverted in handheld.surface.lines],
            "lamps": modem.lamps(),
            "bytes_up": modem.meter.bytes_up,
            "bytes_down": modem.meter.bytes_down,
            "seconds": int(modem.meter.connected_ms() / 1000),
            "cost": round(modem.meter.cost(), 2),
            "heap_free_bytes": handheld.heap_free_bytes,
            "battery": None if handheld.battery is None else round(handheld.battery.charge, 2),
            "per_minute": modem.profile.tariff.per_minute,
            "per_kb": modem.profile.tariff.per_kb,
            "bytes_per_second": list(self._rates[name]),
            "rate_bps": modem.profile.up_bps,
            "profile": _name_of(modem.profile),
            "plugged": modem.dialtone,
        }


def _name_of(profile: Profile) -> str:
    """Of a shipped profile; "" for others."""
    return next((name for name, like in shipped().items() if replace(like, tariff=profile.tariff) == profile), "")


# What a desk takes besides: the name of the argument, and what is then done.
_COMMANDS: dict[str, tuple[str, Callable[[Desk, Any], None] | None]] = {
    "gremlin": ("number", Desk.gremlin),
    "speed": ("times", Desk.speed),
    "play": ("scenario", Desk.play),
    "replay": ("on", Desk.replay),
}
