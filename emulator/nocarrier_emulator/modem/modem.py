"""A Hayes modem (V.250), as a sans-I/O object: bytes of the terminal in and out, a line behind it, control lines.

It takes calls as well as making them: in a phone book it is a subscriber as others are. Escape by guard time, three S2
characters, guard time.
"""

import random
from collections.abc import Callable

from nocarrier_emulator.clock import Alarm, Clock
from nocarrier_emulator.escape import Escape
from nocarrier_emulator.line.line import Line, LineEnd
from nocarrier_emulator.line.profile import Profile, plain
from nocarrier_emulator.modem import results, settings
from nocarrier_emulator.modem.commandline import CommandLine, commands
from nocarrier_emulator.modem.interpreter import Interpreter
from nocarrier_emulator.modem.meter import Meter
from nocarrier_emulator.phonebook import Call, PhoneBook, Subscriber

USUAL = plain(2400, 300)
_WAITING_BYTES = 1024
_RING_MS, _RINGING_MS = 6_000, 2_000  # from one RING to the next; of it the bell sounds
_FAST_BPS = 1200  # HS is lit above


class Modem(Subscriber):
    """on_dte(data): bytes for the terminal. dial_ms: from ATD to the ringing. profile: of the lines of its calls.

    on_wire(way, data), on_at(way, data): "up" or "down", what crosses the line, and what is said in command state.
    on_call(stands): one begins or ends.
    """

    def __init__(
        self, clock: Clock, book: PhoneBook, profile: Profile = USUAL, rng: random.Random | None = None
    ) -> None:
        self._clock = clock
        self._book = book
        self._rng = rng or random.Random(0)
        self.profile = profile
        self.dial_ms = 1500.0
        self.think_ms = 0.0  # about each command line
        self.dialtone = True
        self.deaf = False  # switched off: answers nothing
        self.on_dte: Callable[[bytes], None] = lambda data: None
        self.on_room: Callable[[], None] = lambda: None
        self.on_wire: Callable[[str, bytes], None] = lambda way, data: None
        self.on_at: Callable[[str, bytes], None] = lambda way, data: None
        self.on_call: Callable[[bool], None] = lambda stands: None
        self.dtr = True
        self.meter = Meter(clock)
        self.line: Line | None = None
        self.off_hook = False  # by ATH1: busy to all who call
        self._end: LineEnd | None = None
        self._online = False
        self._waiting = bytearray()  # of the call, while in command state
        self._dialling: Alarm | None = None
        self._made: Call | None = None  # rings somewhere
        self._taken: Call | None = None  # rings here
        self._bell: Alarm | None = None
        self._rang_ms = -1e9
        self._commands = CommandLine()
        self._interpreter = Interpreter(self)
        self._escape = Escape(clock, self.escape)
        self.kept = settings.Kept()
        self.settings = settings.Settings()

    # -- control lines ----------------------------------------------------------------------------------------------

    @property
    def dcd(self) -> bool:
        """Data carrier detect, as &C says."""
        return self.connected or not self.settings.carrier_follows

    @property
    def ri(self) -> bool:
        """Ring indicator: the bell sounds."""
        return self._taken is not None and self._clock.now_ms() - self._rang_ms < _RINGING_MS

    @property
    def connected(self) -> bool:
        """A call stands, in data mode or escaped from it."""
        return self.line is not None

    def lamps(self) -> dict[str, bool]:
        """The row of lamps, by the names that stand under them."""
        return {
            "MR": not self.deaf,
            "TR": self.dtr,
            "HS": self.profile.down_bps > _FAST_BPS,
            "AA": self.settings.registers[settings.RINGS_TO_ANSWER] > 0 or self.ri,
            "OH": self.busy(),
            "CD": self.dcd,
            **self.meter.lamps(),
        }

    def busy(self) -> bool:
        """Its telephone is off the hook."""
        return self.connected or self._calling() or self.off_hook

    def set_rate(self, rate_bps: int) -> None:
        """At once, for a call that stands too."""
        self.profile = self.profile.at(rate_bps)
        if self.line is not None:
            self.line.a.rate_bps = self.line.b.rate_bps = rate_bps

    def set_plugged(self, plugged: bool) -> None:
        """The telephone plug: out, there is neither carrier nor dial tone."""
        self.dialtone = plugged
        if not plugged:
            self._stop_ringing()
            self.drop_carrier()

    def set_dtr(self, on: bool) -> None:
        """The terminal raises or drops DTR; &D says what becomes of that."""
        fell = self.dtr and not on
        self.dtr = on
        if not fell:
            return
        self._commands.clear()  # half a command is no part of the next one
        action = self.settings.dtr_falls
        if action == 1:
            self.escape()
        elif action >= 2 and (self.connected or self._calling()):
            self.hang_up(True)
        if action == 3:
            self._interpreter.reset(0)

    def drop_carrier(self) -> None:
        """The line is cut from outside."""
        if self.line is not None:
            self.line.drop()

    # -- the terminal -----------------------------------------------------------------------------------------------

    def room(self) -> int:
        """How many bytes write() would take: flow control."""
        if self._online and self.line is not None and self._end is not None:
            return self.line.buffer_bytes - self._end.backlog()
        return 256

    def write(self, data: bytes) -> int:
        """Bytes from the terminal; returns how many were taken."""
        if self.deaf or not data:
            return len(data)
        if self._online and self._end is not None:
            taken = self._end.write(data)
            self.meter.up(taken)
            self.on_wire("up", data[:taken])
            registers = self.settings.registers
            self._escape.data(data[:taken], registers[settings.ESCAPE], registers[settings.GUARD] * 20)
            return taken
        self.on_at("up", data)
        for byte in data:
            self._command_byte(byte)
        return len(data)

    def escape(self) -> None:
        """To command state; the call stands."""
        if self._online:
            self._online = False
            self.result(results.OK)

    def _command_byte(self, byte: int) -> None:
        if self.settings.echo:
            self._say(bytes([byte]))
        if self._calling():  # any key ends the attempt
            self.hang_up(True)
            return
        registers = self.settings.registers
        line = self._commands.typed(byte, registers[settings.CR], registers[settings.BACKSPACE])
        if line is None:
            return
        if self.think_ms:
            self._clock.call_later(self.think_ms, lambda: self._run(line))
        else:
            self._run(line)

    def _run(self, line: str) -> None:
        for word in commands(line):
            result = self._interpreter.run(word)
            if result != results.OK:
                if result:
                    self.result(result)
                return
        self.result(results.OK)

    def result(self, text: str) -> None:
        """Says a result, unless Q1 forbids it."""
        if self.settings.quiet:
            return
        text = results.told(text, self.settings.x_level)
        if self.settings.verbose:
            self.text(text)
        else:
            self._say(b"%d%c" % (results.digits(text), self.settings.registers[settings.CR]))

    def text(self, text: str) -> None:
        """Says a line of information."""
        end = bytes(self.settings.registers[each] for each in (settings.CR, settings.LF))
        self._say(end + text.encode() + end)

    def _say(self, data: bytes) -> None:
        if not self.deaf:
            self.on_at("down", data)
            self.on_dte(data)

    # -- calls that it makes ----------------------------------------------------------------------------------------

    def _calling(self) -> bool:
        return self._dialling is not None or self._made is not None

    def dial(self, number: str, pauses: int) -> str:
        """Returns a result, or "" if that comes later. pauses: commas in the number."""
        if self.connected:
            return results.ERROR
        if not self.dialtone:
            return results.NO_DIALTONE
        self._stop_ringing()
        dial_ms = self.dial_ms + pauses * self.settings.registers[settings.COMMA_S] * 1000
        self._dialling = self._clock.call_later(dial_ms, lambda: self._ring(number))
        return ""

    def _ring(self, number: str) -> None:
        self._dialling = None
        if not self.dialtone:  # the plug was pulled while it dialled
            self.result(results.NO_CARRIER)
            return
        patience_ms = self.settings.registers[settings.CARRIER_S] * 1000
        self._dialling = self._clock.call_later(patience_ms, lambda: self._refused(results.NO_ANSWER))
        self._made = Call(self._answered, self._refused)
        self._book.find(number).called(self._made)

    def _refused(self, result: str) -> None:
        self._stop_calling()
        self.result(result)

    def _answered(self) -> LineEnd:
        """The other side has lifted the receiver: its end of the line."""
        self._made = None
        self._stop_calling()
        line = Line(self._clock, self.profile, self._rng)
        self._begin(line, line.a)
        return line.b

    def _stop_calling(self) -> None:
        alarm, call, self._dialling, self._made = self._dialling, self._made, None, None
        if alarm is not None:
            alarm.cancel()
        if call is not None:
            call.give_up()

    # -- calls that it takes ----------------------------------------------------------------------------------------

    def called(self, call: Call) -> None:
        """Somebody calls this modem's number."""
        if self.deaf or not self.dialtone:
            return  # it rings there and nobody hears it
        if self.busy() or self._taken is not None:
            call.refuse(results.BUSY)
            return
        self._taken = call
        call.on_given_up = self._stop_ringing
        self.settings.registers[settings.RINGS] = 0
        self._rings()

    def _rings(self) -> None:
        self._bell = self._clock.call_later(_RING_MS, self._rings)
        self._rang_ms = self._clock.now_ms()
        registers = self.settings.registers
        registers[settings.RINGS] = min(registers[settings.RINGS] + 1, 255)
        self.result(results.RING)
        if self.dtr and 0 < registers[settings.RINGS_TO_ANSWER] <= registers[settings.RINGS]:
            self.answer_call()

    def answer_call(self) -> str:
        """ATA. Returns a result, or "" if it has said that itself."""
        call = self._taken
        if call is None:
            return results.NO_CARRIER
        self._stop_ringing()
        end = call.answer()
        self._begin(end.line, end)
        return ""

    def _stop_ringing(self) -> None:
        self._taken = None
        if self._bell is not None:
            self._bell.cancel()
            self._bell = None

    def _begin(self, line: Line, end: LineEnd) -> None:
        self.line, self._end = line, end
        end.on_receive, end.on_drop, end.on_room = self._from_line, lambda: self.hang_up(True), lambda: self.on_room()
        self._waiting = bytearray()
        self.meter.begin(self.profile.tariff)
        self.on_call(True)
        self.go_online()
        self._escape.begin()

    def go_online(self) -> str:
        """To data state, which is ATO's way too. Returns a result, or "" if it has said that itself."""
        if self._end is None:
            return results.NO_CARRIER
        self.result(results.connected(self._end.other.rate_bps, self.settings.x_level))
        self._online = True
        waiting, self._waiting = bytes(self._waiting), bytearray()
        self._from_line(waiting)
        return ""

    def _from_line(self, data: bytes) -> None:
        if not self._online:  # escaped to command state: what comes waits for ATO
            self._waiting += data[: _WAITING_BYTES - len(self._waiting)]
        elif data:
            self.meter.down(len(data))
            self.on_wire("down", data)
            if not self.deaf:
                self.on_dte(data)

    def hang_up(self, say: bool) -> None:
        """Ends the call, or the attempt at one. say: with NO CARRIER."""
        self._stop_calling()
        self.meter.end()
        line, end, self.line, self._end, self._online = self.line, self._end, None, None, False
        if line is not None and end is not None:
            end.on_drop = lambda: None
            line.drop()
            self.on_call(False)
        if say:
            self.result(results.NO_CARRIER)
        self.on_room()  # who waited for the line may now talk to the modem
