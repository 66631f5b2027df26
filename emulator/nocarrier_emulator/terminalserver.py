"""A terminal server that wants a login before it connects anywhere, as those of universities and providers did."""

from collections.abc import Callable

from nocarrier_emulator.line.line import LineEnd
from nocarrier_emulator.phonebook import Subscriber

_LINE_BYTES = 80


class TerminalServer(Subscriber):
    """Asks for name and password, then takes "connect HOST" for the hosts it knows. tries: before it hangs up.

    greeting: what it says first.
    """

    def __init__(
        self, name: str, password: str, hosts: dict[str, Subscriber], greeting: str = "\r\nWelcome to exchange\r\n\r\n"
    ) -> None:
        self._login = (name, password)
        self._hosts = hosts
        self._greeting = greeting
        self.tries = 3
        self.seen: list[str] = []  # names that have tried

    def answer(self, end: LineEnd) -> None:
        _Visit(self._login, self._hosts, self.tries, self.seen, end).greet(self._greeting)


class _Visit:
    """One call, until it is handed on."""

    def __init__(
        self,
        login: tuple[str, str],
        hosts: dict[str, Subscriber],
        tries: int,
        seen: list[str],
        end: LineEnd,
    ) -> None:
        self._login, self._hosts, self._tries, self._seen, self._end = login, hosts, tries, seen, end
        self._text = b""
        self._name = ""
        self._state: Callable[[str], None] = self._got_name
        self._echo = True
        end.on_receive = self._receive

    def greet(self, greeting: str) -> None:
        self._say(greeting + "login: ")

    def _say(self, text: str) -> None:
        self._end.write(text.encode())

    def _receive(self, data: bytes) -> None:
        for at, byte in enumerate(data):
            if byte in b"\r\n":
                line, self._text = self._text.decode(errors="replace"), b""
                if self._echo:
                    self._say("\r\n")
                self._state(line)
                if self._end.on_receive != self._receive:  # handed on: the rest is the host's
                    if data[at + 1 :]:
                        self._end.on_receive(data[at + 1 :])
                    return
            elif len(self._text) < _LINE_BYTES:
                self._text += bytes([byte])
                if self._echo:
                    self._end.write(bytes([byte]))

    def _got_name(self, line: str) -> None:
        self._name = line
        self._seen.append(line)
        self._state, self._echo = self._got_password, False
        self._say("Password: ")

    def _got_password(self, line: str) -> None:
        self._echo = True
        if (self._name, line) == self._login:
            self._state = self._got_command
            self._say("\r\nexchange> ")
            return
        self._tries -= 1
        self._say("\r\nLogin incorrect\r\n")
        if self._tries == 0:
            self._end.line.drop()
            return
        self._state = self._got_name
        self._say("login: ")

    def _got_command(self, line: str) -> None:
        verb, _, host = line.partition(" ")
        if verb == "connect" and host in self._hosts:
            self._say("Trying %s ... Open\r\n" % host)
            self._hosts[host].answer(self._end)
        else:
            self._say("% Unknown command or host\r\nexchange> ")
