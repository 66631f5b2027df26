"""Who answers at which number."""

from collections.abc import Callable
from dataclasses import dataclass, field

from nocarrier_emulator.line import LineEnd

# A sans-I/O server: called with write(data) and hang_up(), it returns its receive(data) and closed().
Server = Callable[[Callable[[bytes], None], Callable[[], None]], tuple[Callable[[bytes], None], Callable[[], None]]]


class Subscriber:
    """Somebody with a telephone. A call that is not answered ends in one of the modem's result codes."""

    def ring(self) -> str:
        """What the caller hears: "CONNECT", "BUSY", "NO ANSWER" or "NO CARRIER"."""
        return "CONNECT"

    def answer(self, end: LineEnd) -> None:
        """The call stands; end is this side of the line."""


@dataclass
class Silent(Subscriber):
    """A number that is always busy, never answers, or does not train."""

    result: str

    def ring(self) -> str:
        return self.result


class Echo(Subscriber):
    """Answers everybody with what they say. ends: of the calls, in their order."""

    def __init__(self) -> None:
        self.ends: list[LineEnd] = []

    def answer(self, end: LineEnd) -> None:
        self.ends.append(end)
        backlog = bytearray()

        def flush() -> None:
            del backlog[: end.write(bytes(backlog))]

        def receive(data: bytes) -> None:
            backlog.extend(data)
            flush()

        end.on_receive, end.on_room = receive, flush


class Service(Subscriber):
    """A number behind which a sans-I/O server sits."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def answer(self, end: LineEnd) -> None:
        waiting = bytearray()

        def write(data: bytes) -> None:
            waiting.extend(data)
            flush()

        def flush() -> None:
            del waiting[: end.write(bytes(waiting))]

        receive, closed = self._server(write, end.line.drop)
        end.on_receive, end.on_drop, end.on_room = receive, closed, flush


@dataclass
class PhoneBook:
    """Numbers and who answers. An unknown number does not answer."""

    numbers: dict[str, Subscriber] = field(default_factory=dict)

    def find(self, number: str) -> Subscriber:
        digits = "".join(char for char in number if char.isdigit())
        return self.numbers.get(digits, Silent("NO ANSWER"))
