"""What the drivers written in Python share. They run in other Pythons than ours, and import nothing of ours.

DRIVER HOST PORT plain|direct JID PASSWORD [--state FOLDER] [--mechanism NAME] [--debug]

The driver connects at once, without looking at certificates. It takes commands on stdin and tells events on stdout, one
JSON object a line:

{"do": "send", "to", "body"}   a chat message with a request for a receipt; offline it waits for the next session
{"do": "reconnect"}            after "lost", or away from a connection that is still there
{"do": "quit"}                 ends the session; so does the end of stdin

{"event": "ready"}             new session: roster and own presence were received. "roster": how many contacts
{"event": "resumed"}           the old session goes on
{"event": "online"}            it does not: a new one begins, and "ready" follows
{"event": "lost"}              there is no connection any more
{"event": "message", "from", "body"}
{"event": "error", "text"}
"""

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    for name in ("host", "port", "tls", "jid", "password"):
        parser.add_argument(name)
    parser.add_argument("--state", help="folder for what a client keeps between two runs: here, the roster")
    parser.add_argument("--mechanism", help="SASL mechanism instead of the library's choice")
    parser.add_argument("--debug", action="store_true")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG if chosen.debug else logging.CRITICAL, stream=sys.stderr)
    return chosen


def tell(event: str, **more: object) -> None:
    """Tells an event."""
    print(json.dumps({"event": event, **more}), flush=True)


class State:
    """data: what was kept by an earlier run, {} if nothing was."""

    def __init__(self, folder: str | None, name: str) -> None:
        self.data: dict[str, Any] = {}
        self._path = Path(folder) / (name + ".json") if folder else None
        if self._path and self._path.exists():
            self.data = json.loads(self._path.read_text())

    def keep(self, data: dict[str, Any]) -> None:
        """Keeps it for later runs."""
        self.data = data
        if self._path:
            new = self._path.with_suffix(".new")
            new.write_text(json.dumps(data))
            os.replace(new, self._path)
