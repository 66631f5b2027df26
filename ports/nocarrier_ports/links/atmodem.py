"""A module for GSM or LTE that keeps TCP connections and hands over data in portions: several at a time.

Theory of operation. One command runs at a time, and one reader takes all lines (at.py), so that what the module says
unasked is heard whatever else is going on. What the connections want is looked at when no command runs: opening, data
that waits, a portion to be sent, closing, in turn, and now and then the strength of the signal. Data that has arrived
follows a line that says how much it is. A command that is never answered, and a module that starts anew, end all
connections, and the module is brought up again when the next one is wanted (start.py).
"""

from nocarrier.compat import const
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier_ports.links import atsocket
from nocarrier_ports.links.address import halves
from nocarrier_ports.links.at import PROMPT, AtPort, text_of, verdict
from nocarrier_ports.links.bringup import RESTARTS, Access
from nocarrier_ports.links.hangup import HangUp
from nocarrier_ports.links.link import LinkError, NetError, NoCarrier, Timeout
from nocarrier_ports.links.socketprofile import field_of, says, words_of
from nocarrier_ports.links.start import Start

try:
    from typing import Callable, Optional

    from nocarrier_ports.links.at import SerialPort
    from nocarrier_ports.links.atsocket import AtSocket
    from nocarrier_ports.links.socketprofile import SocketProfile
except ImportError:
    pass

_OFF = const(0)
_STARTING = const(1)
_UP = const(2)

# The command that runs.
_NONE = const(0)
_OPEN = const(1)
_READ = const(2)
_SEND = const(3)
_CLOSE = const(4)
_SIGNAL = const(5)

_SIGNAL_MS = const(60_000)
_LAST_WORD_MS = const(1_000)
_READ_BYTES = const(256)  # asked for at once at most


