"""Kept online: redial with back-off, what is not tried again, hanging up; in virtual time on the real parts."""

from nocarrier.client import Client
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier.session.account import Account
from nocarrier.session.errors import StreamError
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service, Silent
from nocarrier_ports import runner as run
from nocarrier_ports.handset import keys
from nocarrier_ports.links import link as links
from nocarrier_ports.runner import Runner, RunnerLimits

BUSY, DEAD, EXCHANGE = "1", "2", "3"


def handheld(number=EXCHANGE, password="pw", start_ms=0, wired=True):
    clock = VirtualClock()
    clock.run(start_ms)
    exchange = Exchange(clock)
    account = exchange.add("anna", "pw")
    exchange.befriend(account, exchange.add("bert", "pw"), "Anna", "Bert")
    book = PhoneBook({BUSY: Silent("BUSY"), DEAD: Silent("NO CARRIER"), EXCHANGE: Service(exchange.connect)})
    modem = Modem(clock, book)
    device = Handheld(clock, modem, Account(account.jid, password, "r"), number, MemoryFlash(), 1, wired=wired)
    device.exchange = exchange
    device.power_on()
    return device


def bottom(device):
    return device.surface.lines[-1][0]


def test_a_busy_number_is_dialled_again_later_and_later():
    device = handheld(BUSY)
    calls = []
    for _ in range(7_200):
        device.clock.run(1_000)
        if device.runner.meter.calls > len(calls):
            calls.append(device.clock.now_ms())
    assert bottom(device) == "number is busy (BUSY)"
    gaps = [b - a for a, b in zip(calls, calls[1:], strict=False)]
    assert gaps[0] >= 15_000 and max(gaps) >= 120_000 and max(gaps) <= 155_000
    assert gaps == sorted(gaps) or all(gap >= 120_000 for gap in gaps[-5:])


def test_the_devices_clock_may_wrap_while_it_waits_to_call_again():
    """It counts to 2^30: once in twelve days it begins anew, at any moment of a wait between two calls."""

    def gaps(start_ms):
        device = handheld(BUSY, start_ms=start_ms)
        calls = []
        for _ in range(600):
            device.clock.run(1_000)
            if device.runner.meter.calls > len(calls):
                calls.append(device.clock.now_ms())
        return [b - a for a, b in zip(calls, calls[1:], strict=False)]

    for before_ms in (5_000, 20_000, 60_000, 200_000):
        for wrap in (1 << 30, 1 << 29):  # and where a difference would change its sign
            assert gaps(wrap - before_ms) == gaps(0), (before_ms, wrap)


def test_a_login_resets_the_back_off():
    device = handheld()
    device.clock.run(30_000)
    assert device.client.online() and device.runner.meter.logins == 1
    for logins in range(2, 6):
        device.modem.drop_carrier()
        assert device.clock.run(30_000, lambda: device.runner.meter.logins == logins), logins  # noqa: B023


def test_a_lost_carrier_is_called_that_and_not_the_servers_bad_data():
    for moment_ms in range(8_000, 14_000, 500):  # during the login and after it
        device = handheld()
        device.clock.run(moment_ms)
        if not device.modem.connected:
            continue
        device.modem.drop_carrier()
        device.clock.run(100)
        assert bottom(device) == "no carrier", moment_ms
    assert device.runner.meter.logins == 1


def test_without_a_carrier_line_the_modems_words_have_the_server_asked_and_the_call_made_anew():
    for moment_ms in range(30_000, 36_000, 700):
        device = handheld(wired=False)
        device.clock.run(moment_ms)
        assert device.client.online()
        device.modem.drop_carrier()
        device.clock.run(20_000)
        assert not device.client.online(), moment_ms  # stall_ms after the hint, not idle_ms after the last byte
        assert device.clock.run(60_000, lambda: device.runner.meter.logins == 2), moment_ms  # noqa: B023


def test_a_wrong_password_is_not_tried_again_by_itself():
    device = handheld(password="wrong")
    device.clock.run(600_000)
    assert bottom(device) == "wrong name or password"
    assert device.runner.meter.calls == 1 and device.runner.state == run.IDLE and not device.modem.connected


