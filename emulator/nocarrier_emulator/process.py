"""A handheld that is a process: 32-bit MicroPython with everything frozen and a capped heap, its modem on a pty."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nocarrier_emulator.modem import Modem
from nocarrier_emulator.pty import PtyPort


class ProcessHandheld:
    """Speaks the remote control's JSON lines (nocarrier_ports.remote). folder: its settings and flash."""

    def __init__(
        self, micropython: str, modem: Modem, folder: Path, settings: dict[str, Any], heap: str = "64k"
    ) -> None:
        self._micropython = micropython
        self._modem = modem
        self._folder = folder
        self._heap = heap
        self._port = PtyPort(modem)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.on_event: Callable[[dict[str, Any]], None] = lambda event: None
        self.errors = b""  # what it said that is no JSON: the traceback of a crash
        path = folder / "settings.json"
        path.touch(mode=0o600)  # it holds the password
        path.write_text(json.dumps({**settings, "port": self._port.path}))

    @property
    def running(self) -> bool:
        return self._process is not None

    async def power_on(self) -> None:
        self._modem.set_dtr(True)
        self._process = await asyncio.create_subprocess_exec(
            self._micropython, "-X", "heapsize=" + self._heap, "-m", "nocarrier_ports.unix", str(self._folder),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={"MICROPYPATH": ".frozen", "PATH": os.environ.get("PATH", "")},
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read(self._process))

    async def kill(self) -> None:
        """SIGKILL: the battery falls out. DTR falls with it."""
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()
        if self._reader is not None:
            await self._reader
        self._modem.set_dtr(False)
        self._port.flush()

    async def close(self) -> None:
        await self.kill()
        self._port.close()

    def command(self, **fields: Any) -> None:
        """Sends a command; what it answers comes out of ask() or on_event."""
        assert self._process is not None and self._process.stdin is not None
        # As UTF-8: MicroPython's json does not join escaped surrogates.
        self._process.stdin.write(json.dumps(fields, ensure_ascii=False).encode() + b"\n")

    async def ask(self, last: str, **fields: Any) -> list[dict[str, Any]]:
        """Sends a command and collects its answers up to the one that has the key `last`."""
        while not self._answers.empty():
            self._answers.get_nowait()
        self.command(**fields)
        answers = []
        while True:
            answer = await asyncio.wait_for(self._answers.get(), 20)
            answers.append(answer)
            if last in answer or "error" in answer:
                return answers

    def crashed(self) -> bool:
        """It has ended by itself."""
        return self._process is not None and self._process.returncode is not None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            try:
                message = json.loads(line)
            except ValueError:
                self.errors += line  # a traceback of MicroPython's
                continue
            if "event" in message:
                self.on_event(message)
            else:
                self._answers.put_nowait(message)
