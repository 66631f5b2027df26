"""Modules for GSM and LTE that hand over data in portions: several connections, lines that come at any time, faults."""

import random

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.gsm.faults import Faults
from nocarrier_emulator.gsm.modules import MODULES
from nocarrier_emulator.handheld import ModemStream
from nocarrier_emulator.phonebook import Echo
from nocarrier_emulator.scriptedport import ScriptedPort
from nocarrier_ports.links import atsocket
from nocarrier_ports.links import link as links
from nocarrier_ports.links.atmodem import AtModem
from nocarrier_ports.links.atsocket import AtSocket
from nocarrier_ports.links.bringup import Access
from nocarrier_ports.links.dialprofile import DialProfile
from nocarrier_ports.links.socketprofile import PROFILES
from nocarrier_ports.links.stream import StreamLink

ACCESS = Access("internet", "anna", "wonder", "1234")
STEP_MS = 20


class Bench:
    """A module with any number of links on it."""

    def __init__(self, name, faults=None, sockets=1, pieces=0, access=ACCESS):
        self.clock = VirtualClock()
        self.echo = Echo()
        self.unasked = []
        self.module = MODULES[name](self.clock, self._find, faults)
        stream = ModemStream(self.module, lambda: None, pieces)
        port = StreamLink(stream)
        self.modem = AtModem(port, PROFILES[name](), access, sockets, self.unasked.append)
        self.sockets = [AtSocket(self.modem, "jabber.test:5222") for _ in range(sockets)]

    def _find(self, host, port):
        return self.echo if (host, port) == ("jabber.test", 5222) else None

    def call(self, for_ms=400_000, sockets=None):
        """Opens the links; True if all stand in that time."""
        waiting = list(self.sockets if sockets is None else sockets)
        for socket in waiting:
            socket.open(self.clock.ticks_ms())
        end_ms = self.clock.now_ms() + for_ms
        while waiting and self.clock.now_ms() < end_ms:
            waiting = [socket for socket in waiting if not socket.ready(self.clock.ticks_ms())]
            self.clock.run(STEP_MS)
        return not waiting

    def talk(self, messages, for_ms=60_000):
        """Each link says its own; returns what each has heard when all is there, or the time is over."""
        left, got, buf = list(messages), [b""] * len(messages), bytearray(100)
        end_ms = self.clock.now_ms() + for_ms
        while self.clock.now_ms() < end_ms and got != list(messages):
            for i, socket in enumerate(self.sockets[: len(left)]):
                socket.poll(self.clock.ticks_ms())
                left[i] = left[i][socket.write(left[i]) :]
                while n := socket.read_into(buf):
                    got[i] += buf[:n]
            self.clock.run(STEP_MS)
        return got

    def hang_up(self, socket):
        end_ms = self.clock.now_ms() + 30_000
        while socket.closing(self.clock.ticks_ms()):
            assert self.clock.now_ms() < end_ms
            self.clock.run(STEP_MS)
        socket.close()


@pytest.fixture(params=list(MODULES))
def name(request):
    return request.param


PAYLOAD = b"<message>+++\r\nOK\r\nERROR\r\n> 0, CLOSED\r\n+CIPRXGET: 1,0\r\n" + bytes(range(256)) * 12 + b"</message>"


def test_any_bytes_pass_and_a_second_call_needs_no_new_network(name):
    bench = Bench(name)
    assert bench.call() and bench.talk([PAYLOAD]) == [PAYLOAD]
    assert bench.modem.signal_dbm == -79 and bench.module.apn == "internet"
    bench.hang_up(bench.sockets[0])
    assert not bench.module.sockets
    commands = len(bench.module.heard)
    assert bench.call() and bench.talk([b"<x/>"]) == [b"<x/>"]
    assert len(bench.module.heard) - commands < 12 and bench.module.heard.count("+CPIN?") == 1


