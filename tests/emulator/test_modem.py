"""The emulated modem: V.250 as terminal programs use it."""

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import Nobody, PhoneBook, Silent, Subscriber


class Host(Subscriber):
    """Answers, and keeps what it hears."""

    def __init__(self):
        self.end = None
        self.heard = bytearray()

    def answer(self, end):
        self.end = end
        end.on_receive = self.heard.extend


class Terminal:
    def __init__(self, rate_bps=2400):
        self.clock = VirtualClock()
        self.host = Host()
        book = PhoneBook({"555": self.host, "1": Silent("BUSY"), "2": Silent("NO CARRIER"), "3": Nobody()})
        self.modem = Modem(self.clock, book, plain(rate_bps, 0))
        self.out = bytearray()
        self.modem.on_dte = self.out.extend

    def types(self, text, wait_ms=100):
        """What the modem says to it, echo included."""
        self.modem.write(text.encode("latin-1"))
        self.clock.run(wait_ms)
        out, self.out[:] = bytes(self.out), b""
        return out


def test_echo_framing_and_result_codes():
    terminal = Terminal()
    assert terminal.types("AT\r") == b"AT\r\r\nOK\r\n"
    assert terminal.types("ATE0\r") == b"ATE0\r\r\nOK\r\n"
    assert terminal.types("AT\r") == b"\r\nOK\r\n"
    assert terminal.types("ATV0\r") == b"0\r"
    assert terminal.types("AT=\r") == b"4\r"
    assert terminal.types("ATQ1\r") == b"" and terminal.types("AT\r") == b""
    assert terminal.types("ATZ\r") == b"\r\nOK\r\n"  # the defaults again: V1 Q0 E1
    assert terminal.types("at\r").startswith(b"at\r")


@pytest.mark.parametrize(
    "line",
    [
        "AT E0 V1 Q0",
        "ate0v1q0x4&c1&d2s0=0",
        "AT&F",
        "ATL1M1",
        "AT&K3",
        "AT%C0\\N3",
        "ATX4",
        "ATS7=45 S0=0 L1 V1 X4 &c1 E1 Q0",
    ],
)
def test_lines_of_terminal_programs(line):
    assert Terminal().types(line + "\r").endswith(b"\r\nOK\r\n")


def test_registers_read_back():
    terminal = Terminal()
    terminal.types("ATE0S7=45\r")
    assert terminal.types("ATS7?\r") == b"\r\n045\r\n\r\nOK\r\n"
    assert terminal.types("ATS12?S2?\r") == b"\r\n050\r\n\r\n043\r\n\r\nOK\r\n"


def test_registers_that_do_not_exist_or_are_only_named():
    terminal = Terminal()
    terminal.types("ATE0\r")
    assert terminal.types("ATS7\r") == b"\r\nOK\r\n"
    for line in ("ATS?", "ATS=5", "ATS", "ATS256=1", "ATS99999999999?"):
        assert terminal.types(line + "\r") == b"\r\nERROR\r\n", line


def test_half_a_command_is_forgotten_when_dtr_falls():
    terminal = Terminal()
    terminal.types("ATE0\r")
    terminal.types("AT&D0 ATDT")
    terminal.modem.set_dtr(False)
    terminal.modem.set_dtr(True)
    assert terminal.types("AT\r") == b"\r\nOK\r\n"


def test_a_plug_that_is_pulled_while_it_dials():
    terminal = Terminal()
    terminal.types("ATE0DT555\r")
    terminal.modem.set_plugged(False)
    assert terminal.types("", 3000) == b"\r\nNO CARRIER\r\n" and not terminal.modem.connected


def test_who_waits_for_room_hears_of_the_end_of_the_call():
    terminal = connected()
    heard = []
    terminal.modem.on_room = lambda: heard.append(terminal.modem.room())
    while terminal.modem.room() > 0:
        terminal.modem.write(b"x" * terminal.modem.room())
    terminal.modem.drop_carrier()
    assert heard and heard[-1] > 0


def test_backspace_and_the_last_line_again():
    terminal = Terminal()
    terminal.types("ATE0\r")
    assert terminal.types("ATS7X\x08?\r").startswith(b"\r\n060")
    assert terminal.types("A/").startswith(b"\r\n060")


def test_noise_is_ignored_and_lines_are_bounded():
    terminal = Terminal()
    terminal.types("ATE0\r")
    assert terminal.types("hello\r") == b""
    assert terminal.types("\x00\xff\r") == b""
    terminal.types("AT" + "X" * 10_000)
    assert len(terminal.modem._commands._text) <= 80


