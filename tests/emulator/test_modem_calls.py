"""The emulated modem as V.250 has it: calls that it takes, what it tells by its X level, settings that it keeps."""

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.line.tariff import Tariff
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import Nobody, PhoneBook, Silent


class Desk:
    """A terminal with its modem, which has a number."""

    def __init__(self, clock, book, number, profile=None):
        self.clock = clock
        self.modem = Modem(clock, book, profile or plain(2400, 0))
        book.numbers[number] = self.modem
        self.out = bytearray()
        self.modem.on_dte = self.out.extend

    def types(self, text, wait_ms=100):
        self.modem.write(text.encode("latin-1"))
        return self.hears(wait_ms)

    def hears(self, wait_ms=100):
        self.clock.run(wait_ms)
        out, self.out[:] = bytes(self.out), b""
        return out


@pytest.fixture
def pair():
    clock = VirtualClock()
    book = PhoneBook({"1": Silent("BUSY"), "2": Nobody()})
    anna, bert = Desk(clock, book, "100"), Desk(clock, book, "101")
    for desk in (anna, bert):
        desk.types("ATE0\r")
    return anna, bert


def ring(anna, bert):
    """Anna calls; it rings at Bert's."""
    assert anna.types("ATDT101\r", 1_600) == b""
    assert bert.hears(0) == b"\r\nRING\r\n" and bert.modem.ri and bert.modem.lamps()["AA"]


def test_a_call_is_answered_by_hand(pair):
    anna, bert = pair
    ring(anna, bert)
    assert bert.types("ATA\r") == b"\r\nCONNECT 2400\r\n" and anna.hears() == b"\r\nCONNECT 2400\r\n"
    assert anna.modem.dcd and bert.modem.dcd and not bert.modem.ri
    anna.modem.write(b"hello")
    bert.modem.write(bytes(range(256)))
    assert bert.hears(2_000) == b"hello" and anna.hears() == bytes(range(256))
    anna.modem.set_dtr(False)
    assert anna.hears() == b"\r\nNO CARRIER\r\n" and bert.hears() == b"\r\nNO CARRIER\r\n"
    assert not bert.modem.dcd


def test_a_call_is_answered_after_so_many_rings(pair):
    anna, bert = pair
    bert.types("ATS0=2\r")
    assert bert.modem.lamps()["AA"]
    ring(anna, bert)
    assert bert.types("ATS1?\r") == b"\r\n001\r\n\r\nOK\r\n"
    assert bert.hears(3_000) == b"" and not bert.modem.ri  # between two rings
    assert bert.hears(3_000) == b"\r\nRING\r\n\r\nCONNECT 2400\r\n" and anna.modem.connected


def test_nobody_answers_for_a_terminal_that_is_off(pair):
    anna, bert = pair
    bert.types("ATS0=1\r")
    bert.modem.set_dtr(False)
    anna.types("ATDT101\r", 70_000)
    assert not anna.modem.connected and not bert.modem.connected


def test_the_caller_gives_up_and_the_bell_stops(pair):
    anna, bert = pair
    ring(anna, bert)
    assert anna.types("x") == b"\r\nNO CARRIER\r\n"
    assert bert.hears(20_000) == b"" and not bert.modem.ri
    assert bert.types("ATA\r") == b"\r\nNO CARRIER\r\n"


def test_nobody_lifts_the_receiver(pair):
    anna, bert = pair
    anna.types("ATS7=20\r")
    ring(anna, bert)
    assert anna.hears(21_000) == b"\r\nNO ANSWER\r\n"
    assert bert.hears(0).count(b"RING") == 3
    assert bert.hears(20_000) == b""


@pytest.mark.parametrize("why", ["a call", "off the hook", "it rings already", "itself"])
def test_who_is_engaged_is_busy(pair, why):
    anna, bert = pair
    clock, book = anna.clock, anna.modem._book
    cleo = Desk(clock, book, "102")
    cleo.types("ATE0\r")
    number = "101"
    if why == "off the hook":
        assert bert.types("ATH1\r") == b"\r\nOK\r\n" and bert.modem.lamps()["OH"]
    elif why == "itself":
        number = "102"
    else:
        ring(anna, bert)
        if why == "a call":
            bert.types("ATA\r")
    assert cleo.types("ATDT%s\r" % number, 2_000) == b"\r\nBUSY\r\n"
    if why == "off the hook":
        bert.types("ATH\r")
        cleo.types("ATDT101\r", 2_000)
        assert bert.hears(0) == b"\r\nRING\r\n"


def test_a_plug_that_is_pulled_while_it_rings(pair):
    anna, bert = pair
    ring(anna, bert)
    bert.modem.set_plugged(False)
    assert bert.hears(20_000) == b"" and not bert.modem.connected
    assert anna.hears(60_000) == b"\r\nNO ANSWER\r\n"


