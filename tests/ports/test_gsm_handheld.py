"""A whole handheld on each module, transparent and in portions, in virtual time: messages outlive the line."""

import pytest

from nocarrier.queue import states
from nocarrier.session.account import Account
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.gsm.faults import Faults
from nocarrier_emulator.gsm.modules import MODULES
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.phonebook import Service
from nocarrier_ports.links.choice import link_of
from nocarrier_ports.settings import Settings


class World:
    def __init__(self, name, portions, faults=None):
        self.clock = VirtualClock()
        self.exchange = Exchange(self.clock)
        anna, bert = self.exchange.add("anna", "pw"), self.exchange.add("bert", "pw")
        self.exchange.befriend(anna, bert)
        fields = {"jid": anna.jid, "number": "jabber.test:5222", "port": "-", "modem": name, "portions": portions}
        settings = Settings({**fields, "apn": "internet", "pin": "1234"})
        service = Service(self.exchange.connect)
        self.devices = []
        for account, seed in ((anna, 1), (bert, 2)):
            module = MODULES[name](self.clock, lambda host, port: service, faults or Faults("SIM PIN"))
            device = Handheld(
                self.clock,
                module,
                Account(account.jid, "pw", "nocarrier"),
                "jabber.test:5222",
                MemoryFlash(),
                seed,
                wired=False,
                link=lambda port, number: link_of(settings, lambda name: port, bytes),
            )
            device.power_on()
            self.devices.append(device)

    def state(self, device, peer):
        return states.NAMES[device.client.store.history(peer.account.jid, 1)[0].state]


@pytest.mark.parametrize("portions", [False, True], ids=["transparent", "portions"])
@pytest.mark.parametrize("name", list(MODULES))
def test_messages_pass_and_outlive_the_network(name, portions):
    world = World(name, portions)
    anna, bert = world.devices
    assert world.clock.run(120_000, lambda: anna.client.online() and bert.client.online())
    anna.send(bert.account.jid, "one")
    assert world.clock.run(60_000, lambda: world.state(anna, bert) == "delivered")
    for number in range(3):
        anna.modem.drop_network()
        anna.send(bert.account.jid, "more %d" % number)
        assert world.clock.run(180_000, lambda: world.state(anna, bert) == "delivered"), number
    items = [item.body for item in bert.client.store.history(anna.account.jid, 20) if item.incoming]
    assert items == ["one", "more 0", "more 1", "more 2"]
    assert anna.runner.meter.logins == 4


@pytest.mark.parametrize("portions", [False, True], ids=["transparent", "portions"])
@pytest.mark.parametrize("name", list(MODULES))
def test_a_locked_card_is_told_on_the_screen_and_not_tried_again(name, portions):
    world = World(name, portions, Faults("SIM PUK"))
    anna = world.devices[0]
    world.clock.run(60_000)
    assert anna.surface.lines[-1][0].startswith("SIM card (wants its PUK)") and anna.runner.meter.calls == 1
