"""SCRAM, the client's side (RFC 5802, RFC 7677)."""

import binascii

from nocarrier.decimal import decimal
from nocarrier.errors import UsageError
from nocarrier.session.account import b64, prepared
from nocarrier.session.errors import PASSWORD_WANTED, AuthError
from nocarrier.session.pbkdf2 import HASHES, Hmac, Pbkdf2, hash_function, hmac

try:
    from typing import Optional
except ImportError:
    pass

# The GS2 header (RFC 5802 §7) of a client that binds no channel: it cannot, or the server has none to offer.
NO_BINDING = "n,,"
NONE_OFFERED = "y,,"
_ORIGIN_CHARS = 128  # of what a kept key was made of: hash, iterations and salt; servers' are under 60


class Scram:
    """One SCRAM exchange.

    name: "SHA-256" or "SHA-1". nonce: printable ASCII without a comma, fresh and unguessable.
    iterations: (least, most) that are accepted: below, the password could be guessed from what is sent; above, a
    hostile server could keep the device busy (RFC 5802 §9).
    known: what key() has returned after an earlier exchange, or "": with the same salt nothing is derived again.
    password: None if it is not kept on the device: then only the known key helps.
    gs2, binding: the GS2 header, and the data of the channel binding that it names.

    recalled: the known key was used.
    """

    def __init__(
        self,
        name: str,
        username: str,
        password: "Optional[str]",
        nonce: str,
        iterations: "tuple[int, int]" = (4096, 100_000),
        known: str = "",
        gs2: str = NO_BINDING,
        binding: bytes = b"",
    ) -> None:
        if hash_function(name) is None:
            raise UsageError("this build's hashlib has no %s" % name)
        self._name = name
        self._password = prepared(password) if password is not None else None
        self._gs2 = gs2
        self._binding = binding
        self._nonce = nonce
        self._iterations = iterations
        user = prepared(username).replace("=", "=3D").replace(",", "=2C")
        self._bare = "n=%s,r=%s" % (user, nonce)
        self._server_first = ""
        self._final_bare = ""
        self._pbkdf2: "Optional[Pbkdf2]" = None
        self._known = known
        self._origin = ""  # of the salted password: hash, iterations and salt
        self._salted = b""
        self.recalled = False
        self._server_signature = b""

    def first(self) -> str:
        """client-first-message."""
        return self._gs2 + self._bare

    def challenge(self, server_first: str, listed: "Optional[str]" = None) -> None:
        """Takes server-first-message. Raises AuthError if it is malformed, foreign, or out of bounds.

        listed: what the server has offered, as Features.listed has it: compared with the hash of XEP-0474, if there is
        one, since somebody in between may have taken the better mechanisms away.
        """
        fields = _fields(server_first)
        nonce, salt, rounds = fields.get("r", ""), fields.get("s", ""), fields.get("i", "")
        if "m" in fields:
            raise AuthError("malformed-request", "the server demands a SCRAM extension")
        if not nonce.startswith(self._nonce) or len(nonce) <= len(self._nonce):
            raise AuthError("malformed-request", "the server's nonce does not extend ours")
        least, most = self._iterations
        iterations = decimal(rounds, 9)
        if not least <= iterations <= most:
            raise AuthError(
                "malformed-request", "iteration count %s is not within %d to %d" % (rounds[:9], least, most)
            )
        new = hash_function(self._name)
        if listed is not None and "h" in fields and new is not None:
            if b64(new(listed.encode()).digest()) != fields["h"]:
                raise AuthError("mechanism-too-weak", "somebody has changed the list of what the server offers")
        salt_bytes = _unb64(salt)
        if not salt_bytes:
            raise AuthError("malformed-request", "the server sent no salt")
        self._server_first = server_first
        self._final_bare = "c=%s,r=%s" % (b64(self._gs2.encode() + self._binding), nonce)
        self._origin = "%s %d %s " % (self._name, iterations, salt)
        if self._known.startswith(self._origin):
            self.recalled = True
            self._salted = _unb64(self._known[len(self._origin) :])
        elif self._password is None:
            raise AuthError(PASSWORD_WANTED, "the server's salt has changed")
        else:
            self._pbkdf2 = Pbkdf2(self._name, self._password.encode(), salt_bytes, iterations)

    def work(self, iterations: int) -> bool:
        """Derives the key further; True when it is ready."""
        if self._pbkdf2 is not None and self._pbkdf2.work(iterations):
            self._salted = self._pbkdf2.key()
            self._pbkdf2 = None  # what follows needs its memory
        return bool(self._salted)

    def key(self) -> str:
        """The salted password with what it was made of, in ASCII, to be kept: who has it can log in (RFC 5802 §9).

        "" if there is none yet, or if the server's salt makes it longer than is worth keeping.
        """
        return self._origin + b64(self._salted) if self._salted and len(self._origin) <= _ORIGIN_CHARS else ""

    def final(self) -> str:
        """client-final-message, once work() has returned True."""
        assert self._salted
        salted = Hmac(self._name, self._salted)
        client_key = salted.digest(b"Client Key")
        new, size = hash_function(self._name), HASHES[self._name][1]
        assert new is not None
        stored_key: bytes = new(client_key).digest()
        auth = ",".join((self._bare, self._server_first, self._final_bare)).encode()
        signature = hmac(self._name, stored_key, auth)
        self._server_signature = hmac(self._name, salted.digest(b"Server Key"), auth)
        proof = int.from_bytes(client_key, "big") ^ int.from_bytes(signature, "big")
        return "%s,p=%s" % (self._final_bare, b64(proof.to_bytes(size, "big")))

    def check(self, server_final: str) -> None:
        """Takes server-final-message. Raises AuthError unless it proves that the server knows the password."""
        fields = _fields(server_final)
        if "e" in fields:
            raise AuthError("not-authorized", fields["e"])
        if not self._server_signature or _unb64(fields.get("v", "")) != self._server_signature:
            raise AuthError("not-authorized", "the server's signature is wrong")


def _fields(message: str) -> "dict[str, str]":
    fields = {}
    for part in message.split(","):
        if len(part) > 1 and part[1] == "=":
            fields[part[0]] = part[2:]
    return fields


def _unb64(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text.encode())
    except ValueError:
        raise AuthError("incorrect-encoding", "base64") from None
