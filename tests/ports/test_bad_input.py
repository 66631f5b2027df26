"""Every bad input of the first call: said in words on the screen, and what was queued is sent when things are well."""

import pytest

from nocarrier.session.account import Account
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service, Silent
from nocarrier_ports.handset import keys

HEADER = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s' version='1.0'>"
PEER = "bert@exchange.test"


def says(words):
    """A server that says this, whatever it hears."""

    def connect(write, hang_up):
        write(words)
        return lambda data: None, lambda: None

    return Service(connect)


def stream_error(condition):
    error = b"<%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>" % condition
    return says(HEADER + b"<stream:error>" + error + b"</stream:error></stream:stream>")


class Evening:
    """A handheld with a message to send, and a number that leads to whatever the test wants."""

    def __init__(self, answers=None, **account):
        self.clock = VirtualClock()
        self.exchange = Exchange(self.clock)
        anna, bert = self.exchange.add("anna", "right"), self.exchange.add("bert", "x")
        self.exchange.befriend(anna, bert, "Anna", "Bert")
        self.well = Service(self.exchange.connect)
        self.book = PhoneBook({"1": answers or self.well})
        self.modem = Modem(self.clock, self.book, plain(9600, 100))
        self.device = Handheld(
            self.clock,
            self.modem,
            Account(account.get("jid", anna.jid), account.get("password", "right"), "r"),
            "1",
            MemoryFlash(),
            1,
        )
        self.device.power_on(dial=False)
        self.device.send(PEER, "waits")
        self.device.key(keys.CALL)

    def run(self, seconds):
        self.clock.run(seconds * 1000)

    def bottom(self):
        return self.device.surface.lines[-1][0]

    def delivered(self):
        return [entry.stanza for entry in self.exchange.account(PEER).archive]

    def gets_well(self, seconds=400):
        """Things are well again, and the user calls; the message arrives, once."""
        self.book.numbers["1"] = self.well
        if self.device.runner.state == 0:
            self.device.key(keys.CALL)
        self.run(seconds)
        assert len(self.delivered()) == 1
        assert self.bottom() == ""


BAD_SERVERS = (
    # who answers, what the handset says
    (Silent("BUSY"), "number is busy (BUSY)"),
    (Silent("NO CARRIER"), "no carrier (NO CARRIER)"),
    (says(HEADER + b"<a></b>"), "server sent bad data"),
    (says(HEADER + b"<a>\xff</a>"), "server sent bad data"),
    (says(HEADER + b"<!-- -->"), "server sent bad data"),
    (says(HEADER + b"<a x='" + b"y" * 9000 + b"'/>"), "server refuses"),
    (says(HEADER + b"<stream:features/>"), "no safe way to log in"),
    (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "server sent bad data"),
    (says(b"<html><body>404</body></html>"), "that is no XMPP server"),
    (says(HEADER + b"</stream:stream>"), "server hung up"),
    (stream_error(b"host-unknown"), "server has no such domain"),
    (stream_error(b"system-shutdown"), "server is going down"),
    (stream_error(b"policy-violation"), "server refuses"),
    (says(b""), "line went silent"),
)


@pytest.mark.parametrize("answers, words", BAD_SERVERS, ids=lambda value: value if isinstance(value, str) else "")
def test_bad_servers_are_told_in_words_and_nothing_queued_is_lost(answers, words):
    evening = Evening(answers)
    evening.run(40)
    assert evening.bottom() == words
    assert [item.body for item in evening.device.client.store.history(PEER, 5)] == ["waits"]
    evening.gets_well()


def test_a_wrong_password():
    evening = Evening(password="wrong")
    evening.run(40)
    assert evening.bottom() == "wrong name or password" and evening.delivered() == []
    evening.device.power_off()
    evening.device.account.password = "right"
    evening.device.power_on()
    evening.gets_well()


def test_an_unknown_host():
    evening = Evening(jid="anna@elsewhere.test")
    evening.run(40)
    assert evening.bottom() == "server has no such domain"
    assert evening.device.runner.meter.calls == 1


def test_a_modem_that_answers_nothing():
    evening = Evening()
    evening.device.power_off()
    evening.modem.deaf = True
    evening.device.power_on()
    evening.run(20)
    assert evening.bottom() == "the modem does not answer"
    evening.modem.deaf = False
    evening.gets_well()


def test_a_stanza_over_the_limit_while_online():
    evening = Evening()
    evening.run(30)
    big = b"<message from='bert@exchange.test/x' to='%s' type='chat' id='b1'><body>" % b"anna@exchange.test/r"
    connection = evening.exchange.account("anna@exchange.test").sessions["r"].connection
    connection.write(big + b"x" * 20_000 + b"</body></message>")
    evening.run(60)
    assert [item.body for item in evening.device.client.store.history(PEER, 9)][-1].startswith("too large (20")
    evening.device.key(keys.ENTER)
    assert "too large (20" in evening.device.surface.plain()
    assert evening.device.client.online()


@pytest.mark.parametrize("fault, words", [("full", "memory is full"), ("read_only", "read-only")])
def test_a_flash_that_refuses_while_a_message_arrives(fault, words):
    evening = Evening()
    evening.run(30)
    flash = evening.device.flash
    if fault == "full":
        flash.capacity_bytes = sum(map(len, flash.files.values()))
    else:
        flash.read_only = True
    other = Handheld(
        evening.clock,
        Modem(evening.clock, evening.book, plain(9600, 100)),
        Account(PEER, "x", "r"),
        "1",
        MemoryFlash(),
        2,
    )
    other.power_on()
    evening.run(30)
    other.send("anna@exchange.test", "comes when there is room")
    evening.run(20)
    # It was not acknowledged, the call is given up and repeated, and the screen says why.
    assert evening.bottom() == words
    flash.capacity_bytes, flash.read_only = 1 << 20, False
    evening.run(300)
    history = evening.device.client.store.history(PEER, 9)
    assert [item.body for item in history if item.incoming] == ["comes when there is room"]
    assert evening.bottom() == ""
