"""nocarrier-flash and mip on a board without our code: MicroPython for the Cortex-M3 in QEMU, its prompt on a pty.

Both put some hundred files there; the handset then logs in through the emulated modem.
"""

import asyncio
import contextlib
import http.server
import json
import random
import re
import subprocess
import sys
import threading
import time
from functools import partial

import board
import pytest

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flasher import payload, tool
from nocarrier_emulator.flasher.board import Board
from nocarrier_emulator.flasher.errors import FlashError
from nocarrier_emulator.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service
from nocarrier_emulator.pty import PtyPort
from nocarrier_emulator.qemu import MACHINE

HEAP_BYTES = 1 << 20
FLASH_BYTES = 2 << 20
MOUNT = "import mounting\nmounting.mount(%r)"
# As typed after the switch: the files are there only when the flash is mounted, which run() wants to do itself.
START = MOUNT + "\nimport main, vfs\nvfs.umount('/')\nmain.run(%r)"
SETTINGS = {"jid": "anna@exchange.test", "password": "s3cret", "number": "555", "port": "UART1", "speed": 1}
MOMENTS_S = (1.0, 15.0)
LIMIT_S = 90


@pytest.fixture(scope="module")
def firmware(tool, tmp_path_factory):
    """The path of a firmware that has a flash and a modem, and knows nothing of us."""
    tool("QEMU_ARM")
    manifest = tmp_path_factory.mktemp("plain") / "manifest.py"
    folder = board.TOP / "ports/boards/mps2"
    manifest.write_text("freeze(%r, ('mounting.py', 'semihosting.py', 'uart.py'))\n" % str(folder))
    return board.built(manifest, HEAP_BYTES, board.Path("plain"))


class Machine:
    """The board, switched on. prompt: the path of its pty. modem: the device on its other port."""

    def __init__(self, firmware, modem=""):
        serial = ["-serial", "pty"] + (["-serial", modem] if modem else [])
        command = [board.os.environ["QEMU_ARM"], *MACHINE[:-2], *serial, "-kernel", firmware]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.prompt = re.search(r"/dev/pts/\d+", self._process.stdout.readline())[0]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture
def image(tmp_path):
    """A blank flash."""
    path = tmp_path / "flash.img"
    path.write_bytes(b"\xff" * FLASH_BYTES)
    return str(path)


def flash_command(machine, image, *more):
    command = [sys.executable, "-m", "nocarrier_emulator.flasher", machine.prompt, "mps2", "--before", MOUNT % image]
    return [*command, *more]


async def log_in(firmware, image):
    """Starts the handset that is on the flash; returns the events up to its login."""
    clock = ScaledClock(1)
    exchange = Exchange(clock)
    exchange.add("anna", "s3cret")
    modem = Modem(clock, PhoneBook({"555": Service(exchange.connect)}), 9600, 50)
    port = PtyPort(modem)
    try:
        with Machine(firmware, port.path) as machine:
            return await asyncio.to_thread(_events, machine, image)
    finally:
        port.close()


def _events(machine, image):
    device = Board(machine.prompt)
    device._transport.exec_raw_no_follow(START % (image, image))
    said, end_s = b"", time.monotonic() + LIMIT_S
    while b'"online"' not in said and time.monotonic() < end_s:
        said += device._transport.serial.read(1)
    device.close()
    assert b'"online"' in said, said
    assert b"s3cret" not in said
    return said


def test_interrupted_at_random_and_run_again_it_ends_right_and_the_board_logs_in(firmware, image, tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    rng = random.Random(6)
    for _ in range(3):
        with Machine(firmware) as machine:
            running = subprocess.Popen(
                flash_command(machine, image, "--settings", str(settings)), stdout=subprocess.DEVNULL, cwd=board.TOP
            )
            time.sleep(rng.uniform(*MOMENTS_S))
            # Either is the first to go: the cable is pulled, or the board's power.
            running.kill() if rng.random() < 0.5 else machine.__exit__()
            running.kill()
            running.wait()
    with Machine(firmware) as machine:
        command = flash_command(machine, image, "--settings", str(settings))
        done = subprocess.run(command, capture_output=True, text=True, cwd=board.TOP)
        assert done.returncode == 0, done.stdout + done.stderr
        sent = int(re.search(r"of which (\d+) are sent", done.stdout)[1])
        assert "verified" in done.stdout and "s3cret" not in done.stdout + done.stderr
    wanted = payload.files(6)
    assert 0 < sent < len(wanted) > 90
    with Machine(firmware) as machine:
        device = Board(machine.prompt, MOUNT % image)
        there = device.hashes([""])
        device.close()
    assert {path: tool._hash(data) for path, data in wanted.items()}.items() <= there.items()
    assert set(there) == set(wanted) | {"/main.py", "/settings.json"}  # and nothing half-written
    asyncio.run(log_in(firmware, image))


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


def test_mip_installs_both_packages_and_the_board_logs_in(firmware, image):
    with Machine(firmware) as machine, served(board.TOP) as address:
        mpremote = [sys.executable, "-m", "mpremote", "connect", machine.prompt, "exec", MOUNT % image]
        mpremote += ["mip", "install", "--target", "/lib"]
        mpremote += ["%s/%s/package.json" % (address, package) for package in ("core", "ports")]
        done = subprocess.run(mpremote, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        device = Board(machine.prompt, MOUNT % image)
        device.write("/settings.json", json.dumps(SETTINGS).encode())
        device.write("/main.py", payload.boards()["mps2"].read_bytes())
        device.close()
    asyncio.run(log_in(firmware, image))


def test_settings_are_asked_for_and_the_password_is_not_shown(monkeypatch, capsys):
    answers = {"address": "anna@exchange.test", "number": "555"}
    monkeypatch.setattr("builtins.input", lambda prompt: answers[prompt.split()[0]])
    monkeypatch.setattr("getpass.getpass", lambda prompt: "s3cret")
    fields = json.loads(tool._settings("-"))
    assert fields == {"jid": "anna@exchange.test", "password": "s3cret", "number": "555", "port": "uart"}
    assert "s3cret" not in "".join(capsys.readouterr())


def test_what_is_wrong_is_said_in_a_line(firmware, image, tmp_path, capsys):
    assert tool.main(["/dev/null", "toaster"]) == 2 and "there is no board 'toaster'" in capsys.readouterr().err
    assert tool.main([str(tmp_path / "nothing"), "mps2"]) == 1 and "no board at" in capsys.readouterr().err
    wrong = tmp_path / "settings.json"
    for text, words in (("{", "not JSON"), ("[]", "not an object"), ('{"jid": "s3cret@x"}', "number is missing")):
        wrong.write_text(text)
        assert tool.main(["/dev/null", "mps2", "--settings", str(wrong)]) == 1
        said = capsys.readouterr().err
        assert words in said and "s3cret" not in said
    with Machine(firmware) as machine:
        with pytest.raises(FlashError, match="no file system|ENOENT|ENODEV|OSError|cannot write|flash free"):
            tool.flash(machine.prompt, payload.boards()["mps2"], json.dumps(SETTINGS), False, "", lambda text: None)
