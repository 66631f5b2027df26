"""A question to one server over UDP, asked again until somebody has answered it. Nothing waits."""

import errno
import socket

from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.links.link import NetError

try:
    from typing import Optional
except ImportError:
    pass

_LATER = (errno.EAGAIN, errno.ECONNREFUSED)


class UdpQuestion:
    """server: address and port. what: its name in words, for errors. tries: how often the same is asked.

    timeout_ms: how long the first answer may take, each further one twice as long.
    """

    def __init__(self, server: "tuple[str, int]", what: str, timeout_ms: int, tries: int) -> None:
        self._server = server
        self._what = what
        self._timeout_ms = timeout_ms
        self._tries = tries
        self._try = self._due_ms = 0
        self._socket: "Optional[socket.socket]" = None

    def is_open(self) -> bool:
        """True from open() to close(), or to the first error."""
        return self._socket is not None

    def open(self) -> None:
        """Raises NetError if there is no such server."""
        self.close()
        try:
            found = socket.getaddrinfo(self._server[0], self._server[1], 0, socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(found[0], found[1], found[2])
            self._socket.setblocking(False)
            self._socket.connect(found[-1])  # the system then takes answers from nobody else
        except (OSError, UnicodeError):  # the latter is CPython's word for a name that is none
            self.fail("no such " + self._what)

    def begin(self) -> None:
        """What is asked next is asked for the first time."""
        self._try = 0

    def ask(self, question: bytes, now_ms: int) -> None:
        """Sends it, once more or for the first time. Raises NetError."""
        assert self._socket is not None
        self._due_ms = ticks_add(now_ms, self._timeout_ms << self._try)
        self._try += 1
        try:
            self._socket.send(question)
        except OSError as error:
            if error.errno not in _LATER:
                self.fail(str(error))

    def answer(self, most_bytes: int) -> "Optional[bytes]":
        """The next message that has come, at most so much of it; None: there is none. Raises NetError."""
        if self._socket is None:
            return None
        try:
            return self._socket.recv(most_bytes)
        except OSError as error:
            if error.errno not in _LATER:
                self.fail(str(error))
        return None

    def overdue(self, now_ms: int) -> bool:
        """True if it is time to ask again. Raises NetError if it was asked often enough."""
        if self._socket is None or ticks_diff(now_ms, self._due_ms) < 0:
            return False
        if self._try >= self._tries:
            self.fail("no answer from the " + self._what)
        return True

    def deadline_ms(self) -> "Optional[int]":
        """When overdue() becomes true; None: never."""
        return self._due_ms if self._socket is not None else None

    def fail(self, why: str) -> None:
        """Ends it with a NetError."""
        self.close()
        raise NetError(why)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
