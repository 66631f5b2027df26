"""Runs on the board: a session that logs in with SCRAM, its server played from what the test has computed."""

import gc

from nocarrier.session import steps
from nocarrier.session.account import Account
from nocarrier.session.line import LineProfile
from nocarrier.session.session import Session
from nocarrier.wire.limits import WireLimits

gc.threshold(4096)  # as boards have it

NONCE = "fyko+d2lbbFgONRv9qkxdawL"
_HEADER = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s' version='1.0'>"
_OFFERED = (
    b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>SCRAM-SHA-256</mechanism>"
    b"</mechanisms></stream:features>"
)
_SASL = b"<%s xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%s</%s>"
_BEHIND = (
    b"<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>"
    b"<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>user@x.test/nc</jid></bind></iq>"
    b"<enabled xmlns='urn:xmpp:sm:3' id='sm-1' resume='true'/>"
)


def log_in(challenge, success, usecs):
    """Returns whether it is online, the longest slice of the derivation in 1000 instructions, and the bytes left."""
    session = Session(Account("user@x.test", "pencil", "nc"), LineProfile(), WireLimits(1024, 256), 1024)
    session.connect(NONCE, {"device": "d"}, None, 0, False, False, None, False, 0)
    _say(session, _HEADER + _OFFERED)
    _say(session, _SASL % (b"challenge", challenge, b"challenge"))
    longest, now_ms = 0, 0
    while session.state == steps.DERIVING:
        now_ms += 1
        began = usecs()
        session.tick(now_ms)
        longest = max(longest, usecs() - began)
    _say(session, _SASL % (b"success", success, b"success"))
    _say(session, _HEADER + _BEHIND)
    gc.collect()
    return session.state == steps.ONLINE, longest, gc.mem_free()


def _say(session, data):
    for at in range(0, len(data), 256):
        session.feed(memoryview(data)[at : at + 256], 0)
        while session.next_event() is not None:
            pass
    while session.take(256, 0):
        pass
