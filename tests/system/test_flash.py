"""nocarrier-flash and mip on boards without our code, their prompts on a pty: a Cortex-M3 in QEMU, and 32-bit
MicroPython on Linux behind ports/boards/unix/prompt.py.

Both put some hundred files there; the handset then logs in through the emulated modem.
"""

import asyncio
import contextlib
import http.server
import json
import os
import random
import re
import ssl
import subprocess
import sys
import threading
import time
import tty
from functools import partial

import board
import pytest
import trustme

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.dte.pty import PtyPort
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flasher import payload
from nocarrier_emulator.flasher import tool as flasher
from nocarrier_emulator.flasher.board import Board
from nocarrier_emulator.flasher.errors import FlashError
from nocarrier_emulator.flasher.selftest import selftest
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service
from nocarrier_emulator.qemu import MACHINE

HEAP_BYTES = 1 << 20
FLASH_BYTES = 2 << 20
MOUNT = "import mounting\nmounting.mount(%r)"
# As typed after the switch: the files are there only when the flash is mounted, which run() wants to do itself.
START = MOUNT + "\nimport main, vfs\nvfs.umount('/')\nmain.run(%r)"
SETTINGS = {"jid": "anna@exchange.test", "password": "s3cret", "number": "555", "speed": 1}
LIMIT_S = 90


class Qemu:
    """The Cortex-M3, on while in a `with` statement. prompt: then the path of its pty. before: what to run first."""

    name, port = "mps2", "UART1"
    moments_s = (1.0, 15.0)  # in which the cable is pulled

    def __init__(self, folder):
        image = folder / "flash.img"
        image.write_bytes(b"\xff" * FLASH_BYTES)
        manifest = folder / "manifest.py"
        frozen = str(board.TOP / "ports/boards/mps2"), ("mounting.py", "semihosting.py", "uart.py")
        manifest.write_text("freeze%r\n" % (frozen,))
        firmware = board.built(manifest, HEAP_BYTES, board.Path("plain"))
        self.before = MOUNT % str(image)
        self._start = START % (str(image), str(image))
        self._command = [os.environ["QEMU_ARM"], *MACHINE[:-2], "-kernel", firmware, "-serial", "pty"]
        self._modem = []

    def connect(self, modem):
        """Before it is switched on: the modem's device."""
        self._modem = ["-serial", modem]

    def __enter__(self):
        command = self._command + self._modem
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.prompt = re.search(r"/dev/pts/\d+", self._process.stdout.readline())[0]
        return self

    def __exit__(self, *exc):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def start(self, device):
        """Starts what is on its flash."""
        device._transport.exec_raw_no_follow(self._start)


class Linux:
    """The same of MicroPython on Linux."""

    name, port = "unix", "/modem"
    before = ""
    moments_s = (0.5, 4.0)

    def __init__(self, folder):
        manifest = folder / "manifest.py"
        manifest.write_text("freeze(%r, 'prompt.py')\n" % str(board.TOP / "ports/boards/unix"))
        micropython = board.built32(manifest, board.Path("plain32"))
        self._flash = folder / "flash"
        self._flash.mkdir()
        self._command = [micropython, "-X", "heapsize=%d" % HEAP_BYTES, "-m", "prompt", str(self._flash)]

    def connect(self, modem):
        (self._flash / "modem").symlink_to(modem)

    def __enter__(self):
        self._ends = master, slave = os.openpty()
        tty.setraw(slave)
        self.prompt = os.ttyname(slave)
        self._process = subprocess.Popen(self._command, stdin=master, stdout=master, stderr=master)
        return self

    def __exit__(self, *exc):
        if self._ends:
            self._process.kill()
            self._process.wait()
            for end in self._ends:
                os.close(end)
            self._ends = ()

    def start(self, device):
        device._transport.exit_raw_repl()
        device._transport.serial.write(b"\x04")


@pytest.fixture(params=(Qemu, Linux), ids=("mps2", "unix"))
def machine(request, tool, tmp_path):
    """A board without our code and with a blank flash, switched off."""
    tool("QEMU_ARM" if request.param is Qemu else "MICROPYTHON32")
    return request.param(tmp_path)


def flash_command(machine, *more):
    before = ["--before", machine.before] if machine.before else []
    return [sys.executable, "-m", "nocarrier_emulator.flasher", machine.prompt, machine.name, *before, *more]


async def log_in(machine):
    """Starts the handset that is on the flash; returns the events up to its login."""
    clock = ScaledClock(1)
    exchange = Exchange(clock)
    exchange.add("anna", "s3cret")
    modem = Modem(clock, PhoneBook({"555": Service(exchange.connect)}), plain(9600, 50))
    port = PtyPort(modem)
    machine.connect(port.path)
    try:
        with machine:
            return await asyncio.to_thread(_events, machine)
    finally:
        port.close()


def _events(machine):
    device = Board(machine.prompt)
    machine.start(device)
    said, end_s = b"", time.monotonic() + LIMIT_S
    while b'"online"' not in said and time.monotonic() < end_s:
        said += device._transport.serial.read(1)
    device.close()
    assert b'"online"' in said, said
    assert b"s3cret" not in said
    return said


