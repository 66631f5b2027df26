"""A world: one clock, one seed, one exchange that all handhelds call. With VirtualClock it is the same every time."""

import random

from nocarrier.queue.limits import QueueLimits
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import Clock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flashimage import ImagedFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.line.profile import Profile
from nocarrier_emulator.modem.modem import USUAL, Modem
from nocarrier_emulator.outside import Outside
from nocarrier_emulator.phonebook import PhoneBook, Service

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
        self.handhelds: dict[str, Handheld] = {}

    def add(self, name: str, limits: QueueLimits | None = None) -> Handheld:
        """A handheld that is switched off, its modem with a number of its own, and an account of the name."""
        if self.outside:
            account = Account("%s@%s" % (name, self.outside.domain), self.outside.passwords[name], "handheld")
        else:
            password = self.rng.randbytes(8).hex()
            self.exchange.add(name, password)
            account = Account("%s@%s" % (name, self.exchange.domain), password, "handheld")
        modem = Modem(self.clock, self.book, self.profile, random.Random(self.rng.getrandbits(64)))
        self.book.numbers[str(_FIRST_OWN + len(self.handhelds))] = modem
        line = LineProfile(self.profile.up_bps, int(self.profile.latency_ms))
        handheld = self.handhelds[name] = Handheld(
            self.clock,
            modem,
            account,
            NUMBER,
            ImagedFlash(),
            self.rng.getrandbits(64),
            line,
            limits,
        )
        return handheld

    def befriend(self, name: str, other: str) -> None:
        """Each is in the other's roster, under a name with a capital; outside they are already."""
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