def test_no_dial_tone_and_a_line_that_does_not_train_are_told_and_tried_again():
    device = handheld()
    device.modem.dialtone = False
    device.clock.run(3_000)
    assert bottom(device) == "no dial tone (NO DIALTONE)"
    device.modem.dialtone = True
    device.clock.run(90_000)
    assert device.client.online() and bottom(device) == ""
    device = handheld(DEAD)
    device.clock.run(3_000)
    assert bottom(device) == "no carrier (NO CARRIER)"


def test_a_number_that_nobody_answers():
    device = handheld("999")
    device.clock.run(70_000)
    assert bottom(device).startswith("no answer")


def test_a_modem_that_is_switched_off():
    device = handheld()
    device.power_off()
    device.modem.deaf = True
    device.power_on()
    device.clock.run(20_000)
    assert bottom(device) == "the modem does not answer"
    device.modem.deaf = False
    device.clock.run(60_000)
    assert device.client.online()


def test_the_call_key_hangs_up_and_calls_again_and_the_session_is_resumed():
    device = handheld()
    device.clock.run(30_000)
    device.key(keys.CALL)
    device.clock.run(10_000)
    assert device.runner.state == run.IDLE and not device.modem.connected
    device.clock.run(300_000)
    assert device.runner.state == run.IDLE
    sessions = dict(device.exchange.sessions)
    device.key(keys.CALL)
    device.clock.run(30_000)
    assert device.client.online() and device.exchange.sessions == sessions


def test_the_call_key_does_not_wait_for_the_next_try():
    device = handheld(BUSY)
    device.clock.run(5_000)
    assert device.runner.state == run.WAITING
    device.key(keys.CALL)
    device.clock.run(100)
    assert device.runner.meter.calls == 2 and device.runner.state == run.OPENING


class FlakyLink(links.Link):
    """Takes a byte at a time, and only every other time."""

    def __init__(self):
        self.taken = bytearray()
        self.turn = 0
        self.incoming = b""

    def open(self, now_ms):
        pass

    def ready(self, now_ms):
        return True

    def read_into(self, buf):
        n = min(len(buf), len(self.incoming))
        buf[:n] = self.incoming[:n]
        self.incoming = self.incoming[n:]
        return n

    def write(self, data):
        self.turn += 1
        n = self.turn % 2
        self.taken += data[:n]
        return n

    def close(self):
        pass


def test_where_the_server_cannot_be_asked_the_modems_words_are_taken_as_they_are():
    for answers in (True, False):
        device = handheld()
        link = FlakyLink()
        link.doubtful = lambda: True
        device.client.doubt = lambda now_ms, answers=answers: answers
        runner = Runner(device.client, link, lambda n: bytes(n))
        runner.dial(0)
        runner.step(10)
        assert (runner.state, runner.error is None) == ((run.CONNECTED, True) if answers else (run.WAITING, False))


def test_what_a_link_does_not_take_is_kept_in_order():
    client = Client(
        Account("anna@exchange.test", "pw", "r"), Store(MemoryFlash(), QueueLimits()), LineProfile(), lambda n: bytes(n)
    )
    client.open()
    link = FlakyLink()
    runner = Runner(client, link, lambda n: bytes(n), RunnerLimits(buffer_bytes=32))
    runner.dial(0)
    for step in range(1_000):
        runner.step(step * 10)
    assert bytes(link.taken).startswith(
        b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='exchange.test'"
    )
    assert runner.meter.bytes_up == len(link.taken)


def test_a_server_that_says_why_and_hangs_up_at_once_is_not_called_again():
    class Talkative(FlakyLink):
        """Its last words and its end come in one read."""

        calls = 0

        def open(self, now_ms):
            self.calls += 1
            self.incoming = (
                b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
                b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
            )

        def read_into(self, buf):
            n = super().read_into(buf)
            if n == 0:
                raise links.NoCarrier()
            return n

    client = Client(
        Account("anna@elsewhere.test", "pw", "r"),
        Store(MemoryFlash(), QueueLimits()),
        LineProfile(),
        lambda n: bytes(n),
    )
    client.open()
    link = Talkative()
    runner = Runner(client, link, lambda n: bytes(n))
    runner.dial(0)
    for step in range(10_000):
        runner.step(step * 100)
    assert link.calls == 1 and runner.error.condition == "host-unknown" and runner.state == run.IDLE


