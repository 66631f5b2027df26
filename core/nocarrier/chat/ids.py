"""Ids by which a device knows its messages again, when it has long forgotten the messages themselves.

An id is the message's number and, behind a dash, what nobody can guess (RFC 6120 §8.1.3): random bytes, and a digest of
them together with a secret of the device.
"""

import binascii
import hashlib

from nocarrier.compat import const
from nocarrier.session.account import b64

RANDOM_BYTES = const(3)
_DIGEST_BYTES = const(3)


def token(secret: str, random: bytes) -> str:
    """The part behind the dash. random: RANDOM_BYTES of them."""
    return b64(random + _digest(secret, random))


def is_own(secret: str, message_id: str) -> bool:
    """True if a message with this id was written on the device with this secret."""
    try:
        data = binascii.a2b_base64(message_id[message_id.find("-") + 1 :])
    except ValueError:
        return False
    whole = len(data) == RANDOM_BYTES + _DIGEST_BYTES
    return bool(secret) and whole and data[RANDOM_BYTES:] == _digest(secret, data[:RANDOM_BYTES])


def _digest(secret: str, random: bytes) -> bytes:
    digest: bytes = hashlib.sha256(secret.encode() + random).digest()
    return digest[:_DIGEST_BYTES]
