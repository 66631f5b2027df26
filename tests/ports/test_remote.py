"""The remote control: JSON lines in any pieces, typed answers to nonsense, and bounded lines."""

import json

from nocarrier.session.account import Account
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook
from nocarrier_ports.remote import Remote

PASSWORD = "pw-7f3a"


class Controlled:
    """A handheld that is offline, and its remote control."""

    def __init__(self):
        self.out = []
        clock = VirtualClock()
        self.device = Handheld(
            clock, Modem(clock, PhoneBook()), Account("anna@exchange.test", PASSWORD, "r"), "1", MemoryFlash(), 1
        )
        self.remote = Remote(self.out.append)
        self.device.on_event = self.remote.on_event
        self.device.power_on(dial=False)

    def says(self, *lines, pieces=0):
        data = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
        step = pieces or len(data)
        for at in range(0, len(data), step):
            self.remote.receive(data[at : at + step], self.device.app)
        text, self.out[:] = "".join(self.out), []
        assert text == "" or text[-1] == "\n"
        return [json.loads(line) for line in text.splitlines()]


def test_a_message_its_history_and_the_screen():
    talk = Controlled()
    assert talk.says({"send": "bert@exchange.test", "body": "Grüße"}) == [{"sent": 1}]
    history = talk.says({"history": "bert@exchange.test"}, pieces=1)
    assert history[0]["body"] == "Grüße" and history[0]["state"] == "queued" and not history[0]["in"]
    assert history[1] == {"history_end": 1}
    assert talk.says({"key": "F2"}, {"text": "x@y"}) == [{"typed": 1}, {"typed": 3}]
    assert "x@y_" in talk.says({"screen": 1})[0]["screen"][2]
    status = talk.says({"status": 1})[0]
    assert status["status"] == "hung up" and status["online"] is False and status["bytes_up"] == 0


def test_nonsense_is_refused_and_the_next_line_is_read():
    talk = Controlled()
    for line in (
        b"nonsense\n",
        b"[]\n",
        b'"x"\n',
        b"{\n",
        b"\xff\xfe\n",
        b"{}\n",
        b'{"send": 1, "body": 2}\n',
        b"[" * 2000 + b"\n",
    ):
        answers = talk.says(line, {"screen": 1})
        assert "refused" in answers[0] and "screen" in answers[1], line
    assert talk.says(b"\n", b"  \n") == []
    for line in (
        {"send": "nobody", "body": "x"},
        {"send": "a@b"},
        {"send": "a@b", "body": ""},
        {"key": 5},
        {"key": "F9"},
    ):
        assert "refused" in talk.says(line)[0], line


def test_a_line_that_never_ends_is_refused_once_and_forgotten():
    talk = Controlled()
    assert talk.says(b"x" * 5000) == []
    assert len(talk.remote._line) <= 2048
    assert talk.says(b"x" * 5000 + b"\n") == [{"refused": "line over 2048 bytes"}]
    assert "screen" in talk.says({"screen": 1})[0]


def test_no_credential_is_ever_told():
    talk = Controlled()
    told = talk.says({"status": 1}, {"screen": 1}, {"send": "b@x", "body": "hi"}, {"history": "b@x"}, b"zzz\n")
    assert PASSWORD not in json.dumps(told)