class Redirecting(FlakyLink):
    """A server that sends everybody away, with the same words or some in turn, by a link that can go elsewhere.

    bindings: of its verified TLS, or None.
    """

    def __init__(self, words, bindings=None, can=True):
        super().__init__()
        self.words = words if isinstance(words, tuple) else (words,)
        self.bindings = bindings
        self.can = can
        self.calls = 0
        self.to = []

    def open(self, now_ms):
        self.incoming = (
            b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
            b"<stream:error>%s</stream:error>" % self.words[self.calls % len(self.words)]
        )
        self.calls += 1

    def tls(self):
        return self.bindings

    def redirect(self, address):
        self.to.append(address)
        return self.can


def called(link, trusted=False, limits=None, steps=10_000):
    """A device on this link for some time, in steps of a tenth of a second. Returns (runner, times of calls)."""
    store = Store(MemoryFlash(), QueueLimits())
    client = Client(Account("anna@elsewhere.test", "pw", "r"), store, LineProfile(trusted=trusted), lambda n: bytes(n))
    client.open()
    runner = Runner(client, link, lambda n: bytes(n), limits)
    runner.dial(0)
    calls = []
    for step in range(steps):
        runner.step(step * 100)
        if link.calls > len(calls):
            calls.append(step * 100)
    return runner, calls


ELSEWHERE = b"<see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>b.test:5223</see-other-host>"


def test_another_host_is_called_when_the_server_has_shown_who_it_is_or_nobody_listens():
    for bindings, trusted in (({}, False), (None, True)):
        link = Redirecting(ELSEWHERE, bindings)
        runner, calls = called(link, trusted)
        assert link.to == ["b.test:5223"] * 2 and len(calls) == 3  # and not for ever
        assert runner.state == run.IDLE and runner.error.condition == "see-other-host"
        runner.dial(0)  # the user wants it once more
        for step in range(1_000):
            runner.step(step * 100)
        assert len(link.to) == 4
    for link in (Redirecting(ELSEWHERE), Redirecting(ELSEWHERE, {}, can=False)):
        runner, calls = called(link)
        assert len(calls) == 1 and runner.state == run.IDLE
        assert link.to == ([] if link.bindings is None else ["b.test:5223"])


CONFLICT = b"<conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"


def test_a_line_that_fails_while_it_is_hung_up_changes_neither_the_reason_nor_the_patience():
    link = FlakyLink()
    device = handheld()
    runner = Runner(device.client, link, lambda n: bytes(n))
    runner.dial(0)
    runner.step(0)
    turns = []

    def closing(now_ms):
        turns.append(now_ms)
        if len(turns) > 1:
            raise links.NoCarrier
        return True

    link.closing = closing
    device.client.fault = StreamError("policy-violation")
    for now_ms in range(0, 130_000, 1_000):
        runner.step(now_ms)
        if runner.state == run.OPENING or runner.meter.calls > 1:
            break
    assert len(turns) == 2 and now_ms >= 120_000 and "policy-violation" in str(runner.error)


def test_an_address_that_was_taken_away_is_taken_back_but_not_for_ever():
    runner, calls = called(Redirecting(CONFLICT))
    assert len(calls) == 3 and runner.state == run.IDLE and runner.error.condition == "conflict"
    runner.dial(0)  # the user wants it once more
    for step in range(1_000):
        runner.step(step * 100)
    assert runner.meter.calls == 6 and runner.state == run.IDLE


def test_conflicts_that_are_not_in_a_row_stop_nobody():
    """Each is our own last connection, whose bytes came late."""
    reset = b"<reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
    _, calls = called(Redirecting((CONFLICT, CONFLICT, reset)))
    assert len(calls) > 6


def test_a_server_that_goes_down_is_left_in_peace_for_a_while():
    shutdown = b"<system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
    _, calls = called(Redirecting(shutdown))
    gaps = [b - a for a, b in zip(calls, calls[1:], strict=False)]
    assert gaps[0] >= 30_000 and max(gaps) <= 160_000 and len(calls) > 4


def test_calls_that_are_paid_for_are_fewer():
    reset = b"<reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
    cheap, dear = (called(Redirecting(reset), limits=RunnerLimits(billed_ms=ms))[1] for ms in (0, 60_000))
    gaps = [b - a for a, b in zip(dear, dear[1:], strict=False)]
    assert gaps[0] >= 60_000 and len(dear) < len(cheap) / 2
    assert max(gaps) <= 600_000 * 1.25 + 200
