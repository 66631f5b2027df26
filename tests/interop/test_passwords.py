"""Servers that store passwords hashed or in clear, and devices that keep them or do not."""

import pytest

from nocarrier import events
from nocarrier_emulator.netdevice import DIRECT, PLAIN, NetDevice
from nocarrier_emulator.servers.ejabberd import Ejabberd
from nocarrier_emulator.servers.prosody import Prosody

USERS = {"anna": "änna & 'secret'"}
NAMES = ("PROSODY13", "PROSODY012", "EJABBERD")


@pytest.fixture(scope="module")
def hashing(tool, authority, started):
    """hashing(NAME): that server with hashed passwords, started when it is first asked for."""
    return lambda name: started(name, lambda: server_of(tool, authority, name, True))


def server_of(tool, authority, name, hashed):
    if name == "EJABBERD":
        return Ejabberd(tool(name), USERS, authority.server, hashed=hashed)
    return Prosody(tool(name), USERS, authority.server, sasl2=name == "PROSODY13", hashed=hashed)


def logged_in(server, authority, way, flash=None, keeps=True):
    """A device that has logged in once and is switched off; keeps: with the password at hand."""
    device = NetDevice(server, "anna", way=way, ca=authority.root, flash=flash)
    if not keeps:
        device.client.account.password = None
    device.run(lambda: device.ready() or device.fault())
    if device.online():
        device.log_out()
    return device


@pytest.mark.parametrize("way", [PLAIN, DIRECT])
@pytest.mark.parametrize("name", NAMES)
def test_hashed_storage_offers_sha_1_only_and_its_key_logs_in_without_the_password(hashing, authority, name, way):
    first = logged_in(hashing(name), authority, way)
    assert b"mechanism='SCRAM-SHA-1" in first.said and not first.fault()
    key = first.client.store.notes["key"]
    assert key.startswith("SHA-1 ") and USERS["anna"] not in str(first.client.store.notes)
    first.client.store.save_note("token", "")  # a token would do as well; here it is about the key
    again = logged_in(hashing(name), authority, way, first.flash, keeps=False)
    assert again.values(events.ONLINE) == [False] and not again.fault()
    assert again.client.store.notes["key"] == key


@pytest.mark.parametrize("name", ["PROSODY13", "EJABBERD"])  # those with FAST
def test_a_token_logs_in_without_the_password_too(hashing, authority, name):
    first = logged_in(hashing(name), authority, DIRECT)
    assert first.client.store.notes["token"]
    first.client.store.save_note("key", "")
    again = logged_in(hashing(name), authority, DIRECT, first.flash, keeps=False)
    assert again.values(events.ONLINE) == [False] and b"mechanism='HT-SHA-256-" in again.said


@pytest.mark.parametrize("name", NAMES)
def test_where_the_salt_changes_the_password_is_wanted(tool, authority, name):
    """Passwords in clear get a fresh salt at every login: no key of an earlier one helps."""
    server = server_of(tool, authority, name, False)
    server.start()
    try:
        first = logged_in(server, authority, PLAIN)
        assert b"mechanism='SCRAM-SHA-256'" in first.said and first.client.store.notes["key"]
        again = logged_in(server, authority, PLAIN, first.flash, keeps=False)
        assert again.fault() == "password-wanted" and not again.online()
        again.client.account.type_password(USERS["anna"])
        again.runner.dial(again.now_ms())
        again.run(again.ready)
        again.log_out()
    finally:
        server.remove()


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_has_begun_to_hash_is_accepted_by_the_user_only(tool, hashing, authority, name):
    """SHA-256 has gone: it may be the storage, or somebody who wants the weaker proof."""
    before = server_of(tool, authority, name, False)
    before.start()
    try:
        flash = logged_in(before, authority, PLAIN).flash
    finally:
        before.remove()
    device = logged_in(hashing(name), authority, PLAIN, flash)
    while device.fault() == "reset":  # what was sent ahead was refused; the next call asks first
        device.events.clear()
        device.run(lambda: device.ready() or device.fault())
    assert device.fault() == "mechanism-too-weak" and not device.online()
    device.client.accept_offer()
    device.runner.dial(device.now_ms())
    device.run(device.ready)
    assert b"mechanism='SCRAM-SHA-1'" in device.said
    device.log_out()
