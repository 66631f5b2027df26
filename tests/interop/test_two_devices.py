"""Two devices of one account at real servers: each conversation is whole on both of them, everything once."""

import pytest

from nocarrier.queue import states
from nocarrier_emulator.netdevice import PLAIN, NetDevice
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody

USERS = {"anna": "anna-pw", "bert": "bert-pw"}
SERVERS = {
    "Prosody 13": ("PROSODY13", lambda tool, key: Prosody(tool, USERS, key, sasl2=True)),
    "Prosody 0.12": ("PROSODY012", lambda tool, key: Prosody(tool, USERS, key)),
    "ejabberd": ("EJABBERD", lambda tool, key: Ejabberd(tool, USERS, key)),
}


def lines(device, peer):
    """(text, whether it came in) of a conversation."""
    jid = "%s@%s" % (peer, device.client.account.domain)
    return [(item.body, item.incoming) for item in device.client.store.history(jid, 99)]


@pytest.mark.parametrize("name", SERVERS)
def test_conversations_are_whole_on_both_devices(name, tool, authority, started):
    variable, make = SERVERS[name]
    server = started(name, lambda: make(tool(variable), authority.server))

    def device(user, resource):
        return NetDevice(server, user, way=PLAIN, trusted=True, carbons=True, resource=resource)

    pocket, desk, bert = device("anna", "pocket"), device("anna", "desk"), device("bert", "nc")
    devices = [pocket, desk, bert]
    pocket.run(lambda: all(each.ready() for each in devices), others=devices[1:])
    anna_jid, bert_jid = pocket.client.account.jid, bert.client.account.jid

    def until(condition):
        pocket.run(condition, others=devices[1:])

    bert.client.send_message(anna_jid, "to whoever is there")
    until(lambda: lines(pocket, "bert") and lines(desk, "bert"))
    desk.client.send_message(bert_jid, "from the desk")
    until(lambda: len(lines(pocket, "bert")) == 2 and len(lines(bert, "anna")) == 2)
    assert lines(pocket, "bert") == lines(desk, "bert") == [("to whoever is there", True), ("from the desk", False)]
    # The pocket device's line is gone for good: what was said meanwhile it finds in the archive.
    pocket.log_out()
    devices.remove(pocket)
    desk.client.send_message(bert_jid, "while you were away")
    desk.run(lambda: len(lines(bert, "anna")) == 3, others=[bert])  # else the server may take the answer first
    bert.client.send_message(anna_jid, "indeed")
    desk.run(lambda: len(lines(desk, "bert")) == len(lines(bert, "anna")) == 4, others=[bert])
    desk.run(lambda: desk.client.store.history(bert_jid, 99)[2].state == states.DELIVERED, others=[bert])
    pocket = NetDevice(server, "anna", flash=pocket.flash, way=PLAIN, trusted=True, carbons=True, resource="pocket")
    devices.append(pocket)
    pocket.run(pocket.ready, others=[desk, bert])
    for _ in range(100):  # what comes twice has time to come
        for each in devices:
            each.step()
    assert lines(pocket, "bert")[2:] == [("while you were away", False), ("indeed", True)]
    assert lines(pocket, "bert") == lines(desk, "bert")
    assert [body for body, incoming in lines(bert, "anna") if incoming] == ["from the desk", "while you were away"]
    for each in devices:
        each.log_out()