@pytest.mark.parametrize(
    "level, dialtone, busy, connect",
    [
        (0, b"NO CARRIER", b"NO CARRIER", b"CONNECT"),
        (1, b"NO CARRIER", b"NO CARRIER", b"CONNECT 2400"),
        (2, b"NO DIALTONE", b"NO CARRIER", b"CONNECT 2400"),
        (3, b"NO CARRIER", b"BUSY", b"CONNECT 2400"),
        (4, b"NO DIALTONE", b"BUSY", b"CONNECT 2400"),
    ],
)
def test_the_x_level_says_what_is_told(pair, level, dialtone, busy, connect):
    anna, bert = pair
    assert anna.types("ATX%d\r" % level) == b"\r\nOK\r\n"
    assert anna.types("ATDT1\r", 2_000) == b"\r\n%s\r\n" % busy
    anna.modem.set_plugged(False)
    assert anna.types("ATDT1\r", 2_000) == b"\r\n%s\r\n" % dialtone
    anna.modem.set_plugged(True)
    bert.types("ATS0=1\r")
    assert anna.types("ATDT101\r", 2_000) == b"\r\n%s\r\n" % connect
    assert anna.types("ATX5\r", 0) == b""  # it is data


@pytest.mark.parametrize("rate_bps, digits", [(300, b"1\r"), (1200, b"5\r"), (2400, b"10\r"), (9600, b"12\r")])
def test_results_in_digits(pair, rate_bps, digits):
    anna, bert = pair
    for desk in pair:
        desk.modem.set_rate(rate_bps)
    assert anna.types("ATV0\r") == b"0\r"
    assert anna.types("ATDT1\r", 2_000) == b"7\r" and anna.types("AT=\r") == b"4\r"
    bert.types("ATV0S0=1\r")
    assert anna.types("ATDT101\r", 2_000) == digits
    assert bert.hears(0).startswith(b"2\r")
    bert.modem.drop_carrier()
    assert anna.hears() == b"3\r"


def test_settings_are_kept_and_recalled(pair):
    anna, _ = pair
    assert anna.types("ATX1&D3S0=4V0&W1\r") == b"0\r"
    assert anna.types("AT&F\r") == b"\r\nOK\r\n"
    shown = anna.types("ATE0&V\r")
    assert b"X4 &C1 &D2" in shown and b"S00:000" in shown
    assert anna.types("ATZ1\r") == b"0\r"
    assert b"X1 &C1 &D3" in anna.types("AT&V\r") and b"S00:004" in anna.types("AT&V\r")
    assert anna.types("ATV1Z2\r").endswith(b"\r\nERROR\r\n") and anna.types("AT&W7\r").endswith(b"\r\nERROR\r\n")


@pytest.mark.parametrize("line", ["ATX5", "AT&D4", "ATE2", "ATV3", "AT&C2", "ATH2", "AT$", "AT+CPIN?", "ATS0", "AT-Q1"])
def test_values_that_are_none_are_refused(pair, line):
    anna, _ = pair
    fine = line in ("ATS0", "AT-Q1")
    assert anna.types(line + "\r") == (b"\r\nOK\r\n" if fine else b"\r\nERROR\r\n")


def test_it_says_who_it_is(pair):
    anna, _ = pair
    assert b"nocarrier" in anna.types("ATI\r") and b"0 bytes sent" in anna.types("ATI6\r")
    assert b"S07:060" in anna.types("ATI4\r") and anna.types("ATI9\r") == b"\r\nOK\r\n"
    assert b"nocarrier" in anna.types("AT+GMM;+IPR=9600\r")


def test_dtr_escapes_or_resets(pair):
    anna, bert = pair
    bert.types("ATS0=1\r")
    anna.types("AT&D1\r")
    anna.types("ATDT101\r", 2_000)
    anna.modem.set_dtr(False)
    assert anna.hears() == b"\r\nOK\r\n" and anna.modem.connected
    anna.modem.set_dtr(True)
    anna.types("AT&D3X1\r")
    assert anna.types("ATO\r") == b"\r\nCONNECT 2400\r\n"
    anna.modem.set_dtr(False)
    assert not anna.modem.connected and anna.modem.settings.x_level == 4


def test_the_last_number_a_name_and_a_pause(pair):
    anna, bert = pair
    anna.modem._book.names["bert"] = "101"
    anna.types("ATS8=3\r")
    anna.types("ATDT,101\r", 4_000)
    assert bert.hears(0) == b""
    anna.hears(1_000)
    assert bert.hears(0) == b"\r\nRING\r\n"
    anna.types("x")
    anna.types("ATDL\r", 6_000)
    assert bert.hears(0) == b"\r\nRING\r\n"
    anna.types("x")
    for name in ("ATDTBert", "ATDbert", "atd t bert"):
        anna.types(name + "\r", 2_000)
        assert bert.hears(0) == b"\r\nRING\r\n", name
        anna.types("x")


def test_what_calls_cost():
    clock = VirtualClock()
    book = PhoneBook()
    anna = Desk(clock, book, "1", plain(2400, 0, tariff=Tariff(per_minute=0.10, per_kb=0.01)))
    bert = Desk(clock, book, "2")
    bert.types("ATS0=1\r")
    anna.types("ATDT2\r", 2_000)
    anna.modem.write(b"x" * 1024)
    clock.run(60_000)
    assert anna.modem.meter.cost() == pytest.approx(0.21)  # the second minute has begun
    anna.modem.drop_carrier()
    clock.run(600_000)
    assert anna.modem.meter.cost() == pytest.approx(0.21) and bert.modem.meter.cost() == 0
