"""Real servers in the exchange's place: what somebody may ask for, and what is no account or server."""

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.commands import Commands
from nocarrier_emulator.outside import of_accounts
from nocarrier_emulator.world import World
from nocarrier_ports.handset import keys


@pytest.mark.parametrize(
    "address, to",
    [
        ("", ("x.test", 5223, True)),
        ("y.test", ("y.test", 5223, True)),
        ("y.test:443", ("y.test", 443, True)),
        ("tls://[::1]:7", ("::1", 7, True)),
        ("tcp://localhost", ("localhost", 5222, False)),
    ],
)
def test_a_server_is_called_where_it_is_said_to_be(address, to):
    outside = of_accounts(["anna@x.test", "bert@x.test"], address, "", VirtualClock())
    number = outside.subscriber
    assert (*number.address, bool(number.tls)) == to and number.tls.get("server_hostname", "x.test") == "x.test"
    assert outside.passwords == {"anna": None, "bert": None} and outside.restart is None
    world = World(VirtualClock(), 1, outside=outside)
    assert world.add("anna").account.password is None and world.handhelds["anna"].account.jid == "anna@x.test"
    world.restart(True)  # not ours


@pytest.mark.parametrize(
    "jids, address",
    [
        (["anna"], ""),
        (["@x.test"], ""),
        (["anna@"], ""),
        (["anna@x.test", "anna@x.test"], ""),
        (["anna@x.test", "bert@y.test"], ""),
        (["%s@x.test" % name for name in "abcde"], ""),
        (["anna@x.test"], "ftp://x.test"),
        (["anna@x.test"], "tls://x.test/path"),
        (["anna@x.test"], "tls://u:p@x.test"),
        (["anna@x.test"], "x.test:port"),
        (["anna@x.test"], "x.test:99999"),
    ],
)
def test_what_is_no_account_or_server_is_refused(jids, address):
    with pytest.raises(ValueError):
        of_accounts(jids, address, "", VirtualClock())


def test_a_root_that_cannot_be_read_is_named(tmp_path):
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    for path in (junk, tmp_path / "none.pem"):
        with pytest.raises(ValueError, match=path.name):
            of_accounts(["anna@x.test"], "", str(path), VirtualClock())


def test_what_is_typed_as_a_password_is_in_no_recording():
    world = World(VirtualClock(), 1)
    anna = world.add("anna")
    commands, done = Commands(world), []
    commands.on_command = done.append
    anna.power_on(dial=False)
    anna.app._ask("password:", lambda text: done.append(len(text)), True)
    assert anna.asks_secret()
    commands.run({"handheld": "anna", "text": "s3cret"})
    commands.run({"handheld": "anna", "key": "Backspace"})
    commands.run({"handheld": "anna", "plugged": False})
    commands.run({"handheld": "anna", "key": "Enter"})
    assert done == [{"handheld": "anna", "plugged": False}, 5]
    anna.key(keys.ESCAPE)
    assert not anna.asks_secret()
    commands.run({"handheld": "anna", "key": "x"})
    assert done[-1] == {"handheld": "anna", "key": "x"}
