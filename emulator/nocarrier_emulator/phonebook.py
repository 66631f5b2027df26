"""Who answers at which number."""

from collections.abc import Callable
from dataclasses import dataclass, field

from nocarrier_emulator.line.line import LineEnd

# A sans-I/O server: called with write(data) and hang_up(), it returns its receive(data) and closed().
Server = Callable[[Callable[[bytes], None], Callable[[], None]], tuple[Callable[[bytes], None], Callable[[], None]]]


class Call:
    """A call that rings, until one of the two sides ends that.

    connect(): makes the line, and returns the end of the one who is called. refused(result): the caller hears it.
    """

    def __init__(self, connect: Callable[[], LineEnd], refused: Callable[[str], None]) -> None:
        self._connect, self._refused = connect, refused
        self._over = False
        self.on_given_up: Callable[[], None] = lambda: None

    def answer(self) -> LineEnd:
        """The receiver is lifted: the call stands. Returns this side of the line."""
        assert not self._over
        self._over = True
        return self._connect()

    def refuse(self, result: str) -> None:
        """result: what the caller's modem makes of it: "BUSY", "NO CARRIER" or "NO ANSWER"."""
        self._over = True
        self._refused(result)

    def give_up(self) -> None:
        """The caller has hung up."""
        if not self._over:
            self._over = True
            self.on_given_up()


class Subscriber:
    """Somebody with a telephone, who lifts the receiver at once, unless a subclass knows better."""

    def called(self, call: Call) -> None:
        """It rings. The caller waits until the call is answered, refused or given up."""
        self.answer(call.answer())

    def answer(self, end: LineEnd) -> None:
        """The call stands; end is this side of the line."""


class Nobody(Subscriber):
    """A number at which it rings and rings."""

    def called(self, call: Call) -> None:
        pass


@dataclass
class Silent(Subscriber):
    """A number that is always busy, or does not train."""

    result: str

    def called(self, call: Call) -> None:
        call.refuse(self.result)


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
    """Numbers and who answers. An unknown number does not answer. names: in small letters, of numbers that have one."""

    numbers: dict[str, Subscriber] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def find(self, dialled: str) -> Subscriber:
        """dialled: what followed ATD: T or P, and a number with its hyphens and commas, or a name."""
        for name in (dialled.lower(), dialled[1:].lower() if dialled[:1] in "tTpP" else ""):
            dialled = self.names.get(name, dialled)
        digits = "".join(char for char in dialled if char.isdigit())
        return self.numbers.get(digits, Nobody())
