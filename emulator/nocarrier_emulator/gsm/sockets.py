"""A module's connection to an address: a line, and what has arrived and not been read."""

from typing import Protocol

from nocarrier_emulator.clock import Clock
from nocarrier_emulator.line.line import Line
from nocarrier_emulator.line.profile import Profile
from nocarrier_emulator.phonebook import Call, Subscriber


class Owner(Protocol):
    """The module that a connection belongs to."""

    clock: Clock
    profile: Profile
    in_data: bool

    def on_dte(self, data: bytes) -> None: ...
    def on_room(self) -> None: ...
    def say_arrived(self, socket: "Socket") -> None: ...
    def socket_closed(self, socket: "Socket") -> None: ...


class Socket:
    """raw: what arrives goes to the terminal as it is, but while the module is in command state waits like the rest."""

    def __init__(self, owner: Owner, number: int) -> None:
        self.number = number
        self.raw = False
        self.received = bytearray()
        self._owner = owner
        self.line = Line(owner.clock, owner.profile)
        self._end = self.line.a
        self._end.on_receive = self._arrived
        self._end.on_drop = lambda: owner.socket_closed(self)
        self._end.on_room = lambda: owner.on_room()

    def connect(self, subscriber: Subscriber) -> bool:
        """False: there it is refused."""
        refused: list[str] = []
        subscriber.called(Call(lambda: self.line.b, refused.append))
        return not refused

    def room(self) -> int:
        return self.line.buffer_bytes - self._end.backlog() if self.line.up else 0

    def send(self, data: bytes) -> int:
        """Takes what fits."""
        return self._end.write(data)

    def read(self, size: int) -> bytes:
        """Of what has arrived and waits."""
        data = bytes(self.received[:size])
        del self.received[:size]
        return data

    def drop(self) -> None:
        """The network has lost it: the module is told."""
        self.line.drop()

    def close(self) -> None:
        """By command: nothing is said."""
        self._end.on_drop = lambda: None
        self.line.drop()

    def _arrived(self, data: bytes) -> None:
        fresh = not self.received
        self.received += data
        if self.raw:
            if self._owner.in_data:
                self.deliver()
        elif fresh:  # while unread data waits, the module does not speak again
            self._owner.say_arrived(self)

    def deliver(self) -> None:
        """To the terminal, as it is."""
        self._owner.on_dte(self.read(len(self.received)))
