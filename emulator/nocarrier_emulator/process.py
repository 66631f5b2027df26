"""A handheld that is a process, with its modem on a pty, and its power cut by SIGKILL.

Two kinds: 32-bit MicroPython with everything frozen and a capped heap, and the firmware for a Cortex-M3 in QEMU.
"""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nocarrier_emulator.dte.port import Dce
from nocarrier_emulator.dte.pty import PtyPort
from nocarrier_emulator.qemu import MACHINE
from nocarrier_ports.handset import words

_ATTEMPTS = 10
_AGAIN_S = 0.5
_ANSWER_S = 20  # real time in which a handheld answers, while it derives a key too


class PowerLost(Exception):
    """The handheld's power went before it had answered, or was off."""


class Refused(RuntimeError):
    """The handheld has understood, and will not; its words say why."""


class Crashed(RuntimeError):
    """It has ended by itself, or answers nothing any more; its last words are told."""


class ProcessHandheld:
    """Speaks the remote control's JSON lines (nocarrier_ports.remote).

    command: what is started. flash: the folder where its flash is.
    """

    def __init__(self, modem: Dce, port: PtyPort, command: list[str], flash: Path) -> None:
        flash.mkdir(exist_ok=True)
        self._flash = flash
        self._modem = modem
        self._port = port
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._killed: asyncio.subprocess.Process | None = None  # and has not been seen to end
        self._reader: asyncio.Task[None] | None = None
        self._answers: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._asking = asyncio.Lock()
        self.on_event: Callable[[dict[str, Any]], None] = lambda event: None
        self.errors = b""  # what it said that is no JSON: the traceback of a crash

    async def power_on(self) -> None:
        self._modem.set_dtr(True)
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"MICROPYPATH": ".frozen", "PATH": os.environ.get("PATH", "")},
        )
        self._answers = asyncio.Queue()
        self._reader = asyncio.create_task(self._read(self._process, self._answers))
        self._say(self._greeting())

    def cut(self) -> None:
        """SIGKILL: the battery falls out, and DTR falls with it. kill() tidies up then."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            self._killed, self._process = self._process, None
        self._modem.set_dtr(False)

    async def kill(self) -> None:
        """The same, until it is gone."""
        self.cut()
        if self._killed is not None:
            await self._killed.wait()
            self._killed = None
        if self._reader is not None:
            await self._reader
        self._port.flush()

    async def close(self) -> None:
        await self.kill()
        self._port.close()

    async def ask(self, last: str, **fields: Any) -> list[dict[str, Any]]:
        """Sends a command and collects its answers up to the one that has the key `last`.

        One that is refused for want of memory, as in the middle of a login, is sent again after a while. Raises
        PowerLost, Refused or Crashed.
        """
        async with self._asking:
            for attempt in range(1, _ATTEMPTS + 1):
                if self._process is None:
                    raise PowerLost
                # As UTF-8: MicroPython's json does not join escaped surrogates.
                self._say(json.dumps(fields, ensure_ascii=False).encode() + b"\n")
                collected = await self._answered(last)
                refusal = collected[-1].get("refused")
                if refusal is None:
                    return collected
                if refusal != words.of_error(MemoryError()) or attempt == _ATTEMPTS:
                    raise Refused(refusal)
                await asyncio.sleep(_AGAIN_S)
        raise AssertionError  # the last attempt has ended it

    async def _answered(self, last: str) -> list[dict[str, Any]]:
        """Answers up to the one with that key, or to a refusal."""
        collected: list[dict[str, Any]] = []
        while not collected or not {last, "refused"} & collected[-1].keys():
            try:
                answer = await asyncio.wait_for(self._answers.get(), _ANSWER_S)
            except TimeoutError:
                raise Crashed("no answer in %d s; %s" % (_ANSWER_S, self.last_words())) from None
            if answer is None:
                if self._process is not None:
                    await self._process.wait()
                    raise Crashed(self.last_words())
                raise PowerLost
            collected.append(answer)
        return collected

    def last_words(self) -> str:
        """What is known of a crash."""
        return "the handheld has crashed:\n" + self.errors.decode(errors="replace")

    def image(self) -> dict[str, bytes]:
        """What is on its flash, as files by name."""
        return {path.name: path.read_bytes() for path in sorted(self._flash.iterdir())}

    def load(self, image: dict[str, bytes]) -> None:
        """Has this on its flash, and nothing else. It must be off."""
        for path in self._flash.iterdir():
            path.unlink()
        for name, data in image.items():
            (self._flash / name).write_bytes(data)

    def crashed(self) -> bool:
        """It has ended by itself."""
        return self._process is not None and self._process.returncode is not None

    def _greeting(self) -> bytes:
        """What is typed as soon as the power has come."""
        return b""

    def _say(self, data: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(data)

    async def _read(self, process: asyncio.subprocess.Process, answers: "asyncio.Queue[dict[str, Any] | None]") -> None:
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
                answers.put_nowait(message)
        answers.put_nowait(None)


class UnixHandheld(ProcessHandheld):
    """32-bit MicroPython with everything frozen. folder: its settings and flash. heap: as its -X heapsize takes it.

    Its port is the modem's, unless the settings say another.
    """

    def __init__(self, micropython: str, modem: Dce, folder: Path, settings: dict[str, Any], heap: str = "64k") -> None:
        port = PtyPort(modem)
        command = [micropython, "-X", "heapsize=" + heap, "-m", "main", str(folder)]
        super().__init__(modem, port, command, folder / "flash")
        path = folder / "settings.json"
        path.touch(mode=0o600)  # it holds the password
        path.write_text(json.dumps({"port": port.path, **settings}))


class FirmwareHandheld(ProcessHandheld):
    """The firmware of ports/boards/mps2 in QEMU, in real time. folder: where its flash is, a file of one name."""

    def __init__(self, qemu: str, firmware: str, modem: Dce, folder: Path, settings: dict[str, Any]) -> None:
        port = PtyPort(modem)
        command = [qemu, *MACHINE, "-serial", port.path, "-kernel", firmware]
        super().__init__(modem, port, command, folder / "flash")
        self._medium = self._flash / "flash.img"
        self._settings = json.dumps({**settings, "port": "UART1"})

    def _greeting(self) -> bytes:
        """At the raw REPL: the settings are written if the flash is new; then the handset runs."""
        program = "print()\nimport main\n"  # behind the prompt's last word a line begins
        if not self._medium.exists():
            program += "main.install(%r, %r)\n" % (str(self._medium), self._settings)
        program += "main.run(%r)\n" % str(self._medium)
        return b"\x01" + program.encode() + b"\x04"
