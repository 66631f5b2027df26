"""Who logs in, where, with which device."""

import binascii

from nocarrier.errors import UsageError
from nocarrier.jid import bare, checked
from nocarrier.session.errors import StreamError
from nocarrier.wire.chars import encoded

try:
    from typing import Optional
except ImportError:
    pass

_RESOURCE_CHARS = 1024


class Account:
    """jid: bare JID; resource: the device's own, the same at every login (RFC 6120 §7.7). Raises UsageError.

    password: None if the device does not keep it: then a token or a key of an earlier login must do, or the user is
    asked for it. quick: under verified TLS send the password itself, a round trip less; the server sees it.
    legacy: the server is of 2001 and knows no XMPP 1.0: `jabber:iq:auth` instead (XEP-0078).
    carbons: what the user's other devices send and get is shown here too, at the cost of its bytes (XEP-0280).
    markers: others are told what the user has read, and are asked for the same, at the cost of its bytes (XEP-0333).
    asks: where nobody can tell whether a message has arrived it is not sent again until the user says so.
    """

    def __init__(
        self,
        jid: str,
        password: "Optional[str]",
        resource: str,
        quick: bool = False,
        legacy: bool = False,
        asks: bool = False,
        carbons: bool = False,
        markers: bool = False,
    ) -> None:
        if not resource:
            raise UsageError("an account has a resource")
        if password is not None:
            prepared(password)
        self.jid = jid = checked(jid)
        at = jid.find("@")
        self.username = jid[:at]
        self.domain = jid[at + 1 :]
        self.password = password
        self.resource = resource
        self.quick = quick
        self.legacy = legacy
        self.asks = asks
        self.carbons = carbons
        self.markers = markers
        self.typed = False  # the password was, and may be wrong

    def asked_jid(self) -> str:
        """The full JID that is asked for by RFC 6120 §7; after Bind2 it is the server's choice."""
        return self.jid + "/" + self.resource

    def type_password(self, password: str) -> None:
        """The user has typed it; it is forgotten when the device is switched off. Raises UsageError."""
        self.password = prepared(password)
        self.typed = True


def prepared(text: str) -> str:
    """User name or password as it goes into SASL. Raises UsageError for control characters (RFC 4013 §2.3).

    Normalisation (NFKC) is not done: its tables do not fit into a handheld; what the user types is what is sent.
    """
    for byte in encoded(text):
        if byte < 0x20 or byte == 0x7F:
            raise UsageError("control character in user name or password")
    return text


def b64(data: bytes) -> str:
    """Base64 without line ends."""
    return binascii.b2a_base64(data).decode().strip()


def uuid4(random: bytes) -> str:
    """A UUID of version 4 (RFC 9562 §5.4) of 16 random bytes."""
    digits = binascii.hexlify(random).decode()
    variant = "89ab"[random[8] & 3]
    return "%s-%s-4%s-%s%s-%s" % (digits[:8], digits[8:12], digits[13:16], variant, digits[17:20], digits[20:])


def full_jid(jid: str, own: str) -> str:
    """What a server has bound: a resource of our own account. Raises StreamError if it is anything else."""
    if bare(jid).lower() != own.lower() or not len(own) + 1 < len(jid) <= len(own) + _RESOURCE_CHARS:
        raise StreamError("invalid-xml", "the server has bound somebody else's address")
    return jid
