"""Lines that fail at random bytes, on real servers: always online again, by resumption. COUNT=500 SEED=1.

COUNT: how often, at each server.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nocarrier_emulator.netdevice import DIRECT, PLAIN
from nocarrier_emulator.reconnects import Outcome, Reconnects
from nocarrier_emulator.servers.certificate import Authority
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody
from nocarrier_emulator.servers.server import Server

_USERS = {"anna": "anna-pw", "bert": "bert-pw"}


def servers(authority: Authority) -> list[tuple[str, Server, bool]]:
    """Those that the set-up has put in place: name, server, whether a stanza left unfinished spoils its sessions."""
    found: list[tuple[str, Server, bool]] = []
    tools = os.environ
    if tools.get("PROSODY13"):
        found.append(("Prosody 13", Prosody(tools["PROSODY13"], _USERS, authority.server, sasl2=True), True))
    if tools.get("PROSODY012"):
        found.append(("Prosody 0.12", Prosody(tools["PROSODY012"], _USERS, authority.server), True))
    if tools.get("EJABBERD"):
        found.append(("ejabberd", Ejabberd(tools["EJABBERD"], _USERS, authority.server), False))
    return found


def play(name: str, server: Server, spoils: bool, authority: Authority, seed: int, count: int) -> dict[str, Outcome]:
    """One server, which is started and removed: half of the cuts in clear, half under TLS."""
    results: dict[str, Outcome] = {}
    server.start()
    try:
        for way in (PLAIN, DIRECT):
            outcome = Reconnects(server, seed, count // 2, way, authority, deaf=spoils).run()
            results["%s, %s" % (name, way)] = outcome
            print(name, way, outcome, flush=True)
    finally:
        server.remove()
    return results


def main() -> dict[str, Any]:
    """Per server and way: what happened. A seed repeats where the line fails, not what the server does meanwhile.

    The servers side by side: it is mostly waiting for lines that are silent.
    """
    count, seed = int(os.environ.get("COUNT", "500")), int(os.environ.get("SEED", "1"))
    outcomes: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor() as pool:
        authority = Authority(Path(folder))
        played = [pool.submit(play, *each, authority, seed, count) for each in servers(authority)]
        for one in played:
            outcomes.update(one.result())
    failed = [name for name, outcome in outcomes.items() if not outcome.ok()]
    return {**{name: asdict(outcome) for name, outcome in outcomes.items()}, "failed": failed}
