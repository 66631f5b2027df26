"""Addresses (RFC 7622), as far as a handheld can: ASCII case is folded, the rest is compared as it is."""

from nocarrier.errors import UsageError

_FORBIDDEN = " \"&'/:<>@"  # RFC 7622 §3.3.1, in the local part


def bare(jid: str) -> str:
    """The address without its resource."""
    slash = jid.find("/")
    return jid if slash < 0 else jid[:slash]


def checked(text: str) -> str:
    """A bare JID as the user typed it, in its compared form. Raises UsageError if it is none."""
    jid = text.strip().lower()
    at = jid.find("@")
    local, domain = jid[:at], jid[at + 1 :]
    if at < 1 or not domain or "/" in domain or "@" in domain or len(jid.encode()) > 255:
        raise UsageError("an address looks like user@domain")
    for char in local:
        if char in _FORBIDDEN or ord(char) < 0x21:
            raise UsageError("an address cannot hold %r" % char)
    for char in domain:
        if ord(char) < 0x21:
            raise UsageError("an address cannot hold %r" % char)
    return jid
