"""A terminal server behind the modem: login, password, connect; what does not fit is told, and never what was sent."""

import pytest

from nocarrier.errors import UsageError
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.handheld import ModemStream
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Subscriber
from nocarrier_emulator.scriptedport import ScriptedPort
from nocarrier_emulator.terminalserver import TerminalServer
from nocarrier_ports.links import link as links
from nocarrier_ports.links.dialler import Dialler, DialProfile
from nocarrier_ports.links.loginscript import LoginScript
from nocarrier_ports.links.stream import StreamLink

SCRIPT = (("login: ", "anna"), ("assword: ", "s3cret"), ("> ", "connect jabber"), ("Open\r\n", ""))
PROFILE = DialProfile(init=("E0V1",))


class Host(Subscriber):
    """Says its greeting at once, and keeps what it hears."""

    def __init__(self):
        self.heard = b""

    def answer(self, end):
        end.on_receive = self._receive
        end.write(b"<stream>")

    def _receive(self, data):
        self.heard += data


class Bench:
    def __init__(self, script=SCRIPT, server=None, pieces=0):
        self.clock = VirtualClock()
        self.host = Host()
        self.server = server or TerminalServer("anna", "s3cret", {"jabber": self.host})
        self.modem = Modem(self.clock, PhoneBook({"555": self.server}))
        stream = ModemStream(self.modem, lambda: None, pieces)
        port = StreamLink(stream, self.modem.set_dtr, lambda: self.modem.dcd)
        self.dialler = Dialler(port, "555", PROFILE, script=script)

    def call(self, for_ms=90_000):
        self.dialler.open(0)
        end_ms = self.clock.now_ms() + for_ms
        while self.clock.now_ms() < end_ms:
            if self.dialler.ready(self.clock.ticks_ms()):
                return True
            self.clock.run(20)
        return False

    def data(self):
        buf, got = bytearray(256), b""
        for _ in range(100):
            self.clock.run(20)
            self.dialler.poll(self.clock.ticks_ms())
            got += buf[: self.dialler.read_into(buf)]
        return got


@pytest.mark.parametrize("pieces", [0, 1, 2, 5])
def test_login_password_and_connect_lead_to_the_host_and_not_a_byte_of_it_is_lost(pieces):
    bench = Bench(pieces=pieces)
    assert bench.call() and bench.data() == b"<stream>"
    assert bench.dialler.write(b"<x/>") == 4
    bench.clock.run(2_000)
    assert bench.host.heard == b"<x/>" and bench.server.seen == ["anna"]


def test_at_every_split_of_what_the_terminal_server_says():
    said = b"\r\nCONNECT 2400\r\nWelcome, login: anna\r\nPassword: \r\n> connect jabber\r\nOpen\r\n<stream>"
    for cut in range(len(said)):
        port = ScriptedPort()
        port.dcd = True
        dialler = Dialler(port, "555", PROFILE, script=SCRIPT)
        dialler.open(0)
        port.says(b"\r\nOK\r\n")
        dialler.ready(1)
        port.heard()
        port.says(said[:cut])
        up = dialler.ready(2)
        port.says(said[cut:])
        assert dialler.ready(3) and up == (cut >= said.index(b"<stream>")), cut
        assert port.heard() == b"anna\rs3cret\rconnect jabber\r"
        buf, got = bytearray(256), b""
        while n := dialler.read_into(buf):
            got += buf[:n]
        assert got == b"<stream>", cut


def test_a_port_that_takes_little_gets_the_whole_script_before_the_call_begins():
    class Narrow(ScriptedPort):
        def write(self, data):
            self.written += data[:2]
            return min(2, len(data))

    for script in (SCRIPT[:2], (("", "anna"), ("", "s3cret"))):
        port = Narrow()
        port.dcd = True
        dialler = Dialler(port, "555", PROFILE, script=script)
        dialler.open(0)
        while port.written[-1:] != b"\r":
            dialler.ready(1)
        port.says(b"\r\nOK\r\n")
        while b"DT555\r" not in port.written:
            dialler.ready(1)
        port.heard()
        port.says(b"\r\nCONNECT\r\nlogin: Password: ")
        while not dialler.ready(2):
            pass
        assert port.heard() == b"anna\rs3cret\r"


def test_what_does_not_come_is_named_and_what_was_sent_is_not():
    bench = Bench((*SCRIPT[:2], ("$ ", "connect jabber")))
    with pytest.raises(links.LoginFailed) as caught:
        bench.call()
    assert str(caught.value) == "terminal server (expected $ )" and caught.value.retry_ms == 30_000
    assert 30_000 < bench.clock.now_ms() < 40_000


def test_a_wrong_password_ends_in_that_too():
    bench = Bench((("login: ", "anna"), ("assword: ", "wrong"), ("> ", "connect jabber")))
    with pytest.raises(links.LoginFailed, match="expected > "):
        bench.call()
    assert bench.server.seen == ["anna"]


def test_a_carrier_that_falls_in_the_middle():
    bench = Bench(
        (("login: ", "anna"), ("assword: ", "wrong"), ("login: ", "anna"), ("assword: ", "wrong"), ("> ", ""))
    )
    bench.server.tries = 2
    with pytest.raises(links.NoCarrier):
        bench.call()
    # And where no line tells of the carrier, the modem's words do.
    port = ScriptedPort(has_lines=False)
    dialler = Dialler(port, "555", PROFILE, script=SCRIPT)
    dialler.open(0)
    port.says(b"\r\nOK\r\n")
    dialler.ready(1)
    port.says(b"\r\nCONNECT\r\nlogin: \r\nNO CARRIER\r\n")
    with pytest.raises(links.NoCarrier):
        dialler.ready(2)


def test_a_row_may_send_without_waiting_and_hanging_up_ends_it():
    bench = Bench((("", ""), *SCRIPT))
    assert bench.call()
    bench = Bench((("never", "x"),))
    assert not bench.call(20_000) and bench.dialler.status() == "logging in"
    while bench.dialler.closing(bench.clock.ticks_ms()):
        bench.clock.run(20)
    assert not bench.modem.connected


def test_limits():
    for rows in ((("x", "y"),) * 9, (("x" * 41, "y"),), (("x", "y" * 81),)):
        with pytest.raises(UsageError) as caught:
            LoginScript(rows, lambda data: None)
        assert "yyy" not in str(caught.value)