def test_several_connections_at_once_get_their_own(name):
    bench = Bench(name, sockets=3)
    assert bench.call()
    messages = [bytes([65 + i]) * 3_000 for i in range(3)]
    assert bench.talk(messages) == messages
    bench.hang_up(bench.sockets[1])
    assert bench.talk([b"a" * 700]) == [b"a" * 700]
    other = AtSocket(bench.modem, "jabber.test:5222")
    bench.sockets[1] = other
    assert bench.call(sockets=[other]) and other.number == 1
    with pytest.raises(links.NetError, match="free"):
        AtSocket(bench.modem, "jabber.test:5222").open(0)


def test_lines_that_come_unasked_between_all_others_and_in_any_pieces(name):
    lines = [b"RING", b"+CREG: 1", b'+CMTI: "SM",3', b"*PSUTTZ: 1", b"Call Ready", b"+CSQ: 31,0", b"1, CLOSED"]
    for pieces in (0, 1, 3):
        bench = Bench(name, Faults("SIM PIN", unasked=lines), sockets=2, pieces=pieces)
        # What names a connection that is not there means nothing; of the others the user may want to hear.
        assert bench.call(sockets=bench.sockets[:1])
        assert bench.talk([PAYLOAD]) == [PAYLOAD], pieces
        assert b'+CMTI: "SM",3' in bench.unasked


def test_the_signal_is_asked_for_now_and_then_while_the_connection_stands(name):
    bench = Bench(name)
    assert bench.call()
    bench.module.faults.rssi = 5
    bench.talk([b""], 0)
    for _ in range(4_000):
        bench.sockets[0].poll(bench.clock.ticks_ms())
        bench.clock.run(STEP_MS)
    assert bench.modem.signal_dbm == -103
    bench.module.faults.rssi = 99
    for _ in range(4_000):
        bench.sockets[0].poll(bench.clock.ticks_ms())
        bench.clock.run(STEP_MS)
    assert bench.modem.signal_dbm is None


def test_data_that_comes_while_the_module_is_read_brings_no_new_line_and_is_read(name):
    bench = Bench(name)
    assert bench.call()
    got, buf = b"", bytearray(64)
    for turn in range(4_000):
        if turn < 1_000 and turn % 33 == 0:
            assert bench.echo.ends[0].write(b"%04d" % turn + b"x" * 86) == 90
        bench.sockets[0].poll(bench.clock.ticks_ms())
        got += buf[: bench.sockets[0].read_into(buf)]
        bench.clock.run(5)
    assert got == b"".join(b"%04d" % turn + b"x" * 86 for turn in range(0, 1_000, 33))


def test_a_line_that_got_lost_is_made_up_for_by_asking(name):
    bench = Bench(name)
    assert bench.call()
    bench.module.say_arrived = lambda socket: None
    sent_ms = bench.clock.now_ms()
    assert bench.talk([b"<x/>"]) == [b"<x/>"] and bench.clock.now_ms() - sent_ms < 14_000


def test_a_module_without_room_is_asked_again_and_nothing_is_lost(name):
    bench = Bench(name, Faults(reject=7))
    assert bench.call() and bench.talk([PAYLOAD]) == [PAYLOAD]
    assert bench.module.faults.reject == 0
    bench.module.faults.reject = 1_000_000
    with pytest.raises(links.NoCarrier, match="takes nothing"):
        bench.talk([b"<x/>"], 90_000)


@pytest.mark.parametrize("write", [True, False])
def test_the_other_sides_end_is_told(name, write):
    bench = Bench(name)
    assert bench.call() and bench.talk([b"<x/>"]) == [b"<x/>"]
    bench.echo.ends[0].line.drop()
    if not write:
        bench.sockets[0].write = lambda data: 0
    with pytest.raises(links.NoCarrier, match="other side"):
        bench.talk([b"<y/>" if write else b"\0"], 5_000)
    bench.sockets[0].close()
    bench.sockets = [AtSocket(bench.modem, "jabber.test:5222")]
    assert bench.call() and bench.talk([b"<y/>"]) == [b"<y/>"]


