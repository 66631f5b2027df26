"""Addresses as people write them."""


def halves(address: str, port: str = "") -> "tuple[str, str]":
    """host and port of host, host:port or [IPv6]:port; port: what it is otherwise."""
    host, colon, own = address.rpartition(":")
    if not colon or own.endswith("]"):
        return address, port
    return host, own
