"""The page as a browser gets it: served by `make run`, opened in a real Chromium."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

TOP = Path(__file__).parents[2]
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def address():
    """Where `make run` serves, started as a user would and ended as by Ctrl-C."""
    process = subprocess.Popen(
        ["make", "-s", "run", "HEADLESS=1", "PORT=0"],
        cwd=TOP,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell's job in the background ignores it, and hands that on to us and to ours.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env={key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
    )
    try:
        line = process.stdout.readline()
        yield re.search(r"http://\S+", line).group(0)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(20)


@pytest.fixture(scope="module")
def served():
    """served(*options): where `nocarrier-emulator serve` is then to be found; it runs until the module has ended."""
    processes = []

    def serve(*options):
        command = [sys.executable, "-m", "nocarrier_emulator", "serve", "--headless", "--port", "0", *options]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return re.search(r"http://\S+", processes[-1].stdout.readline()).group(0)

    yield serve
    for process in processes:
        process.send_signal(signal.SIGINT)
        process.wait(20)


@pytest.fixture
def page(address, tool):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("CHROMIUM"), args=CHROMIUM_ARGS)
        page = browser.new_context(viewport={"width": 1180, "height": 1120}).new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(address)
        yield page
        browser.close()
        assert errors == []