def test_interrupted_at_random_and_run_again_it_ends_right_and_the_board_logs_in(machine, tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({**SETTINGS, "port": machine.port}))
    root = tmp_path / "ca.pem"
    root.write_bytes(trustme.CA().cert_pem.bytes())
    arguments = ("--settings", str(settings), "--root", str(root))
    rng = random.Random(6)
    for _ in range(3):
        with machine:
            command = flash_command(machine, *arguments)
            running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=board.TOP)
            time.sleep(rng.uniform(*machine.moments_s))
            # Either is the first to go: the cable is pulled, or the board's power.
            running.kill() if rng.random() < 0.5 else machine.__exit__()
            running.kill()
            running.wait()
    with machine:
        command = flash_command(machine, *arguments)
        done = subprocess.run(command, capture_output=True, text=True, cwd=board.TOP)
        assert done.returncode == 0, done.stdout + done.stderr
        sent = int(re.search(r"of which (\d+) are sent", done.stdout)[1])
        assert "verified" in done.stdout and "s3cret" not in done.stdout + done.stderr
    wanted = payload.files(6)
    assert 0 < sent < len(wanted) > 90
    wanted["roots/ca.der"] = ssl.PEM_cert_to_DER_cert(root.read_text())
    with machine:
        device = Board(machine.prompt, machine.before)
        there = {path: there for path, there in device.hashes([""]).items() if not path.startswith("flash/")}
        device.close()
    assert {path: flasher._hash(data) for path, data in wanted.items()}.items() <= there.items()
    assert set(there) == set(wanted) | {"main.py", "settings.json"}  # and nothing half-written
    asyncio.run(log_in(machine))


@contextlib.contextmanager
def served(folder):
    """The folder at an address on loopback."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.func.log_message = lambda *args: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield "http://127.0.0.1:%d" % server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def mip_command(machine, address):
    mpremote = [sys.executable, "-m", "mpremote", "connect", machine.prompt, "exec", machine.before or "pass"]
    packages = ["%s/%s/package.json" % (address, package) for package in ("core", "ports")]
    return [*mpremote, "mip", "install", "--target", "/lib", *packages]


def test_mip_installs_both_packages_and_the_board_logs_in(tool, tmp_path):
    """On both boards at once: mpremote waits most of the time."""
    tool("QEMU_ARM"), tool("MICROPYTHON32")
    machines = []
    for kind in (Qemu, Linux):
        folder = tmp_path / kind.name
        folder.mkdir()
        machines.append(kind(folder))
    with machines[0], machines[1], served(board.TOP) as address:
        running = [
            subprocess.Popen(mip_command(machine, address), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for machine in machines
        ]
        for process in running:
            said, _ = process.communicate()
            assert process.returncode == 0, said
    for machine in machines:
        its_flash_is_tested(machine)
        it_logs_in(machine)


def it_logs_in(machine):
    """With what mip has left on it."""
    with machine:
        device = Board(machine.prompt, machine.before)
        device.write("/settings.json", json.dumps({**SETTINGS, "port": machine.port}).encode())
        device.write("/main.py", payload.boards()[machine.name].read_bytes())
        device.close()
    asyncio.run(log_in(machine))


def its_flash_is_tested(machine):
    """The power goes after some flushes."""
    said = []
    plug = threading.Timer(2.0, machine.__exit__)

    def say(text):
        said.append(text)
        if "take its power" in text:
            plug.start()

    def again():
        plug.join()
        machine.__enter__()
        return Board(machine.prompt, machine.before)

    with machine:
        selftest(Board(machine.prompt, machine.before), again, say)
    assert "a flush takes" in said[0] and int(said[2].split()[0]) > 10 and said[3] == "all of them are there"


def test_settings_are_asked_for_and_the_password_is_not_shown(monkeypatch, capsys):
    answers = {"address": "anna@exchange.test", "number": "555"}
    monkeypatch.setattr("builtins.input", lambda prompt: answers[prompt.split()[0]])
    monkeypatch.setattr("getpass.getpass", lambda prompt: "s3cret")
    fields = json.loads(flasher._settings("-"))
    assert fields == {"jid": "anna@exchange.test", "password": "s3cret", "number": "555", "port": "uart"}
    assert "s3cret" not in "".join(capsys.readouterr())


def test_what_is_wrong_is_said_in_a_line(tmp_path, capsys):
    assert flasher.main(["/dev/null", "toaster"]) == 2 and "there is no board 'toaster'" in capsys.readouterr().err
    assert flasher.main([str(tmp_path / "nothing"), "mps2"]) == 1 and "no board at" in capsys.readouterr().err
    wrong = tmp_path / "settings.json"
    for text, words in (("{", "not JSON"), ("[]", "not an object"), ('{"jid": "s3cret@x"}', "number is missing")):
        wrong.write_text(text)
        assert flasher.main(["/dev/null", "mps2", "--settings", str(wrong)]) == 1
        said = capsys.readouterr().err
        assert words in said and "s3cret" not in said
    wrong.write_text("-----BEGIN CERTIFICATE-----")
    assert (
        flasher.main(["/dev/null", "mps2", "--root", str(wrong)]) == 1
        and "is no certificate" in capsys.readouterr().err
    )


def test_a_board_without_a_file_system_is_refused(tool, tmp_path):
    tool("QEMU_ARM")
    with Qemu(tmp_path) as machine:
        with pytest.raises(FlashError, match="no file system|ENOENT|ENODEV|OSError|cannot write|flash free"):
            flasher.flash(
                machine.prompt, payload.boards()["mps2"], json.dumps(SETTINGS), {}, False, "", lambda text: None
            )