def test_a_network_that_goes_ends_all_and_is_brought_up_again(name):
    bench = Bench(name, sockets=2)
    assert bench.call()
    bench.module.drop_network()
    for socket in bench.sockets:
        with pytest.raises(links.NoCarrier):
            for _ in range(100):
                socket.poll(bench.clock.ticks_ms())
                socket.read_into(bytearray(64))
                bench.clock.run(STEP_MS)
        socket.close()
    assert bench.call() and bench.talk([b"a", b"b"]) == [b"a", b"b"]


def test_a_module_that_starts_anew(name):
    bench = Bench(name)
    assert bench.call()
    bench.module.power_cycle()
    bench.module.on_dte(b"\r\nRDY\r\n\r\n+CPIN: READY\r\n")
    with pytest.raises(links.NoCarrier, match="restarted"):
        bench.talk([b"<x/>"], 2_000)
    bench.sockets[0].close()
    assert bench.call() and bench.talk([b"<x/>"]) == [b"<x/>"]


OPEN = {"sim800": "+CIPSTART", "sim7600": "+CIPOPEN", "quectel": "+QIOPEN"}
SEND = {"sim800": "+CIPSEND", "sim7600": "+CIPSEND", "quectel": "+QISEND"}


@pytest.mark.parametrize("connect", ["FAIL", "ERROR", "BUSY"])
def test_an_address_that_cannot_be_had(name, connect):
    bench = Bench(name, Faults(connect=connect))
    with pytest.raises(links.NetError):
        bench.call()
    bench.hang_up(bench.sockets[0])
    bench.module.faults.connect = "OK"
    if connect == "BUSY":
        bench.module.power_cycle()
        bench.modem.detach(bench.sockets[0])
    for _ in range(2):  # the first call finds out if the module has forgotten all
        try:
            assert bench.call() and bench.talk([b"<x/>"]) == [b"<x/>"]
            break
        except links.LinkError:
            bench.sockets[0].close()
    assert bench.talk([b"<y/>"]) == [b"<y/>"]


@pytest.mark.parametrize("what", [OPEN, SEND], ids=["open", "send"])
def test_a_command_that_is_never_answered_ends_all_in_time(name, what):
    bench = Bench(name, Faults(silent={what[name]}))
    with pytest.raises((links.Timeout, links.NetError)):
        assert bench.call()
        bench.talk([b"<x/>"], 90_000)
    bench.sockets[0].close()
    bench.module.faults.silent = set()
    bench.module.power_cycle()
    assert bench.call() and bench.talk([b"<x/>"]) == [b"<x/>"]


def test_a_module_that_is_still_in_somebodys_transparent_connection_is_called_back(name):
    bench = Bench(name)
    bench.module.in_data = True
    bench.module.attached = True
    socket = bench.module.open_socket(0, "jabber.test", 5222)
    socket.raw = True
    bench.module.stream = socket
    assert bench.call() and bench.talk([b"<x/>"]) == [b"<x/>"]


def test_the_server_may_send_us_elsewhere_once(name):
    bench = Bench(name)
    socket = bench.sockets[0]
    assert socket.redirect("nowhere.test")
    socket.close()  # as the runner does in between
    with pytest.raises(links.NetError):
        bench.call()
    assert socket.address == "nowhere.test:5222"
    bench.hang_up(socket)
    assert bench.call() and socket.address == "jabber.test:5222"
    for address in ('x","1"\r\nATD112;\r:5222', "x:0", ":5222", "a b", "x:5222;", "x" * 256):
        assert not socket.redirect(address)


