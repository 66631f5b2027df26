"""The dialler with modems that we did not write: pyatcommand's AT server, and iaxmodem, which has spandsp's."""

import grp
import os
import pwd
import select
import socket
import subprocess
import tempfile
import time
import tty
from pathlib import Path

import pytest
import serial
from pyatcommand.common import AtErrorCode
from pyatcommand.server import AtCommand, AtServer

from nocarrier_emulator.iaxline import BUSY, REFUSED, RINGS, IaxLine
from nocarrier_ports.links import link as links
from nocarrier_ports.links.dialler import Dialler, DialProfile
from nocarrier_ports.links.stream import StreamLink

DIGITS = {
    "OK": "0", "CONNECT": "1", "NO CARRIER": "3", "ERROR": "4", "NO DIALTONE": "6", "BUSY": "7", "NO ANSWER": "8",
}  # fmt: skip


class Descriptor:
    """An open terminal as StreamLink's stream. pieces: how much one read returns at most."""

    def __init__(self, descriptor, pieces=0):
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._pieces = pieces

    def readinto(self, buf):
        try:
            data = os.read(self._descriptor, min(len(buf), self._pieces or len(buf)))
        except BlockingIOError:
            return None
        buf[: len(data)] = data
        return len(data)

    def write(self, data):
        return os.write(self._descriptor, data)

    def wait(self):
        select.select([self._descriptor], [], [], 0.02)


def now_ms():
    return int(time.monotonic() * 1000)


def call(dialler, stream, for_ms=20_000):
    """True when the call stands."""
    dialler.open(now_ms())
    end_ms = now_ms() + for_ms
    while now_ms() < end_ms:
        if dialler.ready(now_ms()):
            return True
        stream.wait()
    return False


def hang_up(dialler, stream):
    end_ms = now_ms() + 10_000
    while dialler.closing(now_ms()):
        assert now_ms() < end_ms
        stream.wait()


# -- pyatcommand ----------------------------------------------------------------------------------------------------


class Command(AtCommand):
    """The server looks its operations up as of a dict, which its own class is none."""

    def __getitem__(self, operation):
        return getattr(self, operation)


class Fine:
    """The server takes a result that is false for none, and its own AtErrorCode.OK is 0."""

    def __eq__(self, other):
        return other == AtErrorCode.OK


class Modem(AtServer):
    """result: of the dial command, framed as the server frames every result. unasked, at: a line of somebody else's at
    that byte of all that it says."""

    def __init__(self, result, verbose=True, unasked=b"", at=-1):
        super().__init__()
        self.verbose = verbose
        self._result, self._unasked, self._at = result, unasked, at
        self._said = 0
        self._dialled = False
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.descriptor = ours
        self._serial = serial.Serial(os.ttyname(theirs), timeout=0)
        os.close(theirs)
        self._plain_write, self._serial.write = self._serial.write, self._write
        self.add_command(Command("ATDT555", run=self._dial))
        self._stop.set()
        self.start()

    def _write(self, data):
        at = self._at - self._said
        self._said += len(data)
        self._plain_write(data[:at] + self._unasked + data[at:] if 0 <= at < len(data) else data)

    def _dial(self, _):
        self._dialled = True
        return Fine(), None

    def send_ok(self):
        if not self._dialled:
            return super().send_ok()
        text = (
            self._result
            if self.verbose
            else DIGITS[self._result.split()[0] if "CONNECT" in self._result else self._result]
        )
        self._serial.write((self.result_header + text + self.result_trailer).encode())

    def close(self):
        self.stop()
        self._serial.close()
        os.close(self.descriptor)


def outcome(modem, pieces=0, init=("E0",)):
    """The failure that the call ends in, or the modem's words for a call that stands."""
    stream = Descriptor(modem.descriptor, pieces)
    dialler = Dialler(StreamLink(stream), "555", DialProfile(init=init, guard_ms=50, answer_ms=300, connect_ms=600))
    try:
        return dialler.connect_text if call(dialler, stream) else "never"
    except links.LinkError as error:
        return type(error)
    finally:
        modem.close()


