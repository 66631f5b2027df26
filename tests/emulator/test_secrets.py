"""No credential in anything that is kept or shown: flash, screen, events, faults, what a remote control is told.

But for SCRAM's salted key, which is kept on flash after a login, so that it need not be derived again: there only.
"""

import base64
import hashlib
import json

import pytest

from nocarrier import events
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.handheld import Handheld
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.phonebook import PhoneBook, Service
from nocarrier_ports.remote import Remote

PASSWORD = "correct horse 9f3a"


def derivatives(salt_of):
    """The password in the forms in which it could leak."""
    plain = PASSWORD.encode()
    forms = [
        plain,
        plain[:12],
        base64.b64encode(plain)[:-4],
        base64.b64encode(b"\0anna\0" + plain)[8:-4],
        plain.hex().encode(),
    ]
    for digest in ("sha1", "sha256"):
        forms.append(hashlib.new(digest, plain).hexdigest().encode())
        for salt, iterations in salt_of:
            salted = hashlib.pbkdf2_hmac(digest, plain, salt, iterations)
            forms += [salted, salted.hex().encode(), base64.b64encode(salted)]
    return forms


@pytest.mark.parametrize(
    "mechanism, trusted", [("SCRAM-SHA-256", False), ("SCRAM-SHA-1", False), ("PLAIN", True), ("PLAIN", False)]
)
@pytest.mark.parametrize("typed", [PASSWORD, PASSWORD + "x"], ids=["right", "wrong"])
def test_the_password_is_nowhere_but_in_plain_on_a_trusted_line(mechanism, trusted, typed):
    clock = VirtualClock()
    exchange = Exchange(clock)
    exchange.mechanisms = (mechanism,)
    exchange.iterations = 4096
    salts = []
    random_bytes = exchange.random_bytes
    exchange.random_bytes = lambda size: salts.append(random_bytes(size)) or salts[-1]
    account = exchange.add("anna", PASSWORD)
    modem = Modem(clock, PhoneBook({"1": Service(exchange.connect)}))
    wire = bytearray()
    modem.on_wire = lambda way, data: wire.extend(data)
    handheld = Handheld(
        clock, modem, Account(account.jid, typed, "r"), "1", MemoryFlash(), 1, LineProfile(trusted=trusted)
    )
    told = []
    remote = Remote(told.append)
    kept = []

    def on_event(kind, value):
        remote.on_event(kind, value)
        kept.append("%r %s %r" % (value, value, getattr(value, "args", "")) if kind == events.FAULT else "")

    handheld.on_event = on_event
    handheld.power_on()
    shown = []
    for _ in range(60):
        clock.run(1_000)
        shown.append(handheld.surface.plain())
    remote.receive(b'{"status": 1}\n{"screen": 1}\n', handheld.app)
    assert handheld.client.online() == (typed == PASSWORD and (mechanism != "PLAIN" or trusted))
    artefacts = {
        "flash": b"".join(bytes(file) for file in handheld.flash.files.values()),
        "screen": "\n".join(shown).encode(),
        "remote": "".join(told).encode(),
        "faults": "".join(kept).encode(),
        "account": json.dumps([repr(handheld.account), str(handheld.account)]).encode(),
    }
    if not (mechanism == "PLAIN" and trusted):
        artefacts["wire"] = bytes(wire)
        assert base64.b64encode(b"\0anna\0")[:8] not in wire
    kept_keys = []
    for salt in salts:
        for digest in ("sha1", "sha256"):
            kept_keys.append(base64.b64encode(hashlib.pbkdf2_hmac(digest, PASSWORD.encode(), salt, 4096)))
    for form in derivatives([(salt, 4096) for salt in salts]):
        for name, data in artefacts.items():
            assert form not in data or (name == "flash" and form in kept_keys), (name, form)
    keys_on_flash = [key for key in kept_keys if key in artefacts["flash"]]
    assert len(keys_on_flash) == (typed == PASSWORD and mechanism != "PLAIN")
