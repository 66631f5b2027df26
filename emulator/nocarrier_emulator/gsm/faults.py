"""What can be wrong with a module, its card and its network: every one a switch."""

from dataclasses import dataclass, field


@dataclass
class Faults:
    """Nothing is wrong by default.

    sim: "READY", "SIM PIN", "SIM PUK", "NOT INSERTED"; busy: how often it says before that it is busy. pin: the right
    one; tries: before the card wants its PUK. registration: what +CREG? and its sisters say, one after the other, the
    last one for ever (3GPP TS 27.007 §7.2). silent: commands that are never answered, by name; failing: answered ERROR.
    connect: "OK", "FAIL", "BUSY" (no answer for ever) or a line that is said instead. attach_ms: of the data service,
    connect_ms: of a connection. unasked: whole lines, one of which goes before each line of an answer, in turn.
    deaf_commands: how many are swallowed after switching on, while the module finds out the rate. reject: how many
    sends are refused first, since the module's buffer is full.
    """

    sim: str = "READY"
    busy: int = 0
    pin: str = "1234"
    tries: int = 3
    registration: list[int] = field(default_factory=lambda: [1])
    rssi: int = 17
    silent: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    connect: str = "OK"
    attach_ms: float = 1_500
    connect_ms: float = 800
    unasked: list[bytes] = field(default_factory=list)
    deaf_commands: int = 0
    reject: int = 0
