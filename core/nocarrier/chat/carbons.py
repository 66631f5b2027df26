"""Copies of what the user's other devices send and get (XEP-0280). Imported only if the account asks for them."""

from nocarrier import ns

try:
    from typing import Optional

    from nocarrier.wire.node import Node
except ImportError:
    pass

SENT = "sent"
RECEIVED = "received"


def copied(stanza: Node, own_jid: str) -> "Optional[tuple[str, Node]]":
    """(SENT or RECEIVED, the message) if the stanza is a copy, else None.

    Only our own account is believed (XEP-0280 §11; CVE-2017-5589 and relatives).
    """
    if stanza.get("from") not in (None, own_jid):
        return None
    for which in (SENT, RECEIVED):
        wrapper = stanza.child(which, ns.CARBONS)
        forwarded = wrapper.child("forwarded", ns.FORWARD) if wrapper is not None else None
        message = forwarded.child("message", ns.CLIENT) if forwarded is not None else None
        if message is not None:
            return which, message
    return None
