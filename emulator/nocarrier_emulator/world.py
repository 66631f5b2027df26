"""A world: one clock, one seed, one exchange that all handhelds call. With VirtualClock it is the same every time."""

import random

from nocarrier.queue.limits import QueueLimits
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import Clock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.line.profile import Profile
from nocarrier_emulator.modem.modem import USUAL, Modem
from nocarrier_emulator.phonebook import PhoneBook, Service

NUMBER = "5552368"  # the exchange's
_FIRST_OWN = 100  # numbers of the handhelds themselves count from here


class World:
    """profile: of the lines that are laid from now on. rng: everything random comes from it, or from one that it made.

    handhelds: by name, in the order in which they came.
    """

    def __init__(self, clock: Clock, seed: int, profile: Profile = USUAL) -> None:
        self.clock = clock
        self.profile = profile
        self.rng = random.Random(seed)
        self.exchange = Exchange(clock, seed=self.rng.getrandbits(64))
        self.book = PhoneBook({NUMBER: Service(self.exchange.connect)})
        self.handhelds: dict[str, Handheld] = {}

    def add(self, name: str, limits: QueueLimits | None = None) -> Handheld:
        """A handheld that is switched off, its modem with a number of its own, and an account of the name."""
        password = self.rng.randbytes(8).hex()
        account = self.exchange.add(name, password)
        modem = Modem(self.clock, self.book, self.profile, random.Random(self.rng.getrandbits(64)))
        self.book.numbers[str(_FIRST_OWN + len(self.handhelds))] = modem
        line = LineProfile(self.profile.up_bps, int(self.profile.latency_ms))
        handheld = self.handhelds[name] = Handheld(
            self.clock,
            modem,
            Account(account.jid, password, "handheld"),
            NUMBER,
            MemoryFlash(),
            self.rng.getrandbits(64),
            line,
            limits,
        )
        return handheld

    def befriend(self, name: str, other: str) -> None:
        """Each is in the other's roster, under a name with a capital."""
        a, b = (self.exchange.account(self.handhelds[each].account.jid) for each in (name, other))
        assert a is not None and b is not None
        self.exchange.befriend(a, b, name.capitalize(), other.capitalize())
