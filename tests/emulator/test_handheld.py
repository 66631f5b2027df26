"""The handheld's own: its battery, and images of its flash that are kept and put back."""

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.world import World

_HOUR_MS = 3_600_000


@pytest.fixture
def world():
    """Anna and Bert, who are online."""
    world = World(VirtualClock(), 1)
    for name in ("anna", "bert"):
        world.add(name).power_on()
    world.befriend_all()
    world.clock.run(60_000)
    return world


def bodies(handheld, other):
    """What it has got from the other, oldest first."""
    return [item.body for item in handheld.client.store.history(other.account.jid, 99) if item.incoming]


class TestBattery:
    def test_it_drains_while_the_handheld_is_on_and_faster_in_a_call(self, world):
        anna, clock = world.handhelds["anna"], world.clock
        anna.set_charge(1.0)
        used = []
        for change in (lambda: None, lambda: anna.modem.set_plugged(False), anna.power_off):
            change()
            clock.run(60_000)
            before = anna.battery.charge
            clock.run(_HOUR_MS)
            used.append((before - anna.battery.charge) * anna.battery.cell.capacity_mwh)
        cell = anna.battery.cell
        assert used == [pytest.approx(cell.awake_mw + cell.call_mw), pytest.approx(cell.awake_mw), 0]

    def test_empty_the_power_goes_and_nothing_is_lost(self, world):
        anna, bert, clock = world.handhelds["anna"], world.handhelds["bert"], world.clock
        anna.modem.set_plugged(False)
        anna.set_charge(0.01)
        anna.send(bert.account.jid, "before it is empty")
        assert clock.run(_HOUR_MS, lambda: anna.app is None) and anna.battery.charge == 0
        anna.modem.set_plugged(True)
        anna.power_on()
        assert anna.app is None  # with what?
        anna.set_charge(0.5)
        assert anna.app is None  # nobody has pressed the switch
        anna.power_on()
        clock.run(120_000)
        assert bodies(bert, anna) == ["before it is empty"]

    def test_taken_out_it_goes_at_once(self, world):
        anna = world.handhelds["anna"]
        Commands(world).run({"handheld": "anna", "battery": 0})
        assert anna.app is None and not anna.modem.dtr

    def test_without_one_it_hangs_on_the_mains(self, world):
        world.clock.run(100 * _HOUR_MS)
        assert world.handhelds["anna"].app is not None


class TestSnapshots:
    def test_what_came_since_comes_again_and_what_went_since_does_not_arrive_twice(self, world):
        anna, bert, clock = world.handhelds["anna"], world.handhelds["bert"], world.clock
        anna.modem.set_plugged(False)
        anna.send(bert.account.jid, "was waiting")
        anna.snapshot("then")
        anna.modem.set_plugged(True)
        clock.run(60_000)
        bert.send(anna.account.jid, "came later")
        clock.run(60_000)
        assert bodies(anna, bert) == ["came later"] and bodies(bert, anna) == ["was waiting"]
        anna.restore("then")
        assert anna.app is not None and bodies(anna, bert) == []
        clock.run(300_000)
        assert bodies(anna, bert) == ["came later"] and bodies(bert, anna) == ["was waiting"]

    def test_it_is_what_a_loss_of_power_would_leave(self, world):
        flash = world.handhelds["anna"].flash
        flash.append("loose", b"not flushed")
        assert flash.image()["loose"] == b""
        flash.flush("loose")
        image = flash.image()
        flash.append("loose", b", and more")
        flash.load(image)
        assert flash.image() == image and flash.unsafe_bytes() == 0

    def test_one_that_is_off_stays_off(self, world):
        anna = world.handhelds["anna"]
        anna.power_off()
        anna.snapshot("off")
        anna.restore("off")
        assert anna.app is None

    def test_so_many_are_kept(self, world):
        anna = world.handhelds["anna"]
        for number in range(20):
            anna.snapshot(str(number))
        assert list(anna.snapshots) == [str(number) for number in range(4, 20)]
        with pytest.raises(ValueError, match="no such snapshot"):
            Commands(world).run({"handheld": "anna", "restore": "3"})
