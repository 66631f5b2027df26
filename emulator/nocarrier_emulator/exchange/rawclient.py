"""A client of the exchange that says what a test wants, and no more."""

import base64

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.exchange.exchange import Exchange
from nocarrier_emulator.exchange.xml import CLIENT, STREAM

_AUTH = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>"
_BIND = b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>%s</resource></bind></iq>"
HEADER = (
    "<stream:stream xmlns='%s' xmlns:stream='%s' to='exchange.test' version='1.0'>" % (CLIENT, STREAM)
).encode()  # fmt: skip


def plain(user: str, password: str) -> bytes:
    """The message of SASL PLAIN (RFC 4616), in base64."""
    return base64.b64encode(b"\0%s\0%s" % (user.encode(), password.encode()))


class RawClient:
    """Of an exchange in virtual time. out: what has come; up: its transport stands.

    user, password: it logs in with these and binds; "": not even a stream is open.
    """

    def __init__(self, exchange: Exchange, user: str = "", password: str = "pw", resource: str = "r") -> None:
        assert isinstance(exchange.clock, VirtualClock)
        self._clock = exchange.clock
        self.out = bytearray()
        self.up = True
        self._receive, self.closed = exchange.connect(self.out.extend, self._hang_up)
        if user:
            self.authenticate(user, password)
            self.says(HEADER + _BIND % resource.encode())

    def authenticate(self, user: str, password: str = "pw") -> bytes:
        """A stream, and a login without TLS; what is answered."""
        return self.says(HEADER + _AUTH % plain(user, password))

    def says(self, *pieces: bytes, ms: int = 0) -> bytes:
        """What comes at once, and in so much time afterwards."""
        self.out.clear()
        for piece in pieces:
            self._receive(piece)
        self._clock.run(ms)
        return bytes(self.out)

    def taken(self) -> bytes:
        """What has come since it last said or was asked something."""
        out = bytes(self.out)
        self.out.clear()
        return out

    def _hang_up(self) -> None:
        self.up = False
