"""`nocarrier-emulator modem` as a person starts it: on a serial port, with a phone book, for a real conversation."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

from nocarrier import events
from nocarrier.session.line import LineProfile
from nocarrier_emulator.netdevice import NetDevice
from nocarrier_emulator.servers.certificate import Authority
from nocarrier_emulator.servers.prosody import Prosody
from nocarrier_ports.links.choice import link_of
from nocarrier_ports.links.desktop_serial import DesktopSerialLink
from nocarrier_ports.links.dialler import Dialler
from nocarrier_ports.settings import Settings

USERS = {"anna": "anna-pw", "bert": "bert-pw"}
EVERY_BYTE = bytes(range(256)) + b"\xff\xff\r\n"


def started(*command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def ended(process):
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)


class Modem:
    """The command, started; its output up to the line that says where it is."""

    def __init__(self, book, *options):
        books = ["--book", str(book)] if book.stat().st_size else []
        self.process = started(sys.executable, "-m", "nocarrier_emulator", "modem", *books, *options, "--rate", "9600")
        self.said = ""
        while "Ctrl-C" not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line


@pytest.fixture
def modem(tmp_path):
    """modem(phone book, options): starts it; ended with the test."""
    running = []

    def start(book, *options):
        path = tmp_path / "phones.toml"
        path.write_text(book)
        running.append(Modem(path, *options))
        return running[-1]

    yield start
    for each in running:
        ended(each.process)


def test_a_conversation_over_a_serial_port_with_tls_at_the_modem(tool, cable, modem, tmp_path):
    """A handheld without TLS, 9600 bit/s, a number in the book, and Prosody, which is reached over TLS only."""
    authority = Authority(tmp_path)
    server = Prosody(tool("PROSODY13"), USERS, authority.server)
    server.start()
    try:
        book = '["5552368"]\nname = "home"\nto = "tls://127.0.0.1:%d"\ndomain = "%s"\nca = "%s"\nnotes = "cellar"\n'
        started_modem = modem(
            book % (server.tls_port, server.tls_domain, authority.root), "--serial", str(cable[0]), "--no-lines"
        )
        assert re.search(r"5552368 +home +tls://.*cellar", started_modem.said)
        line = LineProfile(9600, 50, trusted=True)  # TLS is the modem's, at the other end of a cable
        link = Dialler(DesktopSerialLink(str(cable[1]), 9600), "5552368")
        anna = NetDevice(server, "anna", domain=server.tls_domain, trusted=True, line=line, inner=link)
        bert = NetDevice(server, "bert", domain=server.tls_domain, way="direct", ca=authority.root)
        anna.run(lambda: anna.ready() and bert.ready(), 60, (bert,))
        texts = ["Grüße", "+++", "\nNO CARRIER\n", "x" * 2000, "привет 😀"]
        for text in texts:
            anna.client.send_message("bert@" + server.tls_domain, text)
            bert.client.send_message("anna@" + server.tls_domain, text)
        anna.run(lambda: all(len(each.values(events.MESSAGE)) == len(texts) for each in (anna, bert)), 60, (bert,))
        for each in (anna, bert):
            assert [message.body for message in each.values(events.MESSAGE)] == texts
        assert b"<message" in anna.said  # in clear on the cable, as the user has said that it may be
        anna.log_out()
        bert.log_out()
    finally:
        server.remove()


@pytest.mark.parametrize("name, portions", [("sim800", True), ("sim7600", False), ("quectel", True)])
def test_a_conversation_over_a_module(tool, modem, name, portions):
    """A handheld that takes it for one on the mobile network, 9600 bit/s, and Prosody behind it."""
    server = Prosody(tool("PROSODY13"), USERS)
    server.start()
    try:
        path = re.search(r"modem at (\S+)", modem("", "--module", name, "--pty").said)[1]
        fields = {"jid": "anna@x", "port": path, "modem": name, "portions": portions, "apn": "internet"}
        settings = Settings({**fields, "number": "127.0.0.1:%d" % server.port})
        link = link_of(settings, lambda port: DesktopSerialLink(port, 9600), os.urandom)
        line = LineProfile(9600, 400, trusted=True)
        anna = NetDevice(server, "anna", trusted=True, line=line, inner=link)
        bert = NetDevice(server, "bert", trusted=True)
        anna.run(lambda: anna.ready() and bert.ready(), 60, (bert,))
        for text in ("Grüße", "+++", "x" * 2000, "привет 😀"):
            anna.client.send_message("bert@" + server.domain, text)
            bert.client.send_message("anna@" + server.domain, text)
        anna.run(lambda: all(len(each.values(events.MESSAGE)) == 4 for each in (anna, bert)), 90, (bert,))
        for each in (anna, bert):
            assert [message.body for message in each.values(events.MESSAGE)] == [
                "Grüße",
                "+++",
                "x" * 2000,
                "привет 😀",
            ]
        anna.log_out()
        bert.log_out()
    finally:
        server.remove()


def test_a_certificate_of_another_is_no_carrier(tool, modem, tmp_path):
    authority = Authority(tmp_path)
    server = Prosody(tool("PROSODY13"), USERS, authority.server)
    server.start()
    try:
        book = '["1"]\nto = "tls://127.0.0.1:%d"\ndomain = "other.test"\nca = "%s"\n["2"]\nto = "tls://127.0.0.1:%d"\n'
        port = at_port(modem(book % (server.tls_port, authority.root, server.tls_port), "--listen", "raw:0"))
        for number in ("1", "2"):
            with socket.create_connection(("127.0.0.1", port), 20) as line:
                line.sendall(b"ATE0DT%s\r" % number.encode())
                assert read_until(line, b"NO CARRIER\r\n").endswith(b"CONNECT 9600\r\n\r\nNO CARRIER\r\n"), number
    finally:
        server.remove()


def at_port(running):
    return int(re.search(r":(\d+), raw", running.said)[1])


def read_until(line, end):
    data = b""
    while not data.endswith(end):
        piece = line.recv(4096)
        assert piece, data
        data += piece
    return data


class EchoServer(threading.Thread):
    """Answers with what it hears, once. heard: that."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.heard = b""
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        with connection:
            while piece := connection.recv(4096):
                self.heard += piece
                connection.sendall(piece)


