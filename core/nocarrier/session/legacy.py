"""The way in of 2001: `jabber:iq:auth` on a stream without version (XEP-0078), only for an account that says so."""

import binascii

from nocarrier import ns
from nocarrier.session.errors import PASSWORD_WANTED, AuthError
from nocarrier.session.pbkdf2 import hash_function
from nocarrier.wire.element import Element

try:
    from nocarrier.session.account import Account
    from nocarrier.wire.node import Node
except ImportError:
    pass

ID = "auth"  # of the one request


def request(account: Account, stream_id: str) -> Element:
    """Asks to be let in, without asking for the fields first, which ends the stream at jabberd2.

    stream_id: of the server's header, for the digest of it and the password (§3.2); "": the password itself goes.
    """
    if account.password is None:
        raise AuthError(PASSWORD_WANTED, "the server wants the password")
    name, secret = "password", account.password
    if stream_id:
        sha1 = hash_function("SHA-1")
        if sha1 is None:
            raise AuthError("invalid-mechanism", "this build has no SHA-1, and the line is not trusted")
        name, secret = "digest", binascii.hexlify(sha1((stream_id + secret).encode()).digest()).decode()
    fields = [("username", account.username), (name, secret), ("resource", account.resource)]
    children = [Element(field, ns.IQ_AUTH, (), [text]) for field, text in fields]
    return Element("iq", ns.CLIENT, ("type", "set", "id", ID), [Element("query", ns.IQ_AUTH, (), children)])


def check(iq: Node) -> None:
    """The answer. Raises AuthError if we are not in."""
    if iq.get("type") == "result":
        return
    error = iq.child("error", ns.CLIENT)
    reason = error.first() if error is not None else None
    if reason is not None and reason.xmlns == ns.STANZA_ERRORS:
        raise AuthError(reason.name)
    code = error.get("code") if error is not None else None  # the errors of then have nothing else
    raise AuthError("conflict" if code == "409" else "not-authorized", "code %s" % code if code else "")