def test_one_that_is_refused_or_leaves_in_the_middle_of_a_command_does_not_disturb_the_others(name):
    bench = Bench(name, sockets=2)
    one, other = bench.sockets
    other.address = other._home = "nowhere.test:5222"
    assert bench.call(sockets=[one])
    for _ in range(5):
        other.open(bench.clock.ticks_ms())
        with pytest.raises(links.NetError):
            for _ in range(200):
                other.ready(bench.clock.ticks_ms())
                bench.clock.run(STEP_MS)
        other.close()  # at once, as the runner does
        assert bench.talk([PAYLOAD]) == [PAYLOAD]
    other.address = other._home = "jabber.test:5222"
    for for_ms in range(0, 2_000, 130):  # it leaves at any moment of what it does
        bench.call(for_ms, [other])
        if other.state == atsocket.OPEN:
            other.write(b"x" * 600)
            other.poll(bench.clock.ticks_ms())
        other.close()
        assert bench.talk([b"<x/>"]) == [b"<x/>"]
    assert bench.call(sockets=[other]) and bench.talk([b"a", b"b"]) == [b"a", b"b"]


def test_connections_that_fail_and_are_forgotten_leave_their_place_to_others(name):
    bench = Bench(name, sockets=2)
    assert bench.call(sockets=bench.sockets[:1])
    for turn in range(12):
        other = AtSocket(bench.modem, "nowhere.test:5222" if turn % 2 else "jabber.test:5222")
        other.open(bench.clock.ticks_ms())
        if turn % 2:
            with pytest.raises(links.NetError):
                for _ in range(200):
                    other.ready(bench.clock.ticks_ms())
                    bench.clock.run(STEP_MS)
        else:
            for _ in range(5 * turn):  # it leaves while it is opened, or stands
                other.ready(bench.clock.ticks_ms())
                bench.clock.run(STEP_MS)
        other.close()
        assert bench.talk([b"<x/>"]) == [b"<x/>"]
        bench.clock.run(2_000)
        bench.sockets[0].poll(bench.clock.ticks_ms())


def by_hand(connections=2):
    """A SIM7600 that a test plays; returns (port, modem, a link that stands, another that is being opened)."""
    port, profile = ScriptedPort(), PROFILES["sim7600"]()
    profile.bring_up = DialProfile(init=())
    modem = AtModem(port, profile, None, connections)
    one, other = AtSocket(modem, "a.test:1"), AtSocket(modem, "b.test:2")
    one.open(0)
    one.ready(1)
    port.says(b"\r\nOK\r\n\r\n+CIPOPEN: 0,0\r\n")
    assert one.ready(2)
    port.says(b"\r\n+CSQ: 9,0\r\n\r\nOK\r\n")
    one.poll(3)
    port.heard()
    other.open(4)
    other.ready(5)
    assert port.heard() == b'AT+CIPOPEN=1,"TCP","b.test",2\r'
    return port, modem, one, other


def test_the_next_command_waits_for_the_last_word_of_the_one_before():
    port, _, one, other = by_hand()
    port.says(b"\r\n+CIPOPEN: 1,4\r\n")
    with pytest.raises(links.NetError):
        other.ready(6)
    one.write(b"<x/>")
    assert port.heard() == b""  # or the ERROR that follows would be taken for this one's answer
    port.says(b"\r\nERROR\r\n")
    one.poll(7)
    assert port.heard() == b"AT+CIPSEND=0,4\r"


def test_one_that_is_closed_while_it_sends_is_waited_for_for_a_moment_only():
    for last_word in (b"\r\nERROR\r\n", b""):
        port, _, one, other = by_hand()
        port.says(b"\r\nOK\r\n\r\n+CIPOPEN: 1,0\r\n")
        assert other.ready(6)
        other.write(b"<x/>")
        assert port.heard() == b"AT+CIPSEND=1,4\r"
        port.says(b"\r\n+IPCLOSE: 1,1\r\n")
        with pytest.raises(links.NoCarrier):
            other.poll(7)
            other.read_into(bytearray(9))
        one.write(b"<y/>")
        assert port.heard() == b""
        port.says(last_word)
        one.poll(8 if last_word else 2_000)
        assert port.heard() == b"AT+CIPSEND=0,4\r"
        assert one.closing(2_001) and other.closing(2_001) is False


