"""All fails at real servers: lines, devices, the server itself.

MESSAGES=10000 CUTS=1000 RESTARTS=50 KILLS=100 CRASHES=10 PLAYS=10 SEED=1; SERVER="Prosody 13" for it alone. Per server,
each way; as many more messages go to an observer that would not know one again. So much is played in PLAYS plays with a
seed each, and each at a server without a past: what Prosody keeps in files takes it a second to look something up in
after two thousand messages. Then a play in which the server is ended by SIGKILL, and two in which slixmpp and
@xmpp/client take the place of our devices.
"""

import multiprocessing
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.peers import processes
from named import number

from nocarrier_emulator.deliveries import USERS, Deliveries, Outcome, Plan
from nocarrier_emulator.deliverylog import DeliveryLog
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody
from nocarrier_emulator.servers.server import Server

_SERVERS = tuple(name for name in ("Prosody 13", "ejabberd") if os.environ.get("SERVER", name) == name)
_PEERS = ("slixmpp", "@xmpp/client")
_OURS = "nocarrier"
_KILLED = "nocarrier, server killed"
_LOGS = Path(__file__).parents[2] / ".build/soak"


def _plans() -> dict[str, list[Plan]]:
    """The plays at each server, by what they are called in the result."""
    messages, cuts = number("MESSAGES", 10_000), number("CUTS", 1000)
    restarts, kills, crashes = number("RESTARTS", 50), number("KILLS", 100), number("CRASHES", 10)
    plays = number("PLAYS", 10)
    whole = (messages, cuts, restarts, kills)
    parts = [[(n + 1) * of // plays - n * of // plays for of in whole] for n in range(plays)]
    short = max(10, messages // 20), cuts // 20, restarts // 20, kills // 20
    plans = {_OURS: [Plan(part[0], part[1], part[2], part[3]) for part in parts]}
    plans[_KILLED] = [Plan(short[0], short[1], kills=short[3], crashes=crashes)]
    for name in _PEERS:
        command = processes.command(name)
        if command:
            plans[name] = [Plan(*short, client=command)]
        else:
            print("%s: not played, the set-up has not got what it needs" % name)
    return plans


def _server(name: str) -> Server | None:
    if name == "ejabberd":
        return Ejabberd(os.environ["EJABBERD"], USERS) if os.environ.get("EJABBERD") else None
    return Prosody(os.environ["PROSODY13"], USERS, sasl2=True) if os.environ.get("PROSODY13") else None


def _play(name: str, plans: dict[str, list[Plan]]) -> dict[str, Outcome]:
    """All plans at one server, each at one that has no past; the outcomes of all that make one row together."""
    outcomes: dict[str, Outcome] = {}
    for client, plan, seed in [(of, plan, n) for of in plans for n, plan in enumerate(plans[of], number("SEED", 1))]:
        server = _server(name)
        if server is None:
            print("%s: not played, it is not there" % name)
            return {}
        server.start()
        try:
            with DeliveryLog() as log:
                play = Deliveries(server, seed, plan)
                play.run()
            if client == _OURS and not play.outcome.ok():
                path = _LOGS / ("%s-%d.log" % (name.replace(" ", "-"), seed))
                log.write(path)
                print("what happened is in %s" % path)
        except AssertionError as error:
            if plan.client is None:
                raise
            print("%s %s: %s" % (name, client, error))  # "ended" is false in its row
        finally:
            server.remove()
        print(name, client, play.outcome, flush=True)
        outcomes[client] = outcomes[client].and_then(play.outcome) if client in outcomes else play.outcome
    return outcomes


def main() -> dict[str, Any]:
    """Per server and client what happened. Failed has ours, if anything went wrong while servers ended in order."""
    plans = _plans()
    here = multiprocessing.get_context("fork")  # each at a processor of its own
    played: multiprocessing.queues.SimpleQueue[tuple[str, dict[str, Outcome]]] = here.SimpleQueue()
    running = [here.Process(target=lambda n=name: played.put((n, _play(n, plans)))) for name in _SERVERS]
    for process in running:
        process.start()
    for process in running:
        process.join()
        if process.exitcode:
            raise SystemExit("a play did not come to its end")
    outcomes = dict(played.get() for _ in running)
    failed = [name for name, of in outcomes.items() if _OURS in of and not of[_OURS].ok()]
    tables = {name: {client: asdict(outcome) for client, outcome in of.items()} for name, of in outcomes.items()}
    return {**tables, "failed": failed}