RESULTS = (
    ("CONNECT", "CONNECT"),
    ("CONNECT 9600/ARQ", "CONNECT 9600/ARQ"),
    ("NO CARRIER", links.NoCarrier),
    ("ERROR", links.NoCarrier),
    ("NO DIALTONE", links.NoDialtone),
    ("BUSY", links.Busy),
    ("NO ANSWER", links.NoAnswer),
)


@pytest.mark.parametrize("result, wanted", RESULTS)
@pytest.mark.parametrize("pieces", [0, 1])
def test_every_result_of_pyatcommands_server_in_words_and_digits_with_and_without_echo(result, wanted, pieces):
    for init in (("E0",), ("E1",), ("E0V1Q0", "X4")):  # it does not know the last two, and goes on echoing
        for verbose in (True, False):
            got = outcome(Modem(result, verbose), pieces, init)
            assert got == (wanted if verbose or isinstance(wanted, type) else "1"), (init, verbose)


@pytest.mark.parametrize("unasked", [b"\r\nRING\r\n", b"\r\n+CREG: 1\r\n", b'\r\nRING\r\n\r\n+CMTI: "SM",1\r\n'])
def test_what_pyatcommands_server_says_unasked_at_every_byte(unasked):
    said = len(b"ATE0\r" + b"\r\nOK\r\n" + b"\r\nBUSY\r\n")
    whole = {5, 6, 10, 11, 12, 13, 20}  # between its lines, or inside an end of line
    for at in range(said + 1):
        got = outcome(Modem("BUSY", unasked=unasked, at=at))
        assert got is links.Busy or at not in whole and got in (links.NoAnswer, links.Timeout), at


# -- iaxmodem -------------------------------------------------------------------------------------------------------

CONFIG = """device {device}
owner {user}:{group}
mode 600
port {port}
refresh 0
server 127.0.0.1:{server}
peername x
secret x
cidname x
cidnumber 1
codec slinear
"""


@pytest.fixture
def software_modem(tool):
    """Starts iaxmodem on a line; returns (line, stream)."""
    program = tool("IAXMODEM")
    # In a folder with a short name: the program has room for few letters.
    with (
        tempfile.TemporaryDirectory() as folder,
        IaxLine() as line,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free,
    ):
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        top = Path(folder)
        (top / "config").mkdir()
        (top / "log").mkdir()
        device = top / "modem"
        user, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        config = CONFIG.format(device=device, user=user, group=group, port=port, server=line.port)
        (top / "config" / "m").write_text(config)
        modem = subprocess.Popen([program, "m"], cwd=top, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end_s = time.monotonic() + 10
            while not device.exists() and time.monotonic() < end_s:
                time.sleep(0.02)
            descriptor = os.open(device, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(descriptor)
            yield line, Descriptor(descriptor)
            os.close(descriptor)
        finally:
            modem.kill()
            modem.wait()


@pytest.mark.parametrize("init", [("E0Q0V1", "X4", "&C1", "&D2", "S0=0"), ("E1V1",), ("E0V0",), ("E1V0",)])
def test_a_software_modem_is_brought_up_and_dials(software_modem, init):
    line, stream = software_modem
    dialler = Dialler(StreamLink(stream), "5551234", DialProfile(init=init, guard_ms=1_100))
    for hears, error in ((BUSY, links.Busy), (REFUSED, links.NoDialtone), (BUSY, links.Busy)):
        line.hears = hears
        with pytest.raises(error):
            call(dialler, stream)
    assert line.calls == 3


def test_a_software_modem_gives_up_a_call_when_told_to(software_modem):
    line, stream = software_modem
    line.hears = RINGS
    dialler = Dialler(StreamLink(stream), "5551234", DialProfile())
    assert not call(dialler, stream, 2_000) and dialler.status() == "dialling" and line.calls == 1
    hang_up(dialler, stream)
    line.hears = BUSY
    with pytest.raises(links.Busy):
        call(dialler, stream)
