"""The Cortex-M3 firmware in QEMU, driven over its raw REPL; time is counted in instructions.

One instruction is one nanosecond of the machine's time, on every run (`-icount shift=0`): the microsecond counter of
the board counts thousands of instructions.
"""

import os
import select
import subprocess
import time

MACHINE = ("-machine", "mps2-an385", "-display", "none", "-monitor", "none", "-semihosting", "-serial", "stdio")
# Typed in first: usecs() is the board's counter, one a thousand instructions.
_PRELUDE = """
from machine import mem32
mem32[0x4002801c] = 24
def usecs():
    return mem32[0x40028018]
"""
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"


class Board:
    """A booted firmware; use it in a `with` statement. Raises RuntimeError for what the device reports as an error."""

    def __init__(self, qemu: str, firmware: str, timeout_s: float = 600) -> None:
        self._timeout_s = timeout_s
        self._process = subprocess.Popen(
            [qemu, *MACHINE, "-icount", "shift=0", "-kernel", firmware],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._heard = b""
        try:
            self._say(b"\r\x03\x03\x01")
            self._until(_BANNER)
            self.run(_PRELUDE)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def run(self, program: str) -> str:
        """Runs the program and returns what it has printed."""
        self._say(program.encode() + b"\x04")
        self._until(b"OK")
        out = self._until(b"\x04")
        error = self._until(b"\x04")
        self._until(b">")
        if error:
            raise RuntimeError((out + error).decode("utf-8", "replace"))
        return out.decode().replace("\r\n", "\n")

    def close(self) -> None:
        """Switches it off."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _say(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _until(self, mark: bytes) -> bytes:
        """What comes in front of the mark."""
        assert self._process.stdout is not None
        end = time.monotonic() + self._timeout_s  # a process of its own: there is no clock to inject
        while mark not in self._heard:
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, end - time.monotonic()))
            data = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise RuntimeError("the board has fallen silent; last words: %r" % self._heard[-200:])
            self._heard += data
        before, _, self._heard = self._heard.partition(mark)
        return before
