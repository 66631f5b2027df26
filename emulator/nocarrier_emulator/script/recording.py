"""What somebody does to a world, as a scenario that does it again."""

import json
from typing import Any

from nocarrier_emulator.clock import Clock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.world import World

_REST_S = 600  # that a play may take longer
_MOST_COMMANDS = 4_900  # each with its pause: together less than a scenario may have steps


class Recording:
    """Begins when it is made; the world should just have been switched on. text(): the scenario until now.

    profile: the name of that with which its lines were laid, if it is not the usual one.

    Of very many commands the first are in it.
    """

    def __init__(self, clock: Clock, world: World, commands: Commands, profile: str = "") -> None:
        self._clock = clock
        self._profile = profile
        self._names = list(world.handhelds)
        self._steps: list[str] = []  # a pause, be it empty, and a command each
        self._begun_ms = self._last_ms = clock.now_ms()
        self._before = commands.on_command
        commands.on_command = self._command

    def text(self) -> str:
        """TOML; it ends with a screenshot of each handheld."""
        head = "handhelds = %s\n" % json.dumps(self._names)
        head += "until_s = %d\n" % ((self._clock.now_ms() - self._begun_ms) / 1000 + _REST_S)
        head += "profile = %s\n" % json.dumps(self._profile) if self._profile else ""
        ends = [_step({"handheld": name, "screenshot": name}) for name in self._names]
        return "\n".join([head, *self._steps, self._pause(), *ends])

    def _command(self, command: dict[str, Any]) -> None:
        self._before(command)
        if len(self._steps) < 2 * _MOST_COMMANDS:
            self._steps += [self._pause(), _step(command)]
            self._last_ms = self._clock.now_ms()

    def _pause(self) -> str:
        wait_ms = self._clock.now_ms() - self._last_ms
        return _step({"wait_s": wait_ms / 1000}) if wait_ms > 0 else ""


def _step(fields: dict[str, Any]) -> str:
    return "[[step]]\n" + "".join("%s = %s\n" % (key, _value(value)) for key, value in fields.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ %s }" % ", ".join("%s = %s" % (key, _value(each)) for key, each in value.items())
    # Of these JSON's notation is TOML's too.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
