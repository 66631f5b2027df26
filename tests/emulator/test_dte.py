"""The modem's plugs, and foreign software at them: pyserial over RFC 2217, pyatcommand, telnet and raw TCP."""

import os
import select
import socket
import time

import pytest
import serial
from pyatcommand.client import AtClient
from served import Served

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.dte import telnet
from nocarrier_emulator.dte.pty import PtyPort
from nocarrier_emulator.dte.tcp import RFC2217, TELNET, TcpPort
from nocarrier_emulator.dte.telnet import Telnet
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import Echo, PhoneBook, Silent

EVERY_BYTE = bytes(range(256))


def modem():
    return Modem(ScaledClock(8), PhoneBook({"555": Echo(), "1": Silent("BUSY")}), plain(38_400, 10))


class Plug:
    """A modem at a TCP port of loopback."""

    def __init__(self, kind):
        self.modem = modem()
        self._port = TcpPort(self.modem, kind)

    async def start(self):
        await self._port.start()
        self.port = self._port.port
        return self

    def close(self):
        self._port.close()


@pytest.fixture(params=[RFC2217])
def plug(request):
    async def make():
        return await Plug(request.param).start()

    served = Served(make)
    with served as made:
        made.call = served.call
        yield made


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.01)


def test_pyserial_dials_over_rfc_2217_and_sees_the_lines(plug):
    with serial.serial_for_url("rfc2217://127.0.0.1:%d" % plug.port, baudrate=9600, timeout=5) as port:
        port.dtr = True
        until(lambda: port.dsr and not port.cd)
        port.write(b"ATE0\r")
        assert port.read_until(b"OK\r\n").endswith(b"\r\nOK\r\n")
        port.write(b"ATDT1\r")
        assert port.read_until(b"BUSY\r\n") == b"\r\nBUSY\r\n"
        port.write(b"ATDT555\r")
        assert port.read_until(b"00\r\n") == b"\r\nCONNECT 38400\r\n"
        until(lambda: port.cd)
        port.write(EVERY_BYTE)
        assert port.read(256) == EVERY_BYTE
        port.dtr = False
        assert port.read_until(b"CARRIER\r\n") == b"\r\nNO CARRIER\r\n"
        until(lambda: not port.cd)
        port.dtr = True
        plug.call(lambda: plug.modem._book.numbers.update({"100": plug.modem}))
        caller = plug.call(lambda: Modem(plug.modem._clock, plug.modem._book, plug.modem.profile))
        plug.call(lambda: caller.write(b"ATDT100\r"))
        until(lambda: port.ri)
        assert port.read_until(b"RING\r\n") == b"\r\nRING\r\n"
        port.write(b"ATA\r")
        assert port.read_until(b"00\r\n") == b"\r\nCONNECT 38400\r\n"
        until(lambda: port.cd and not port.ri)
    until(lambda: not plug.modem.dtr)  # who goes away has dropped DTR, and the call
    assert not plug.modem.connected


def test_one_terminal_at_a_time(plug):
    with socket.create_connection(("127.0.0.1", plug.port), 5) as first:
        first.recv(1)
        with socket.create_connection(("127.0.0.1", plug.port), 5) as second:
            assert b"somebody else" in second.recv(100) and second.recv(1) == b""
    until(lambda: not plug.modem.dtr)
    with socket.create_connection(("127.0.0.1", plug.port), 5) as third:
        assert third.recv(3)[:1] == b"\xff"


