"""PPP behind a modem: brought up, taken down in order, made anew for each call, and never trusted with a dead line."""

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.fakeppp import FakePPP
from nocarrier_emulator.handheld import ModemStream
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Subscriber
from nocarrier_ports.links import link as links
from nocarrier_ports.links.dialler import Dialler, DialProfile
from nocarrier_ports.links.ppp import PppLink
from nocarrier_ports.links.stream import StreamLink

STEP_MS = 50


class Net(links.Link):
    """A link through PPP, which tells whether it is used in order."""

    def __init__(self, bench):
        self.bench = bench
        self.opened = 0
        self.fails = None

    def open(self, now_ms):
        assert self.bench.ppps[-1].isconnected()
        self.opened += 1

    def ready(self, now_ms):
        if self.fails is not None:
            raise self.fails
        return True

    def read_into(self, buf):
        buf[:2] = b"hi"
        return 2

    def write(self, data):
        return len(data)

    def close(self):
        self.bench.log.append("net closed")


class Bench:
    def __init__(self, wired=True, user="", key="", pap=False, **options):
        self.clock = VirtualClock()
        self.modem = Modem(self.clock, PhoneBook({"99": Subscriber()}))
        self.log = []
        self.ppps = []
        self.options = options
        stream = ModemStream(self.modem, lambda: None)
        port = StreamLink(stream, self.modem.set_dtr if wired else None, (lambda: self.modem.dcd) if wired else None)
        self.net = Net(self)
        self.link = PppLink(Dialler(port, "*99#", DialProfile()), stream, self.net, self._make, user, key, pap)

    def _make(self, stream):
        assert not [ppp for ppp in self.ppps if ppp.isconnected()]
        ppp = FakePPP(stream, self.clock.now_ms, **self.options)
        ended = ppp.disconnect
        ppp.disconnect = lambda: (self.log.append("ppp told"), ended())
        self.ppps.append(ppp)
        return ppp

    def run(self, step, for_ms=60_000):
        end_ms = self.clock.now_ms() + for_ms
        while self.clock.now_ms() < end_ms:
            if step(self.clock.ticks_ms()):
                return True
            self.clock.run(STEP_MS)
        return False

    def call(self):
        self.link.open(self.clock.ticks_ms())
        return self.run(self.link.ready)

    def hang_up(self):
        assert self.run(lambda now_ms: not self.link.closing(now_ms))
        self.link.close()


@pytest.mark.parametrize("wired", [True, False])
def test_call_after_call_each_with_a_ppp_of_its_own(wired):
    bench = Bench(wired)
    for calls in (1, 2, 3):
        assert bench.call() and bench.net.opened == calls == len(bench.ppps)
        buf = bytearray(8)
        assert bench.link.read_into(buf) == 2 and bench.link.write(b"abc") == 3
        bench.link.poll(bench.clock.ticks_ms())
        told_ms = bench.clock.now_ms()
        del bench.log[:]
        bench.hang_up()
        assert bench.log[:2] == ["net closed", "ppp told"] and not bench.modem.connected
        assert 800 <= bench.clock.now_ms() - told_ms and not bench.ppps[-1].isconnected()
        assert bench.ppps[-1].stream is None  # or it would read the modem's answers


def test_a_ppp_that_does_not_fall_is_waited_for_five_seconds():
    bench = Bench(down_ms=1e9)
    assert bench.call()
    began_ms = bench.clock.now_ms()
    assert bench.run(lambda now_ms: not bench.link.closing(now_ms))
    assert 5_000 <= bench.clock.now_ms() - began_ms < 7_000 and not bench.modem.connected


@pytest.mark.parametrize("pap, security", [(False, FakePPP.SEC_CHAP), (True, FakePPP.SEC_PAP)], ids=["chap", "pap"])
def test_what_the_provider_wants_to_know(pap, security):
    assert Bench(user="anna", key="wonder", pap=pap, wants=(security, "anna", "wonder")).call()
    bench = Bench(user="anna", key="wrong", pap=pap, wants=(security, "anna", "wonder"))
    with pytest.raises(links.NetError, match="no address") as caught:
        bench.call()
    assert "wrong" not in str(caught.value) and 30_000 <= bench.clock.now_ms() < 45_000
    bench.hang_up()
    assert not bench.modem.connected


def test_a_line_that_drops_is_told_at_once_where_the_carrier_is_wired():
    bench = Bench()
    assert bench.call()
    bench.modem.drop_carrier()
    with pytest.raises(links.NoCarrier):
        bench.link.poll(bench.clock.ticks_ms())
    bench.link.close()
    assert bench.ppps[-1].stream is None
    bench.clock.run(2_000)
    assert bench.call()


def test_without_a_carrier_ppps_own_word_counts_and_its_silence_does_not():
    bench = Bench(wired=False)
    assert bench.call()
    bench.modem.drop_carrier()
    bench.link.poll(bench.clock.ticks_ms())  # it has not noticed; the session's rule will
    assert bench.link.carrier() is None
    bench.ppps[-1].lost = True
    with pytest.raises(links.NoCarrier):
        bench.link.poll(bench.clock.ticks_ms())
    bench.link.close()
    assert bench.call()


def test_a_line_that_drops_while_ppp_negotiates_and_a_server_that_cannot_be_had():
    bench = Bench(never=True)
    bench.link.open(0)
    assert bench.run(lambda now_ms: bench.link.ready(now_ms) or bench.ppps)
    bench.modem.drop_carrier()
    with pytest.raises(links.NoCarrier):
        bench.run(bench.link.ready)
    bench.link.close()
    bench = Bench()
    bench.net.fails = links.NetError("refused")
    with pytest.raises(links.NetError, match="refused"):
        bench.call()
    bench.link.close()
    assert bench.log == ["net closed", "ppp told"]
    bench.net.fails = None
    assert bench.call()


def test_a_call_that_is_not_taken_makes_no_ppp_and_hanging_up_early_waits_for_nothing_else():
    bench = Bench()
    bench.modem.dialtone = False
    with pytest.raises(links.NoDialtone):
        bench.call()
    assert not bench.ppps
    bench.link.close()
    bench.modem.dialtone = True
    bench.link.open(bench.clock.ticks_ms())
    assert not bench.run(bench.link.ready, 300) and bench.link.status() == "dialling"
    bench.hang_up()
    assert not bench.ppps and bench.link.status() == ""
