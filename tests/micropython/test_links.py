"""Links on 32-bit MicroPython in 64 KB: modules for GSM and LTE on a pty, transparent and in portions; SRV records."""

import asyncio
import socket
import subprocess
from pathlib import Path

import pytest

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.gsm.faults import Faults
from nocarrier_emulator.gsm.modules import MODULES
from nocarrier_emulator.nameserver import NameServer
from nocarrier_emulator.phonebook import Service
from nocarrier_emulator.process import UnixHandheld

SPEED = 8
LIMIT_S = 60


async def conversation(micropython, folder, name, portions):
    """A message to the exchange, the network goes, another one; returns what arrived there."""
    clock = ScaledClock(SPEED)
    exchange = Exchange(clock)
    anna, bert = exchange.add("anna", "pw"), exchange.add("bert", "pw")
    exchange.befriend(anna, bert)
    service = Service(exchange.connect)
    module = MODULES[name](clock, lambda host, port: service, Faults("SIM PIN"))
    settings = {
        "jid": anna.jid,
        "password": "pw",
        "number": "jabber.test:5222",
        "modem": name,
        "portions": portions,
        "apn": "internet",
        "pin": "1234",
        "rate_bps": 9600,
        "speed": SPEED,
    }
    device = UnixHandheld(micropython, module, folder, settings)
    reached = asyncio.Event()
    device.on_event = lambda event: reached.set() if event.get("state") == "on server" else None
    await device.power_on()
    try:
        for body in ("one", "two"):
            reached.clear()
            await device.ask("sent", send=bert.jid, body=body)
            await asyncio.wait_for(reached.wait(), LIMIT_S)
            module.drop_network()
        entries = [entry.stanza for entry in bert.archive]
        return ["".join(part.text for part in stanza.iter() if part.tag.endswith("body")) for stanza in entries]
    except Exception as error:
        raise AssertionError(device.last_words()) from error
    finally:
        await device.close()


@pytest.mark.parametrize("portions", [False, True], ids=["transparent", "portions"])
@pytest.mark.parametrize("name", list(MODULES))
def test_messages_pass_through_each_module_and_outlive_its_network(tool, tmp_path, name, portions):
    arrived = asyncio.run(conversation(tool("MICROPYTHON32"), tmp_path, name, portions))
    assert arrived == ["one", "two"]


def test_a_domains_server_is_found_and_called(tool):
    micropython, script = tool("MICROPYTHON32"), Path(__file__).parent / "net_by_domain.py"
    with socket.create_server(("127.0.0.1", 0)) as server:
        zone = "_xmpp-client._tcp.exchange.test. 60 IN SRV 1 0 %d localhost." % server.getsockname()[1]
        with NameServer(zone) as names:
            command = [micropython, "-X", "heapsize=64k", str(script), str(names.port)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.stdout == "net 4\n", done.stdout + done.stderr
