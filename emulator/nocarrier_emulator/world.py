"""A world: one clock, one seed, one exchange that all handhelds call. With VirtualClock it is the same every time."""

import random

from nocarrier.queue.limits import QueueLimits
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import Clock, ScaledClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flashimage import ImagedFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.hardware import Hardware
from nocarrier_emulator.line.profile import Profile
from nocarrier_emulator.modem.modem import USUAL, Modem
from nocarrier_emulator.outside import Outside
from nocarrier_emulator.phonebook import PhoneBook, Service
from nocarrier_emulator.remotehandheld import Program, RemoteHandheld

NUMBER = "5552368"  # the exchange's
_FIRST_OWN = 100  # numbers of the handhelds themselves count from here


class World:
    """profile: of the lines that are laid from now on. rng: everything random comes from it, or from one that it made.

    handhelds: by name, in the order in which they came. outside: see Outside; then nobody calls the exchange.
    """

    def __init__(self, clock: Clock, seed: int, profile: Profile = USUAL, outside: Outside | None = None) -> None:
        self.clock = clock
        self.profile = profile
        self.outside = outside
        self.rng = random.Random(seed)
        self.exchange = Exchange(clock, seed=self.rng.getrandbits(64))
        self.book = PhoneBook({NUMBER: outside.subscriber if outside else Service(self.exchange.connect)})
        self.handhelds: dict[str, Hardware] = {}

    def add(self, name: str, limits: QueueLimits | None = None) -> Handheld:
        """A handheld that is switched off, its modem with a number of its own, and an account of the name."""
        account, modem, line = self._account(name), self._modem(), self._line()
        seed = self.rng.getrandbits(64)
        handheld = Handheld(self.clock, modem, account, NUMBER, ImagedFlash(), seed, line, limits)
        self.handhelds[name] = handheld
        return handheld

    def add_process(self, name: str, program: Program, limits: QueueLimits | None = None) -> RemoteHandheld:
        """The same, but that its program runs in a process; the world's time is real then, or a multiple of it."""
        assert isinstance(self.clock, ScaledClock)
        account, modem, line = self._account(name), self._modem(), self._line()
        self.rng.getrandbits(64)  # what comes after it is as if it ran here
        handheld = RemoteHandheld(self.clock, modem, account, NUMBER, program, line, limits or QueueLimits())
        self.handhelds[name] = handheld
        return handheld

    async def close(self) -> None:
        """Switches all off, and ends what runs elsewhere."""
        for handheld in self.handhelds.values():
            handheld.power_off()
            if isinstance(handheld, RemoteHandheld):
                await handheld.close()

    def _account(self, name: str) -> Account:
        if self.outside:
            return Account("%s@%s" % (name, self.outside.domain), self.outside.passwords[name], "handheld")
        password = self.rng.randbytes(8).hex()
        self.exchange.add(name, password)
        return Account("%s@%s" % (name, self.exchange.domain), password, "handheld")

    def _modem(self) -> Modem:
        modem = Modem(self.clock, self.book, self.profile, random.Random(self.rng.getrandbits(64)))
        self.book.numbers[str(_FIRST_OWN + len(self.handhelds))] = modem
        return modem

    def _line(self) -> LineProfile:
        return LineProfile(self.profile.up_bps, int(self.profile.latency_ms))

    def befriend(self, name: str, other: str) -> None:
        """Each is in the other's roster, under a name with a capital; outside they are already."""
        for each, peer in ((name, other), (other, name)):
            self.handhelds[each].peers.add(self.handhelds[peer].account.jid)
        if self.outside:
            return
        a, b = (self.exchange.account(self.handhelds[each].account.jid) for each in (name, other))
        assert a is not None and b is not None
        self.exchange.befriend(a, b, name.capitalize(), other.capitalize())

    def befriend_all(self) -> None:
        """Everybody with everybody."""
        names = list(self.handhelds)
        for i, name in enumerate(names):
            for other in names[:i]:
                self.befriend(name, other)

    def restart(self, keep_sessions: bool) -> None:
        """Of the exchange, or of the server in its place, which knows itself what it keeps; not if that is others'."""
        if self.outside is None:
            self.exchange.restart(keep_sessions)
        elif self.outside.restart is not None:
            self.outside.restart()