def read(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(4096)
        assert piece, data
        data += piece
    return data


@pytest.mark.parametrize("plug", ["raw"], indirect=True)
def test_raw_is_raw(plug):
    with socket.create_connection(("127.0.0.1", plug.port), 5) as line:
        line.sendall(b"ATE0DT555\r")
        assert read(line, 27) == b"ATE0DT555\r\r\nCONNECT 38400\r\n"
        line.sendall(EVERY_BYTE)
        assert read(line, 256) == EVERY_BYTE


@pytest.mark.parametrize("plug", [TELNET], indirect=True)
def test_telnet_doubles_what_raw_does_not(plug):
    with socket.create_connection(("127.0.0.1", plug.port), 5) as line:
        assert read(line, 12) == Telnet.greeting
        yes = bytes((telnet.IAC, telnet.DO, telnet.BINARY, telnet.IAC, telnet.WILL, telnet.BINARY))
        line.sendall(yes + b"ATE0DT555\r")
        assert read(line, 27) == b"ATE0DT555\r\r\nCONNECT 38400\r\n"
        line.sendall(EVERY_BYTE + b"\xff" + b"\r\n")
        assert read(line, 259) == EVERY_BYTE + b"\xff" + b"\r\n"


def test_a_terminal_reads_only_as_fast_as_the_line(plug):
    """Nothing is lost for want of room in the modem: the terminal has to wait."""
    data = os.urandom(20_000)
    with serial.serial_for_url("rfc2217://127.0.0.1:%d" % plug.port, timeout=10) as port:
        port.write(b"ATE0DT555\r")
        port.read_until(b"00\r\n")
        port.write(data)
        assert port.read(len(data)) == data


def test_pyatcommand_at_a_pseudo_terminal():
    async def make():
        return PtyPort(modem())

    with Served(make) as port:
        client = AtClient()
        client.connect(port=port.path, baudrate=9600, retry_timeout=10, echo=True)
        for command, answer in (("AT", ""), ("ATI", "nocarrier modem"), ("ATS7?", "060"), ("ATE0V1Q0X4&C1&D2S0=0", "")):
            got = client.send_command(command, timeout=5)
            assert got.ok and (got.info or "") == answer, command
        assert not client.send_command("AT+CPIN?", timeout=5).ok
        client.disconnect()


def pair():
    """Two sides that talk telnet with each other; returns them after their greetings."""
    a, b = Telnet(), Telnet()
    to_b, to_a = a.greeting, b.greeting
    for _ in range(10):
        data, answer = b.decoded(to_b)
        more, to_b = a.decoded(to_a)
        to_a = answer
        assert data == more == b""
    assert to_a == to_b == b""  # they do not answer each other for ever
    return a, b


def test_two_sides_agree_on_eight_bits():
    a, b = pair()
    for data in (EVERY_BYTE, b"\r\0\r\n\r", b"\xff\xff\xff", b""):
        for step in (1, 3, 1000):
            coded = a.encoded(data)
            got = b"".join(b.decoded(coded[at : at + step])[0] for at in range(0, len(coded), step))
            assert got == data


def test_a_side_that_refuses_eight_bits_gets_cr_nul():
    side = Telnet()
    dont = bytes((telnet.IAC, telnet.DONT, telnet.BINARY, telnet.IAC, telnet.WONT, telnet.BINARY))
    assert side.decoded(dont) == (b"", b"")
    assert side.encoded(b"a\rb\xff") == b"a\r\0b\xff\xff"
    assert side.decoded(b"a\r\0b\r\nc")[0] == b"a\rb\r\nc"


@pytest.mark.parametrize("verb, answer", [(telnet.WILL, telnet.DONT), (telnet.DO, telnet.WONT)])
def test_what_is_not_known_is_refused_once(verb, answer):
    side = Telnet()
    window_size = 31
    assert side.decoded(bytes((telnet.IAC, verb, window_size)))[1] == bytes((telnet.IAC, answer, window_size))
    inside = bytes((telnet.IAC, telnet.SB, window_size, 0, 80, telnet.IAC, telnet.IAC, telnet.IAC, telnet.SE))
    assert side.decoded(b"x" + inside + b"y")[0] == b"xy"


def test_nobody_at_a_pseudo_terminal_holds_nothing_up():
    """What a handheld does not read waits; the modem goes on."""

    async def make():
        return PtyPort(modem())

    served = Served(make)
    with served as port:
        descriptor = os.open(port.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        os.write(descriptor, b"AT\r" * 50)
        assert select.select([descriptor], [], [], 5)[0]
        served.call(port.flush)
        os.close(descriptor)
