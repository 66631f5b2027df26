"""The page for a device on a cable: 32-bit MicroPython with the firmware's own remote control, in a real Chromium."""

import json
import os
import subprocess
import sys

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect


class Board:
    """With nothing behind its modem port; its console is one end of the cable."""

    def __init__(self, micropython, console, folder):
        self._modem = os.openpty()
        port = os.ttyname(self._modem[1])
        settings = {"jid": "anna@exchange.test", "password": "pw", "number": "1", "port": port}
        (folder / "settings.json").write_text(json.dumps(settings))
        self._command = [micropython, "-X", "heapsize=64k", "-m", "main", str(folder)]
        self._console = console
        self._process = None

    def power_on(self):
        with open(self._console, "r+b", buffering=0) as console:
            self._process = subprocess.Popen(
                self._command, stdin=console, stdout=console, stderr=subprocess.DEVNULL, env={"MICROPYPATH": ".frozen"}
            )

    def power_off(self):
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def board(tool, cable, tmp_path_factory):
    board = Board(tool("MICROPYTHON32"), cable[0], tmp_path_factory.mktemp("board"))
    board.power_on()
    yield board
    board.power_off()


@pytest.fixture(scope="module")
def address(board, cable, served):
    return served("--device", str(cable[1]))


def test_its_screen_is_shown_and_its_keys_are_pressed(page, board):
    device = page.locator(".handheld")
    screen, typing = device.locator(".screen"), device.get_by_label("type here")
    expect(device).to_have_count(1)
    expect(screen).to_contain_text("0B", timeout=20_000)  # the top line's meter
    expect(device.locator(".meter")).to_contain_text("B free", timeout=20_000)
    for hidden in (device.locator(".lamps"), device.get_by_text("pull the plug"), page.get_by_text("let it loose")):
        expect(hidden).to_be_hidden()
    typing.press("F2")
    expect(screen).to_contain_text("write to", timeout=20_000)
    typing.press_sequentially("grüße")
    expect(screen).to_contain_text("grüße", timeout=20_000)
    device.get_by_role("button", name="Escape", exact=True).click()
    expect(screen).not_to_contain_text("write to", timeout=20_000)
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def test_a_device_that_loses_its_power_is_told_and_comes_back(page, board):
    device = page.locator(".handheld")
    expect(device.locator(".screen")).to_contain_text("0B", timeout=20_000)
    board.power_off()
    expect(device.locator(".meter")).to_have_text("nothing is heard from it", timeout=30_000)
    board.power_on()
    expect(device.locator(".meter")).to_contain_text("B free", timeout=30_000)


def test_what_is_no_device_is_told_in_one_line(tmp_path):
    command = [sys.executable, "-m", "nocarrier_emulator", "serve", "--headless", "--device", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1 and "none" in done.stderr and "Traceback" not in done.stderr
