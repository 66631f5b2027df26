"""Addresses as people and servers write them."""

from nocarrier.decimal import decimal

try:
    from typing import Optional
except ImportError:
    pass

_PORT_DIGITS = 5
_HOST_CHARS = 255
_HOST = "abcdefghijklmnopqrstuvwxyz0123456789.-:[]"


def halves(address: str, port: str = "") -> "tuple[str, str]":
    """host and port of host, host:port or [IPv6]:port; port: what it is otherwise."""
    host, colon, own = address.rpartition(":")
    if not colon or own.endswith("]"):
        return address, port
    return host, own


def port_of(text: str) -> int:
    """The number, or 0 if it is no port's."""
    number = decimal(text, _PORT_DIGITS)
    return number if 0 < number < 65536 else 0


def redirected(address: str, port: str) -> "Optional[tuple[str, str]]":
    """host and port of what a server says (RFC 6120 §4.9.3.19); None if that is no address.

    It goes into a command for a modem, or to a resolver: nothing is taken that a host's name or number has not.
    """
    host, port = halves(address, port)
    if not 0 < len(host) <= _HOST_CHARS or not port_of(port):
        return None
    for char in host.lower():
        if char not in _HOST:
            return None
    return host, port
