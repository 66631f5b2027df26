"""Addresses (RFC 7622), as far as a handheld can: ASCII case is folded, the rest is compared as it is."""

from nocarrier.errors import UsageError
from nocarrier.wire.chars import encoded

_NOT_LOCAL = b" \"&'/:<>@"  # RFC 7622 §3.3.1
_NOT_DOMAIN = b" \"&'/<>@"  # what no host name, address or label holds


def bare(jid: str) -> str:
    """The address without its resource."""
    slash = jid.find("/")
    return jid if slash < 0 else jid[:slash]


def checked(text: str) -> str:
    """A bare JID as the user typed it, in its compared form. Raises UsageError if it is none."""
    jid = str(encoded(text).strip(b" \t\r\n").lower(), "utf-8")  # as bytes: only then both interpreters fold the same
    at = jid.find("@")
    local, domain = jid[:at], jid[at + 1 :]
    if at < 1 or not domain or len(jid.encode()) > 255:
        raise UsageError("no address (user@domain)")
    for part, forbidden in ((local, _NOT_LOCAL), (domain, _NOT_DOMAIN)):
        for byte in part.encode():
            if byte < 0x21 or byte == 0x7F or byte in forbidden:
                raise UsageError("an address cannot hold %r" % chr(byte))
    return jid
