"""What all modules have in common: the command line, the card, the network, data state and the escape from it.

Sans-I/O like the Hayes modem (modem/modem.py): bytes of the terminal in and out, lines behind it that lead to
addresses. A vendor's commands are methods of a subclass, named in its table.
"""

import re
from collections.abc import Callable

from nocarrier_emulator.clock import Alarm, Clock
from nocarrier_emulator.escape import Escape
from nocarrier_emulator.gsm.card import Card
from nocarrier_emulator.gsm.faults import Faults
from nocarrier_emulator.gsm.sockets import Socket
from nocarrier_emulator.line.profile import Profile, plain
from nocarrier_emulator.phonebook import Subscriber

# Called with what follows the command's name: "?", "=...", or nothing. Returns a final result, or "" if that is later.
Handler = Callable[[str], str]

USUAL = plain(9600, 400)
_COMMAND = re.compile(r"([+$^][A-Z0-9]+)([=?][^;]*)?;?|([&\\%]?[A-Z])(\d*)")
_LINE_CHARS = 160
_GUARD_MS = 1_000
_ESCAPE_CHARACTER = 43
_CODES = {"OK": 0, "CONNECT": 1, "NO CARRIER": 3, "ERROR": 4}


class GsmModem:
    """find(host, port): who answers at an address; None if nobody does. on_dte(data): bytes for the terminal."""

    commands: dict[str, str] = {}  # the vendor's: name, and the method that carries it out
    closed_words = ("CLOSED",)  # said when a transparent connection ends

    def __init__(
        self,
        clock: Clock,
        find: Callable[[str, int], Subscriber | None],
        faults: Faults | None = None,
        profile: Profile = USUAL,
    ) -> None:
        self.clock = clock
        self.find = find
        self.faults = faults or Faults()
        self.profile = profile
        self.on_dte: Callable[[bytes], None] = lambda data: None
        self.on_room: Callable[[], None] = lambda: None
        self.dtr = True
        self.ri = self.deaf = False  # nobody calls it, and it is always on
        self.heard: list[str] = []  # command lines, for who wants to see them
        self._handlers: dict[str, Handler] = {
            name: getattr(self, method) for name, method in {**_COMMON, **self.commands}.items()
        }
        self.power_cycle()

    def power_cycle(self) -> None:
        """Off and on: connections and the data service are gone, and so are the settings."""
        for socket in getattr(self, "sockets", {}).values():
            socket.close()
        self.sockets: dict[int, Socket] = {}
        self.stream: Socket | None = None  # the transparent connection, if one stands
        self.in_data = False
        self.transparent = False
        self.attached = False
        self.apn = ""
        self._echo = self._verbose = True
        self._text = ""
        self._pending = ""  # the command whose result is still to come
        self._alarms: list[Alarm] = []
        self._escape = Escape(self.clock, self._escaped)
        self._payload: tuple[int, Callable[[bytes], None]] | None = None
        self._body = bytearray()
        self._card = Card(self.faults)
        self._turn = 0
        self._deaf = self.faults.deaf_commands

    # -- the terminal -----------------------------------------------------------------------------------------------

    @property
    def dcd(self) -> bool:
        """Carrier detect: a transparent connection stands."""
        return self.stream is not None

    @property
    def connected(self) -> bool:
        return self.stream is not None

    def set_dtr(self, on: bool) -> None:
        """The module is set to ignore it."""
        self.dtr = on

    def room(self) -> int:
        """How many bytes write() would take: flow control."""
        return self.stream.room() if self.in_data and self.stream is not None else 256

    def write(self, data: bytes) -> int:
        """Bytes from the terminal; returns how many were taken."""
        if self.in_data and self.stream is not None:
            taken = self.stream.send(data)
            self._escape.data(data[:taken], _ESCAPE_CHARACTER, _GUARD_MS)
            return taken
        for byte in data:
            self._command_byte(byte)
        return len(data)

    def _escaped(self) -> None:
        if self.in_data:
            self.in_data = False
            self.final("OK")

    def _command_byte(self, byte: int) -> None:
        if self._payload is not None:
            self._payload_byte(byte)
            return
        if self._echo:
            self.on_dte(bytes([byte]))
        if byte == 13:
            text, self._text = self._text, ""
            if not self._pending:  # while one runs, the module does not listen
                self._command_line(text)
        elif 32 <= byte < 127 and len(self._text) < _LINE_CHARS:
            self._text += chr(byte)

    def _command_line(self, text: str) -> None:
        at = text.upper().find("AT")
        if at < 0:
            return
        if self._deaf:
            self._deaf -= 1
            return
        rest = text[at + 2 :].strip()
        self.heard.append(rest)
        result = "OK"
        while rest and result == "OK":
            match = _COMMAND.match(rest if rest[0] in "+$^" else rest.upper())
            if match is None:
                result = "ERROR"
                break
            name = match.group(1) or match.group(3)
            argument = rest[len(name) : match.end()].rstrip(";") if match.group(1) else match.group(4)
            result = self._run(name.upper(), argument)
            rest = rest[match.end() :]
        if result:
            self.final(result)

    def _run(self, name: str, argument: str) -> str:
        if name in self.faults.silent:
            self._pending = name
            self.later(600_000, lambda: setattr(self, "_pending", ""))
            return ""
        if name in self.faults.failing:
            return "ERROR"
        handler = self._handlers.get(name)
        if handler is None:
            return "ERROR"
        self._pending = name
        result = handler(argument)
        if result:
            self._pending = ""
        return result

    # -- what subclasses use ----------------------------------------------------------------------------------------

    def later(self, delay_ms: float, action: Callable[[], None]) -> None:
        """Calls action, unless the module is switched off before."""
        self._alarms.append(self.clock.call_later(delay_ms, action))

    def final(self, text: str) -> None:
        """A final result code: the next command may come."""
        self._pending = ""
        if self._verbose:
            self.say(text)
        else:
            self.on_dte(b"%d\r" % _CODES.get(text.split()[0] if text.startswith("CONNECT") else text, 4))

    def say(self, text: str) -> None:
        """A line, after whatever is said unasked."""
        unasked = self.faults.unasked
        if unasked:
            self.on_dte(b"\r\n" + unasked[self._turn % len(unasked)] + b"\r\n")
            self._turn += 1
        self.on_dte(b"\r\n" + text.encode() + b"\r\n")

    def ask(self, size: int, action: Callable[[bytes], None]) -> str:
        """Prompts for so many bytes of data, and hands them to action."""
        self._body = bytearray()
        self._payload = (size, action)
        self.on_dte(b"\r\n> ")
        return ""

    def _payload_byte(self, byte: int) -> None:
        assert self._payload is not None
        self._body.append(byte)
        size, action = self._payload
        if len(self._body) == size:
            self._payload = None
            action(bytes(self._body))

    def open_socket(self, number: int, host: str, port: int) -> Socket | None:
        """A connection that stands; None if nobody answers there."""
        subscriber = self.find(host, port)
        if subscriber is None:
            return None
        socket = self.sockets[number] = Socket(self, number)
        if not socket.connect(subscriber):
            del self.sockets[number]
            return None
        return socket

    def enter_data(self, socket: Socket) -> None:
        """Behind CONNECT every byte belongs to the connection."""
        self.stream = socket
        socket.raw = True
        self.final("CONNECT 115200")
        self.in_data = True
        self._escape.begin()

    def socket_closed(self, socket: Socket) -> None:
        """The other side, or the network, has ended it."""
        self.sockets.pop(socket.number, None)
        if socket is self.stream:
            self.stream = None
            self.in_data = False
            for word in self.closed_words:
                self.say(word)
            self.on_room()
        else:
            self.say_closed(socket)

    def say_closed(self, socket: Socket) -> None:
        raise NotImplementedError

    def say_arrived(self, socket: Socket) -> None:
        """Data waits in a buffered connection, and did not before."""
        raise NotImplementedError

    def close_all(self) -> None:
        """By command: nothing is said."""
        for socket in self.sockets.values():
            socket.close()
        self.sockets = {}
        self.stream = None

    def drop_network(self) -> None:
        """The data service ends, with all connections."""
        self.attached = False
        for socket in list(self.sockets.values()):
            socket.drop()

    # -- the card and the network -----------------------------------------------------------------------------------

    def _flag(self, argument: str) -> str:
        return "OK"

    def _echo_on(self, argument: str) -> str:
        self._echo = argument == "1"
        return "OK"

    def _verbose_on(self, argument: str) -> str:
        self._verbose = argument != "0"
        return "OK"

    def _online(self, argument: str) -> str:
        if self.stream is None:
            return "NO CARRIER"
        self.final("CONNECT 115200")
        self.in_data = True
        self.stream.deliver()
        return ""

    def _pin(self, argument: str) -> str:
        return self._card.pin(argument, self.say)

    def _spic(self, argument: str) -> str:
        self.say("+SPIC: %d,3,10,10" % self.faults.tries)
        return "OK"

    def _qpinc(self, argument: str) -> str:
        self.say('+QPINC: "SC",%d,10' % self.faults.tries)
        return "OK"

    def _signal(self, argument: str) -> str:
        self.say("+CSQ: %d,0" % self.faults.rssi)
        return "OK"

    def _registered(self, name: str, argument: str) -> str:
        if argument == "?":
            self.say("%s: 0,%d" % (name, self._card.registration()))
        return "OK"

    def _creg(self, argument: str) -> str:
        return self._registered("+CREG", argument)

    def _cgreg(self, argument: str) -> str:
        return self._registered("+CGREG", argument)

    def _cereg(self, argument: str) -> str:
        return self._registered("+CEREG", argument)


_COMMON = {
    "E": "_echo_on",
    "V": "_verbose_on",
    "Q": "_flag",
    "X": "_flag",
    "Z": "_flag",
    "&C": "_flag",
    "&D": "_flag",
    "O": "_online",
    "+CMEE": "_flag",
    "+CPIN": "_pin",
    "+CSQ": "_signal",
    "+CREG": "_creg",
    "+CGREG": "_cgreg",
    "+CEREG": "_cereg",
}
