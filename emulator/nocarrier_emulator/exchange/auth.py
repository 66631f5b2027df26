"""The server's side of SASL: PLAIN and SCRAM (RFC 4616, RFC 5802)."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nocarrier_emulator.exchange.exchange import Exchange

HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
MECHANISMS = (*HASHES, "PLAIN")


class Refused(Exception):
    """The client did not prove who it is."""


def plain(message: bytes, password_of: Callable[[str], "str | None"]) -> str:
    """The user name that a PLAIN message proves."""
    parts = message.split(b"\0")
    if len(parts) != 3:
        raise Refused
    user, password = parts[1].decode(), parts[2].decode()
    if password_of(user) != password:
        raise Refused
    return user


class Proving:
    """One client's way to prove who it is. begin() and end() return (user, last word), or ("", a challenge)."""

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._scram: ScramServer | None = None

    def begin(self, mechanism: str, message: bytes) -> tuple[str, bytes]:
        """Its first message. Raises Refused, ValueError or KeyError, as end() does."""
        exchange = self._exchange
        self._scram = None
        if mechanism not in exchange.mechanisms:
            raise Refused
        if mechanism == "PLAIN":
            return plain(message, exchange.password_of), b""
        self._scram = ScramServer(mechanism, exchange.password_of, exchange.random_bytes, exchange.iterations)
        return "", self._scram.first(message)

    def end(self, message: bytes) -> tuple[str, bytes]:
        """Its answer to the challenge."""
        scram, self._scram = self._scram, None
        if scram is None:
            raise Refused
        proof = scram.final(message)
        return scram.user, proof


class ScramServer:
    """One SCRAM exchange. random(n): n bytes for nonce and salt."""

    def __init__(
        self,
        mechanism: str,
        password_of: Callable[[str], "str | None"],
        random: Callable[[int], bytes],
        iterations: int = 4096,
    ) -> None:
        self._hash = HASHES[mechanism]
        self._password_of = password_of
        self._random = random
        self._iterations = iterations
        self.user = ""

    def first(self, message: bytes) -> bytes:
        """client-first-message to server-first-message."""
        text = message.decode()
        if not text.startswith(("n,,", "y,,")):
            raise Refused
        self._client_first = text[3:]
        fields = dict(part.split("=", 1) for part in self._client_first.split(","))
        self.user = fields["n"].replace("=2C", ",").replace("=3D", "=")
        self._nonce = fields["r"] + base64.b64encode(self._random(12)).decode()
        self._salt = self._random(16)
        salt = base64.b64encode(self._salt).decode()
        self._server_first = "r=%s,s=%s,i=%d" % (self._nonce, salt, self._iterations)
        return self._server_first.encode()

    def final(self, message: bytes) -> bytes:
        """client-final-message to server-final-message; raises Refused."""
        text = message.decode()
        bare, _, proof = text.rpartition(",p=")
        password = self._password_of(self.user)
        if password is None or ("r=" + self._nonce) not in bare.split(","):
            raise Refused
        salted = hashlib.pbkdf2_hmac(self._hash, password.encode(), self._salt, self._iterations)
        auth = ",".join((self._client_first, self._server_first, bare)).encode()
        stored = hashlib.new(self._hash, self._mac(salted, b"Client Key")).digest()
        key = bytes(a ^ b for a, b in zip(self._mac(stored, auth), base64.b64decode(proof), strict=True))
        if hashlib.new(self._hash, key).digest() != stored:
            raise Refused
        return b"v=" + base64.b64encode(self._mac(self._mac(salted, b"Server Key"), auth))

    def _mac(self, key: bytes, message: bytes) -> bytes:
        return hmac.new(key, message, self._hash).digest()