@pytest.mark.parametrize(
    "number, wait_ms, code",
    [("1", 2_000, b"BUSY"), ("2", 2_000, b"NO CARRIER"), ("3", 62_000, b"NO ANSWER"), ("77", 62_000, b"NO ANSWER")],
)
def test_calls_that_do_not_come_about(number, wait_ms, code):
    terminal = Terminal()
    terminal.types("ATE0\r")
    assert terminal.types("ATDT%s\r" % number, wait_ms) == b"\r\n" + code + b"\r\n"


def test_no_dial_tone():
    terminal = Terminal()
    terminal.modem.set_plugged(False)
    assert terminal.types("ATE0DT555\r") == b"ATE0DT555\r\r\nNO DIALTONE\r\n"


def connected():
    terminal = Terminal()
    terminal.types("ATE0\r")
    assert terminal.types("ATDT 55-5\r", 2_000) == b"\r\nCONNECT 2400\r\n"
    return terminal


def test_a_call_carries_every_byte_and_shows_dcd():
    terminal = Terminal()
    assert terminal.modem.dcd is False
    terminal = connected()
    assert terminal.modem.dcd is True and terminal.modem.lamps()["CD"]
    data = bytes(range(256))
    terminal.modem.write(data)
    terminal.host.end.write(data)
    terminal.clock.run(3_000)
    assert bytes(terminal.host.heard) == data and bytes(terminal.out) == data
    assert (terminal.modem.meter.bytes_up, terminal.modem.meter.bytes_down) == (256, 256)


def test_any_key_aborts_a_call():
    terminal = Terminal()
    terminal.types("ATE0\r")
    terminal.types("ATDT3\r", 5_000)
    assert terminal.types("x") == b"\r\nNO CARRIER\r\n"


def test_the_other_side_hangs_up():
    terminal = connected()
    terminal.host.end.line.drop()
    assert bytes(terminal.out) == b"\r\nNO CARRIER\r\n" and not terminal.modem.dcd


def test_dtr_hangs_up_and_d0_forbids_it():
    terminal = connected()
    terminal.modem.set_dtr(False)
    assert not terminal.modem.connected
    terminal = Terminal()
    terminal.types("ATE0&D0\r")
    terminal.types("ATDT555\r", 2_000)
    terminal.modem.set_dtr(False)
    assert terminal.modem.connected


def test_the_escape_sequence_needs_its_silence():
    terminal = connected()
    terminal.clock.run(1_000)
    assert terminal.types("+++", 999) == b""
    assert terminal.types("", 2) == b"\r\nOK\r\n"
    assert terminal.types("ATO\r") == b"\r\nCONNECT 2400\r\n"
    # In the middle of data it is data.
    for before, after in (("x+++", ""), ("+++", "x"), ("+", "++x"), ("++++", "")):
        terminal.clock.run(2_000)
        assert terminal.types(before) + terminal.types(after, 2_000) == b"", (before, after)
    terminal.types("", 5_000)
    assert bytes(terminal.host.heard).endswith(b"++++")
    terminal.clock.run(1_000)
    terminal.types("+++", 1_100)
    assert terminal.types("ATH\r") == b"\r\nOK\r\n" and not terminal.modem.connected


def test_escape_can_be_switched_off():
    terminal = Terminal()
    terminal.types("ATE0S2=255\r")
    terminal.types("ATDT555\r", 2_000)
    terminal.clock.run(2_000)
    assert terminal.types("+++", 3_000) == b""


def test_seconds_on_the_line_are_those_of_calls():
    terminal = connected()
    terminal.clock.run(10_000)
    terminal.modem.drop_carrier()
    terminal.clock.run(50_000)
    assert 10_000 <= terminal.modem.meter.connected_ms() <= 11_000
    assert not terminal.modem.lamps()["OH"]


def test_the_rate_may_change_during_a_call():
    terminal = connected()
    terminal.modem.set_rate(300)
    terminal.modem.write(b"x" * 30)
    begun = terminal.clock.now_ms()
    assert terminal.clock.run(5_000, lambda: len(terminal.host.heard) == 30)
    assert 990 <= terminal.clock.now_ms() - begun <= 1_100


def test_a_modem_that_is_off_says_nothing():
    terminal = Terminal()
    terminal.modem.deaf = True
    assert terminal.types("AT\r") == b"" and not terminal.modem.lamps()["MR"]
