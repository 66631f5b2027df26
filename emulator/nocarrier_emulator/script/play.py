"""Plays a scenario: until it has come to its end, something expected has not come, or time is up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nocarrier_emulator.clock import Clock, VirtualClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.hardware import Hardware
from nocarrier_emulator.line.profile import named
from nocarrier_emulator.modem.modem import USUAL
from nocarrier_emulator.outside import Outside
from nocarrier_emulator.remotehandheld import Program
from nocarrier_emulator.script import images
from nocarrier_emulator.script.script import AT_ONCE, EXPECTATIONS, Script, ScriptError, Step
from nocarrier_emulator.trace.trace import Trace
from nocarrier_emulator.world import World

PASSED, FAILED, TIMED_OUT = "passed", "failed", "timed out"
_SAMPLE_MS = 10_000


@dataclass(frozen=True)
class Result:
    """What became of one step. at_s: virtual time at its end."""

    step: Step
    outcome: str
    at_s: float
    why: str = ""


@dataclass
class Outcome:
    """What became of a scenario. screens, pictures: by the names of screenshots, as text and as PNG.

    meters: (seconds, handheld, bytes, cost, free bytes of its heap or None). flash: of each handheld at the end, files.
    """

    script: Script
    seed: int
    results: list[Result] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    screens: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    meters: list[tuple[float, str, int, float, int | None]] = field(default_factory=list)
    flash: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        """PASSED, or what the last step came to."""
        return self.results[-1].outcome if self.results else PASSED


class ScriptPlay:
    """One play, in virtual time. profile: another than the scenario's. until_s: likewise."""

    def __init__(self, script: Script, seed: int = 1, profile: str = "", until_s: float | None = None) -> None:
        self._virtual = VirtualClock()
        self._prepare(self._virtual, script, seed, profile, until_s)
        self.trace()

    def _prepare(
        self,
        clock: Clock,
        script: Script,
        seed: int,
        profile: str = "",
        until_s: float | None = None,
        outside: Outside | None = None,
        programs: Mapping[str, Program] | None = None,
    ) -> None:
        """The world as it is before the first step: everybody is there, known to each other, and switched off."""
        profile = profile or script.profile
        self._clock = clock
        self._begun_ms = clock.now_ms()
        self._until_ms = self._begun_ms + (until_s or script.until_s) * 1000
        self.world = World(clock, seed, named(profile) if profile else USUAL, outside)
        for name in script.handhelds:
            if programs and name in programs:
                self.world.add_process(name, programs[name])
            else:
                self.world.add(name)
        for name, handheld in self.world.handhelds.items() if script.flash else ():
            handheld.load(images.read(Path(script.flash) / name))
        self.world.befriend_all()
        self.commands = Commands(self.world)
        self.outcome = Outcome(script, seed)

    def trace(self) -> None:
        """Everything from now on."""
        trace = Trace(self._clock)
        trace.watch(self.world, self.commands)
        self.outcome.trace = trace.lines

    def run(self) -> Outcome:
        """Raises ScriptError for a command that is none; what was expected and has not come is in the outcome."""
        playing = self.played()
        try:
            playing.send(None)
        except StopIteration:
            return self.outcome
        raise AssertionError("virtual time waits for nobody")

    async def played(self) -> None:
        """As run(), where time has to be waited for."""
        for handheld in self.world.handhelds.values():
            handheld.power_on()
        self._sample()
        try:
            for step in self.outcome.script.steps:
                result = await self._step(step)
                self.outcome.results.append(result)
                if result.outcome != PASSED:
                    break
        finally:
            self._sampling.cancel()
            for name, handheld in self.world.handhelds.items():
                self.outcome.flash[name] = handheld.image()

    async def _step(self, step: Step) -> Result:
        why = ""
        if step.kind == "wait_s":
            await self._wait(step.value, lambda: False)
        elif step.kind == "screenshot":
            surface = self.world.handhelds[step.handheld].surface
            self.outcome.screens[step.value], self.outcome.pictures[step.value] = surface.plain(), surface.png()
        elif step.kind in EXPECTATIONS:
            why = await self._expect(step)
        else:
            command = (
                dict(step.value) if step.kind == "exchange" else {"handheld": step.handheld, step.kind: step.value}
            )
            try:
                self.commands.run(command)
            except ValueError as error:
                raise ScriptError("step %d: %s" % (step.number, error)) from None
        why = why or self._broken()
        late = self._clock.now_ms() >= self._until_ms
        outcome = TIMED_OUT if late else FAILED if why else PASSED
        return Result(step, outcome, self._now_s(), why or ("time is up" if late else ""))

    def _broken(self) -> str:
        """What a handheld has ended with; in virtual time that is raised."""
        return ""

    def _now_s(self) -> float:
        return (self._clock.now_ms() - self._begun_ms) / 1000

    async def _wait(self, for_s: float, until: Callable[[], bool]) -> bool:
        return self._virtual.run(min(for_s * 1000, self._until_ms - self._virtual.now_ms()), until)

    async def _expect(self, step: Step) -> str:
        """Why it did not come; "" if it did."""
        handheld = self.world.handhelds.get(step.handheld)
        if step.kind == "expect_seconds":
            now_s = self._now_s()
            return "" if now_s <= step.value else "%.1f s have passed" % now_s
        assert handheld is not None
        if step.kind == "expect_bytes":
            meter = handheld.modem.meter
            passed = meter.bytes_up + meter.bytes_down
            return "" if passed <= step.value else "%d bytes have passed" % passed
        check = _CHECKS[step.kind]
        if step.kind in AT_ONCE:
            return "" if check(handheld, step.value) else _shown(handheld)
        if check(handheld, step.value) or await self._wait(step.within_s, lambda: check(handheld, step.value)):
            return ""
        return "not within %g s\n%s" % (step.within_s, _shown(handheld))

    def _sample(self) -> None:
        for name, handheld in self.world.handhelds.items():
            meter = handheld.modem.meter
            passed = meter.bytes_up + meter.bytes_down
            self.outcome.meters.append((self._now_s(), name, passed, meter.cost(), handheld.heap_free_bytes))
        self._sampling = self._clock.call_later(_SAMPLE_MS, self._sample)


def _shown(handheld: Hardware) -> str:
    return "its screen:\n" + "\n".join("| " + line for line in handheld.surface.plain().split("\n"))


def _received(handheld: Hardware, body: str) -> bool:
    """In any conversation, exactly once."""
    return sum(message.incoming for message in handheld.found(body)) == 1


def _state(handheld: Hardware, wanted: dict[str, str]) -> bool:
    """Of the newest of the messages that were sent with this text."""
    found = [message for message in handheld.found(wanted["body"]) if not message.incoming]
    return bool(found) and found[-1].state == wanted["state"]


def _charged(handheld: Hardware, least: float) -> bool:
    return handheld.battery is None or handheld.battery.charge >= least


_CHECKS: dict[str, Callable[..., bool]] = {
    "expect_screen": lambda handheld, text: text in handheld.surface.plain(),
    "expect_no_screen": lambda handheld, text: text not in handheld.surface.plain(),
    "expect_online": lambda handheld, wanted: handheld.online() == wanted,
    "expect_received": _received,
    "expect_state": _state,
    "expect_battery": _charged,
}