class AtModem:
    """port: the serial link to the module. connections: how many are kept at most.

    on_unasked(line): lines that mean nothing here, such as +CMTI for a short message. signal_dbm: None if unknown.
    """

    def __init__(
        self,
        port: "SerialPort",
        profile: "SocketProfile",
        access: "Optional[Access]" = None,
        connections: int = 2,
        on_unasked: "Optional[Callable[[bytes], None]]" = None,
    ) -> None:
        self.profile = profile
        self._at = AtPort(port)
        hangup = HangUp(self._at, profile.bring_up)
        self._start = Start(self._at, profile.bring_up, access or Access(), hangup)
        self._slots: "list[Optional[AtSocket]]" = [None] * min(connections, profile.connections)
        self._stale = [False] * len(self._slots)  # numbers that must be closed before they are used again
        self._suspect = False  # a command that should have worked did not: the module may have forgotten its network
        self._on_unasked = on_unasked
        self._state = _OFF
        self._running = _NONE
        self._of: "Optional[AtSocket]" = None  # whose command runs
        self._orphan = False  # nobody wants the outcome of that command any more
        self._left: "Optional[AtSocket]" = None  # detached, but for that command
        self._portion: "Optional[bytes]" = None  # what it sends, until it was asked for
        self._turn = 0
        self._raw = 0  # bytes of data that are still to come
        self._signal_ms = 0

    @property
    def signal_dbm(self) -> "Optional[int]":
        return self._start.signal_dbm

    def attach(self, socket: "AtSocket", now_ms: int) -> None:
        """The connection is wanted. Raises NetError if there are as many as there may be."""
        if socket not in self._slots:
            if None not in self._slots:
                raise NetError("no connection is free")
            if self._suspect and not [other for other in self._slots if other is not None]:
                self._off()
            socket.number = self._slots.index(None)
            self._slots[socket.number] = socket
        elif socket is self._left:
            self._left = None
        if self._state == _OFF:
            self._at.open(now_ms)
            self._running = _NONE
            self._raw = 0
            self._state = _UP if self._start.begin(False, now_ms) else _STARTING

    def detach(self, socket: "AtSocket") -> None:
        """Nobody wants the connection any more; a command that runs for it is seen to its end."""
        if self._of is socket:
            self._orphan = True
            self._left = socket
        elif socket in self._slots:
            self._slots[socket.number] = None
        if self._state != _UP and [other for other in self._slots if other is not None] in ([], [socket]):
            self._off()  # nobody waits for it to be brought up

    def off(self) -> bool:
        """True if nothing will happen before a connection is wanted."""
        return self._state == _OFF

    def deadline_ms(self) -> "Optional[int]":
        """When step() is wanted although the module has said nothing."""
        if self._state == _OFF:
            return None
        return self._at.due_ms if self._state != _UP or self._running != _NONE else None

    def step(self, now_ms: int) -> None:
        """Goes on. Failures are told to the connections, each of which raises them when it is asked."""
        try:
            self._step(now_ms)
        except LinkError as error:
            self._fail_all(error)
            self._off()

    # -- one step ---------------------------------------------------------------------------------------------------

    def _step(self, now_ms: int) -> None:
        if self._state == _STARTING and self._start.step(now_ms):
            self._state = _UP
        while self._state == _UP:
            if self._raw and not self._take_raw():
                break
            line = self._at.line()
            if line is None:
                break
            self._line(line, now_ms)
        if self._state != _UP:
            return
        if self._running != _NONE and self._at.overdue(now_ms):
            if not self._orphan:
                raise Timeout()
            self._ended()
        if self._running == _NONE:
            self._next(now_ms)

    def _take_raw(self) -> bool:
        """Data behind its line; True if all of it is there."""
        buf = bytearray(min(self._raw, 64))
        while self._raw:
            n = self._at.take(memoryview(buf)[: min(self._raw, len(buf))])
            if n == 0:
                return False
            self._raw -= n
            if self._of is not None and not self._orphan:
                self._of.incoming.extend(memoryview(buf)[:n])
        return True

    def _off(self) -> None:
        self._state = _OFF
        self._ended()
        self._raw = 0
        self._suspect = False
        self._stale = [False] * len(self._slots)  # bringing it up closes them

    def _fail_all(self, error: LinkError) -> None:
        for socket in self._slots:
            if socket is not None:
                socket.fail(error)

    # -- commands ---------------------------------------------------------------------------------------------------

    def _next(self, now_ms: int) -> None:
        """Begins what one of the connections wants, each in turn."""
        for _ in range(len(self._slots)):
            self._turn = (self._turn + 1) % len(self._slots)
            socket = self._slots[self._turn]
            if socket is not None and self._serve(socket, now_ms):
                return
        if ticks_diff(now_ms, self._signal_ms) >= _SIGNAL_MS or self._signal_ms == 0:
            self._signal_ms = now_ms or 1
            self._run(_SIGNAL, None, "+CSQ", 5_000, now_ms)

    def _serve(self, socket: "AtSocket", now_ms: int) -> bool:
        profile = self.profile
        n = str(socket.number)
        if socket.state == atsocket.ENDING or (socket.state == atsocket.WANTED and self._stale[socket.number]):
            self._run(_CLOSE, socket, profile.close.format(n=n), 10_000, now_ms)
        elif socket.state == atsocket.WANTED:
            self._stale[socket.number] = True
            host, port = halves(socket.address)
            socket.wait_for_opening(profile.connect_ms, now_ms)
            self._run(_OPEN, socket, profile.open.format(n=n, host=host, port=port), profile.connect_ms, now_ms)
        elif socket.wants_read(now_ms):
            size = min(_READ_BYTES, socket.window_bytes - len(socket.incoming))
            self._run(_READ, socket, profile.read.format(n=n, size=size), 10_000, now_ms)
        elif socket.wants_send(now_ms):
            command = profile.send.format(n=n, size=len(socket.outgoing))
            self._run(_SEND, socket, command, profile.send_ms, now_ms)
        else:
            return False
        return True

    def _run(self, kind: int, socket: "Optional[AtSocket]", command: str, wait_ms: int, now_ms: int) -> None:
        self._running = kind
        self._of = socket
        self._orphan = False
        self._portion = socket.outgoing if socket is not None and kind == _SEND else None
        self._at.send(command, wait_ms, now_ms)

    def _ended(self) -> None:
        """The last word of the command has come: not before, or it would be taken for the next one's."""
        self._of = None
        self._running = _NONE
        self._orphan = False
        if self._left is not None:
            self._slots[self._left.number] = None
            self._left = None

    # -- lines ------------------------------------------------------------------------------------------------------

    def _line(self, line: bytes, now_ms: int) -> None:
        """What the module says, asked or unasked."""
        if line in RESTARTS:
            raise NoCarrier("modem has restarted")
        for word in self.profile.lost:
            if line.startswith(word):
                raise NoCarrier(text_of(line))
        if self._of_connection(line, now_ms) or self._of_command(line, now_ms):
            return
        if self._on_unasked is not None and verdict(line) is None:
            self._on_unasked(line)

    def _of_connection(self, line: bytes, now_ms: int) -> bool:
        """Lines that name a connection, and may come at any time."""
        profile = self.profile
        for socket in self._slots:
            if socket is None:
                continue
            if says(line, profile.arrived, socket.number):
                socket.unread = True
            elif line == words_of(profile.opened, socket.number):
                socket.opened()
            elif [words for words in profile.refused if says(line, words, socket.number)]:
                if socket.state == atsocket.OPENING:  # else it is about a former life
                    socket.fail(NetError(text_of(line)))
            elif says(line, profile.closed, socket.number):
                self._closed(socket, now_ms)
            else:
                continue
            return True
        return False

    def _closed(self, socket: "AtSocket", now_ms: int) -> None:
        """By the other side; what waits in the module can still be read where it allows that."""
        if socket.state in (atsocket.OPENING, atsocket.OPEN):
            socket.end(NoCarrier("closed by the other side"))
        if self._of is socket and self._running == _SEND:  # some modules have a last word on that, some have none
            self._orphan = True
            self._at.due_ms = ticks_add(now_ms, _LAST_WORD_MS)

    def _of_command(self, line: bytes, now_ms: int) -> bool:
        """The answer to what runs."""
        ended = verdict(line)
        socket = self._of
        if self._running == _SIGNAL:
            self._start.take_signal(line)
        elif self._running == _SEND and socket is not None:
            return self._of_send(line, ended, socket, now_ms)
        elif self._running == _READ and socket is not None:
            if says(line, self.profile.data, socket.number):
                self._announced(line, socket)
                return True
            if ended is False and not self._orphan:
                socket.nothing_left()
        elif self._running == _OPEN and socket is not None:
            if ended is False and not self._orphan and socket.state == atsocket.OPENING:
                self._suspect = True  # it does not even say why
                socket.fail(NetError(text_of(line)))
            if ended is None:
                return False
            # OK: how it ends is told in a line of its own, whenever that is.
        elif self._running == _CLOSE and socket is not None:
            if ended is None and not line.endswith(b"CLOSE OK"):
                return False
            self._stale[socket.number] = False
            if socket.state == atsocket.ENDING:
                socket.state = atsocket.CLOSED
            self._ended()
            return True
        if ended is None:
            return False
        self._ended()
        return True

    def _of_send(self, line: bytes, ended: "Optional[bool]", socket: "AtSocket", now_ms: int) -> bool:
        if line == PROMPT:
            if self._portion is not None:  # once: a short message that begins so is no prompt
                self._at.put(self._portion)
                self._portion = None
            return True
        taken = self._taken(line, socket)
        if taken is None and ended is not False:
            return ended is not None
        if not self._orphan and taken is not None:
            socket.taken(taken, now_ms)
        elif not self._orphan:
            socket.fail(NoCarrier(text_of(line)))
        self._ended()
        return True

    def _taken(self, line: bytes, socket: "AtSocket") -> "Optional[int]":
        """How much of the portion the module has taken, if this line says that."""
        profile = self.profile
        if says(line, profile.sent, socket.number):
            field = profile.sent_field
            return len(socket.outgoing) if field is None else field_of(line, profile.sent, socket.number, field)
        return 0 if profile.full and says(line, profile.full, socket.number) else None

    def _announced(self, line: bytes, socket: "AtSocket") -> None:
        """Data follows this line. As long as it does, there may be more, of which the module says nothing."""
        self._raw = field_of(line, self.profile.data, socket.number, self.profile.data_field)
        if self._orphan:
            return
        if self._raw == 0:
            socket.nothing_left()
        else:
            socket.unread = True