def test_one_that_left_before_it_was_refused_leaves_its_place():
    port, modem, one, other = by_hand()
    other.close()
    port.says(b"\r\n+CIPOPEN: 1,4\r\n\r\nERROR\r\n")
    one.poll(6)
    third = AtSocket(modem, "c.test:3")
    third.open(7)
    third.ready(8)
    assert third.number == 1 and port.heard() == b"AT+CIPCLOSE=1\r"  # a number that has failed is closed first
    port.says(b"\r\nOK\r\n")
    third.ready(9)
    assert port.heard() == b'AT+CIPOPEN=1,"TCP","c.test",3\r'


def test_one_that_is_opened_again_at_once_takes_nothing_of_its_former_life_for_its_own():
    port, _, _, other = by_hand()
    other.close()
    other.open(6)
    port.says(b"\r\n+CIPOPEN: 1,4\r\n\r\nERROR\r\n")
    assert not other.ready(7) and port.heard() == b"AT+CIPCLOSE=1\r"
    port.says(b"\r\nOK\r\n")
    assert not other.ready(8)
    port.says(b"\r\nOK\r\n\r\n+CIPOPEN: 1,0\r\n")
    assert other.ready(9)


def test_hanging_up_while_the_network_is_looked_for_leaves_nothing_behind(name):
    bench = Bench(name, Faults(registration=[2]))
    assert not bench.call(20_000)
    bench.hang_up(bench.sockets[0])
    bench.clock.run(600_000)
    bench.module.faults.registration = [1]
    assert bench.call() and bench.talk([b"<x/>"]) == [b"<x/>"]
    bench.module.power_cycle()
    bench.module.on_dte(b"\r\nRDY\r\n")
    bench.sockets[0].poll(bench.clock.ticks_ms())
    assert not bench.sockets[0].closing(bench.clock.ticks_ms())


def test_a_line_that_looks_like_a_prompt_has_the_data_sent_only_once(name):
    bench = Bench(name)
    assert bench.call() and bench.talk([b"<x/>"]) == [b"<x/>"]
    asked = bench.module.ask

    def twice(size, action):
        asked(size, action)
        bench.module.on_dte(b"\r\n> hi, says a short message\r\n")
        return ""

    bench.module.ask = twice
    assert bench.talk([b"<message/>"]) == [b"<message/>"]


def test_random_faults_end_in_the_right_bytes_or_in_a_typed_failure(name):
    stood = 0
    for seed in range(40):
        rng = random.Random(seed)
        faults = Faults(
            rng.choice(["READY", "SIM PIN"]),
            rng.randrange(3),
            registration=[rng.randrange(6) for _ in range(3)] + [1],
            unasked=rng.sample([b"RING", b"+CREG: 1", b"NO CARRIER", b"+CSQ: 3,0"], rng.randrange(3)),
            failing=set(rng.sample(["+CMEE", OPEN[name], SEND[name]], rng.choice([0, 0, 1]))),
            connect=rng.choice(["OK", "OK", "FAIL"]),
            reject=rng.randrange(3),
        )
        bench = Bench(name, faults, pieces=rng.choice([0, 1, 7]))
        drop = rng.random() < 0.3
        try:
            assert bench.call(), "seed %d" % seed
            if drop:
                bench.clock.call_later(rng.randrange(3_000), lambda bench=bench: bench.echo.ends[0].line.drop())
            assert bench.talk([PAYLOAD]) == [PAYLOAD], "seed %d" % seed
            stood += 1
        except links.LinkError as error:
            assert error.retry_ms is not None and "wonder" not in str(error), "seed %d" % seed
    assert stood > 10
