"""The roster: who asks for it, who changes it, and its pushes (RFC 6121 §2)."""

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from nocarrier_emulator.exchange.xml import CLIENT, make, sub

if TYPE_CHECKING:
    from nocarrier_emulator.exchange.account import Account, Contact
    from nocarrier_emulator.exchange.exchange import Exchange
    from nocarrier_emulator.exchange.session import Session

XMLNS = "jabber:iq:roster"


def asked_by(session: "Session") -> Element:
    """The whole of it; from now on the session gets the pushes."""
    session.interested = True
    query = make(XMLNS, "query")
    for jid, contact in session.account.contacts.items():
        _item(query, jid, contact)
    return query


def item_of(query: Element) -> tuple[Element | None, str]:
    """The one item of a change, and its bare JID; None and "" if there is not just that (RFC 6121 §2.1.2)."""
    items = query.findall("{%s}item" % XMLNS)
    jid = items[0].get("jid", "").partition("/")[0] if len(items) == 1 else ""
    return (items[0], jid) if jid else (None, "")


def push(exchange: "Exchange", account: "Account", jid: str) -> None:
    """Tells the account's sessions how a contact stands now, or that it is none any more (RFC 6121 §2.1.6)."""
    query = make(XMLNS, "query")
    contact = account.contacts.get(jid)
    if contact is not None:
        _item(query, jid, contact)
    else:
        sub(query, XMLNS, "item", jid=jid, subscription="remove")
    for session in account.sessions.values():
        if session.interested:
            session.send(make(CLIENT, "iq", query, type="set", id=exchange.new_id(), to=session.jid))


def _item(query: Element, jid: str, contact: "Contact") -> None:
    item = sub(query, XMLNS, "item", jid=jid, subscription=contact.subscription)
    if contact.name:
        item.set("name", contact.name)
    if contact.asked:
        item.set("ask", "subscribe")