@pytest.mark.parametrize("kind", ["tcp", "telnet"])
def test_telnet_and_raw_differ_as_they_should(modem, kind):
    """Every byte comes back, 0xFF too; on the wire telnet has doubled it, and raw has not."""
    server = EchoServer()
    port = at_port(modem('["1"]\nto = "%s://127.0.0.1:%d"\n' % (kind, server.port), "--listen", "raw:0"))
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        line.sendall(b"ATE0S2=255DT1\r")
        read_until(line, b"CONNECT 9600\r\n")
        line.sendall(EVERY_BYTE)
        got = read_until(line, EVERY_BYTE[-4:])
    assert got == EVERY_BYTE
    assert server.heard.count(b"\xff") == (
        3 if kind == "tcp" else 6 + server.heard.count(b"\xff\xfb") + server.heard.count(b"\xff\xfd")
    )
    assert (b"\xff\xff\xff\xff\r\n" in server.heard) == (kind == "telnet")


@pytest.mark.parametrize(
    "options, complaint",
    [
        (["--listen", "modem:1"], "KIND is one of: raw, telnet, rfc2217"),
        (["--listen", "raw:99999"], "KIND is one of"),
        (["--serial", "/dev/nothing"], "nothing"),
        (["--pty", "--profile", "carrier-pigeon"], "no profile 'carrier-pigeon'; there are: v21"),
        (["--pty", "--book", "/nowhere.toml"], "nowhere"),
        (["--pty", "--book", "/nowhere.toml", "--module", "sim800"], "no use for --book"),
        (["--pty", "--module", "sim0"], "sim800"),
        ([], "required"),
    ],
)
def test_wrong_options_are_refused_in_one_line(options, complaint):
    command = [sys.executable, "-m", "nocarrier_emulator", "modem", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=dict(os.environ))
    assert done.returncode == 2 and complaint in done.stderr and "Traceback" not in done.stderr
