"""All fails at real servers: lines, devices, the server itself. MESSAGES=10000 CUTS=1000 RESTARTS=50 KILLS=100 SEED=1.

Per server, each way; as many more messages go to an observer that would not know one again.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from nocarrier_emulator.deliveries import ANNA, BERT, OBSERVER, Deliveries, Outcome
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody
from nocarrier_emulator.servers.server import Server

_USERS = {ANNA: "anna-pw", BERT: "bert-pw", OBSERVER: "carl-pw"}


def _number(name: str, usual: int) -> int:
    return int(os.environ.get(name, str(usual)))


def play(name: str, server: Server) -> Outcome:
    """One server, which is started and removed."""
    server.start()
    try:
        what = (_number("MESSAGES", 10_000), _number("CUTS", 1000), _number("RESTARTS", 50), _number("KILLS", 100))
        outcome = Deliveries(server, _number("SEED", 1), *what).run()
    finally:
        server.remove()
    print(name, outcome, flush=True)
    return outcome


def main() -> dict[str, Any]:
    """Per server: what happened."""
    servers: dict[str, Server] = {}
    if os.environ.get("PROSODY13"):
        servers["Prosody 13"] = Prosody(os.environ["PROSODY13"], _USERS, sasl2=True)
    if os.environ.get("EJABBERD"):
        servers["ejabberd"] = Ejabberd(os.environ["EJABBERD"], _USERS)
    with ThreadPoolExecutor() as pool:
        played = {name: pool.submit(play, name, server) for name, server in servers.items()}
    outcomes = {name: one.result() for name, one in played.items()}
    failed = [name for name, outcome in outcomes.items() if not outcome.ok()]
    return {**{name: asdict(outcome) for name, outcome in outcomes.items()}, "failed": failed}
