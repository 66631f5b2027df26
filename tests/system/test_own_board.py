"""ports/README.md, "Your own board in 30 lines", word by word: built, started on a pty, and a message typed on it."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.dte.pty import PtyPort
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service

TOP = Path(__file__).parents[2]
CHAPTER = (TOP / "ports" / "README.md").read_text().split("## Your own board in 30 lines")[1].split("\n## ")[0]
LIMIT_S = 60


def written(folder):
    """Writes the chapter's files, with the place of this repository filled in; returns its commands."""
    files = dict(re.findall(r"<!-- file: (\S+) -->\n```\n(.*?)```", CHAPTER, re.S))
    assert set(files) == {"main.py", "manifest.py"}
    for name, text in files.items():
        (folder / name).write_text(text.replace("NOCARRIER", str(TOP)))
    lines = [line for line in files["main.py"].splitlines() if line.strip()]
    assert len([line for line in lines if not line.startswith(("import", "from"))]) <= 30
    commands = CHAPTER.rsplit("```", 2)[1].strip().replace("NOCARRIER", str(TOP)).splitlines()
    return [command.split() for command in commands]


async def conversation(start, folder):
    """Plays with the board; returns what its screen has shown, and what the exchange's other account was sent."""
    clock = ScaledClock(8)
    exchange = Exchange(clock)
    anna, bert = exchange.add("anna", "pw"), exchange.add("bert", "pw")
    exchange.befriend(anna, bert, "Anna", "Bert")
    port = PtyPort(Modem(clock, PhoneBook({"555": Service(exchange.connect)})))
    settings = {"jid": anna.jid, "password": "pw", "number": "555", "port": port.path, "speed": 8}
    (folder / "settings.json").write_text(json.dumps(settings))
    process = await asyncio.create_subprocess_exec(
        *start, cwd=folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={"MICROPYPATH": ".frozen", "PATH": os.environ["PATH"]},
    )  # fmt: skip
    shown = ""

    async def until(words):
        nonlocal shown
        while words not in shown.split("\x1b[2J")[-1]:
            data = await asyncio.wait_for(process.stdout.read(4096), LIMIT_S)
            assert data, shown
            shown += data.decode()

    try:
        await until("online")
        await until("Bert")
        process.stdin.write(b"\r")
        await until("bert@")
        process.stdin.write(b"Hi\r")
        await until("(on server)")
        return shown, [body.text for body in bert.archive[-1].stanza.iter() if body.tag.endswith("body")]
    finally:
        process.kill()
        await process.wait()
        port.close()


def test_the_readmes_own_board(tool, tmp_path):
    tool("MICROPYTHON32")
    build, start = written(tmp_path)
    done = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "FOLDER"
    folder.mkdir()
    shown, bodies = asyncio.run(conversation([str(tmp_path / start[0]), *start[1:-1], str(folder)], folder))
    assert bodies == ["Hi"] and "pw" not in shown
