"""Peers as processes: each is run by a driver of this folder, which common.py describes."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_PATIENCE_S = 90.0  # a login at 2400 bit/s under TLS takes half of it
NAMES = ("slixmpp", "nbxmpp", "@xmpp/client")


def command(name: str) -> list[str]:
    """The command of a peer's driver; [] if the set-up could not get what it needs."""
    nbxmpp, xmppjs = os.environ.get("NBXMPP"), os.environ.get("XMPPJS")
    if name == "slixmpp":
        return [sys.executable, str(_FOLDER / "drive_slixmpp.py")]
    if name == "nbxmpp":
        return [nbxmpp, str(_FOLDER / "drive_nbxmpp.py")] if nbxmpp else []
    return [xmppjs + "/bin/node", str(_FOLDER / "drive_xmppjs.mjs")] if xmppjs else []


class Failure(Exception):
    """A peer did not do what was awaited; with the last error that it has reported."""


class PeerProcess:
    """A running peer. words: the driver's whole command line."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._process: asyncio.subprocess.Process

    async def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = await asyncio.create_subprocess_exec(
            *self._words, stdin=-1, stdout=-1, stderr=asyncio.subprocess.DEVNULL, env=environment
        )

    def do(self, what: str, **more: str) -> None:
        """Gives a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")

    async def event(self, *names: str) -> dict[str, Any]:
        """The next event with one of these names; what comes before it is passed over. Raises Failure."""
        assert self._process.stdout is not None
        problem = ""  # many have something to say about a line that is cut, and go on
        try:
            while line := await asyncio.wait_for(self._process.stdout.readline(), _PATIENCE_S):
                event: dict[str, Any] = json.loads(line)
                if event["event"] in names:
                    return event
                if event["event"] == "error":
                    problem = event["text"]
        except TimeoutError:
            raise Failure("no %s; %s" % (" or ".join(names), problem)) from None
        raise Failure("ended; " + problem)

    async def quit(self) -> None:
        """Ends the session in order, and the process."""
        if self._process.returncode is None:
            self.do("quit")
            await asyncio.wait_for(self._process.wait(), _PATIENCE_S)

    def kill(self) -> None:
        """Ends the process at once."""
        if self._process.returncode is None:
            self._process.kill()
