"""Programs that have dialled modems for decades accept ours: chat(8) and minicom, as Debian ships them."""

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from served import Served

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.dte.pty import PtyPort
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import Echo, PhoneBook, Silent
from nocarrier_emulator.terminalserver import TerminalServer


@pytest.fixture
def path():
    """The device of a modem that thinks a little, as they do."""

    async def make():
        host = TerminalServer("anna", "secret", {"echo": Echo()})
        book = PhoneBook({"555": host, "1": Silent("BUSY"), "2": Echo()})
        modem = Modem(ScaledClock(4), book, plain(9600, 50))
        modem.think_ms = 20
        return PtyPort(modem)

    with Served(make) as port:
        yield port.path


@pytest.fixture
def terminals(tool):
    return Path(tool("TERMINALS"))


def chat(terminals, path, *script):
    """chat(8)'s exit status, and what it saw."""
    with open(path, "r+b", buffering=0) as device:
        command = [str(terminals / "chat"), "-e", "-t", "10", "ABORT", "BUSY", "ABORT", "NO CARRIER", *script]
        done = subprocess.run(command, stdin=device, stdout=device, stderr=subprocess.PIPE, timeout=60)
    return done.returncode, done.stderr.decode(errors="replace")


def test_chat_dials_and_logs_in(terminals, path):
    script = ("", "ATZ", "OK", "ATDT555", "CONNECT", "\\c", "ogin:", "anna", "assword:", "secret", "change>")
    status, seen = chat(terminals, path, *script, "connect echo", "Open", "hello", "hello", "\\c")
    assert status == 0 and "Welcome to exchange" in seen, seen


def test_chat_hears_that_a_number_is_busy(terminals, path):
    status, seen = chat(terminals, path, "", "ATE1V1Q0", "OK", "ATDT1", "CONNECT", "")
    assert status == 4, seen  # the first of its ABORT strings


def test_chat_hangs_up_by_escape(terminals, path):
    status, seen = chat(
        terminals, path, "", "ATS12=20", "OK", "ATDT2", "CONNECT", "\\d\\d+++\\c", "OK", "ATH", "OK", "\\c"
    )
    assert status == 0, seen


class Screen:
    """A terminal in which a program runs: keys in, all that it has written out."""

    def __init__(self, command, environment):
        self.seen = b""
        self._pid, self._descriptor = pty.fork()
        if self._pid == 0:
            os.execve(command[0], command, environment)

    def shows(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.seen:
            if time.monotonic() > end:
                return False
            if select.select([self._descriptor], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._descriptor, 4096)
                except OSError:
                    return text in self.seen
        return True

    def type(self, keys):
        self.seen = b""
        os.write(self._descriptor, keys)

    def close(self):
        os.kill(self._pid, signal.SIGHUP)
        os.waitpid(self._pid, 0)
        os.close(self._descriptor)


def test_minicom_sets_the_modem_up_dials_and_talks(terminals, path, tmp_path):
    """The initialisation that was its default for decades, with spaces and small letters; then what a person types."""
    settings = "pu lock %s\npu rtscts No\npu minit ~^M~AT S7=45 S0=0 L1 V1 X4 &c1 E1 Q0^M\n" % tmp_path
    (tmp_path / ".minirc.dfl").write_text(settings)
    environment = {"HOME": str(tmp_path), "TERM": "vt100", "PATH": os.environ["PATH"], "LC_ALL": "C"}
    screen = Screen([str(terminals / "minicom"), "-D", path, "-b", "9600"], environment)
    try:
        assert screen.shows(b"&c1 E1 Q0"), screen.seen
        assert screen.shows(b"OK"), screen.seen
        screen.type(b"ATDT2\r")
        assert screen.shows(b"CONNECT 9600"), screen.seen
        screen.type(b"is anybody there?")
        assert screen.shows(b"is anybody there?"), screen.seen
    finally:
        screen.close()
