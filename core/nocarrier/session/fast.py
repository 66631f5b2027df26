"""FAST (XEP-0484): a login by a token that an earlier one has brought, with its mechanisms HT-SHA-256-*."""

from nocarrier.session.errors import AuthError
from nocarrier.session.pbkdf2 import Hmac

_HASH = "SHA-256"


class Ht:
    """One exchange. binding: data of the channel binding that the mechanism names, b"" for none."""

    def __init__(self, username: str, secret: str, binding: bytes) -> None:
        self._username = username
        self._hmac = Hmac(_HASH, secret.encode())
        self._binding = binding

    def first(self) -> bytes:
        """The whole proof: who, and that we have the token, on this channel."""
        return self._username.encode() + b"\0" + self._hmac.digest(b"Initiator" + self._binding)

    def check(self, answer: bytes) -> None:
        """Raises AuthError unless the server has shown that it has the token too."""
        if answer != self._hmac.digest(b"Responder" + self._binding):
            raise AuthError("not-authorized", "the server has not proved that it knows the token")
