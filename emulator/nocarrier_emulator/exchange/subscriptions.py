"""Who may see whose presence: asked for, granted, refused, taken back (RFC 6121 §3, its states in Appendix A)."""

import copy
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from nocarrier_emulator.exchange import roster
from nocarrier_emulator.exchange.account import Contact
from nocarrier_emulator.exchange.xml import CLIENT, make

if TYPE_CHECKING:
    from nocarrier_emulator.exchange.account import Account
    from nocarrier_emulator.exchange.exchange import Exchange

SUBSCRIBE, SUBSCRIBED = "subscribe", "subscribed"
UNSUBSCRIBE, UNSUBSCRIBED = "unsubscribe", "unsubscribed"
TYPES = (SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED)


def handle(exchange: "Exchange", account: "Account", stanza: Element) -> None:
    """A presence of one of these types, that an account has sent to somebody; to itself it means nothing."""
    jid, kind = stanza.get("to", "").partition("/")[0], stanza.get("type", "")
    if jid in ("", account.jid):
        return
    stanza = copy.deepcopy(stanza)
    stanza.set("from", account.jid)
    stanza.set("to", jid)
    if kind == SUBSCRIBE:
        _ask(exchange, account, jid, stanza)
    elif kind == SUBSCRIBED:
        _grant(exchange, account, jid, stanza)
    elif kind == UNSUBSCRIBE:
        _leave(exchange, account, jid, stanza)
    else:
        _refuse(exchange, account, jid, stanza)


def end(exchange: "Exchange", account: "Account", jid: str) -> None:
    """Both ways: the contact is one no more (RFC 6121 §2.5.2)."""
    for kind in (UNSUBSCRIBE, UNSUBSCRIBED):
        handle(exchange, account, make(CLIENT, "presence", to=jid, type=kind))


def still_asked(account: "Account") -> list[Element]:
    """What a session that has just become available is to be asked again (RFC 6121 §3.1.3)."""
    return [copy.deepcopy(request) for request in account.requests.values()]


def _ask(exchange: "Exchange", account: "Account", jid: str, stanza: Element) -> None:
    contact = account.contacts.setdefault(jid, Contact())
    if contact.sees:
        return
    contact.asked = True
    roster.push(exchange, account, jid)
    other = exchange.account(jid)
    if other is None:
        _denied(exchange, account, jid, make(CLIENT, "presence", from_=jid, to=account.jid, type=UNSUBSCRIBED))
    elif _sees(other, account.jid):
        _granted(exchange, account, other, make(CLIENT, "presence", from_=jid, to=account.jid, type=SUBSCRIBED))
    elif account.jid not in other.requests:
        other.requests[account.jid] = stanza
        _tell(other, stanza)


def _grant(exchange: "Exchange", account: "Account", jid: str, stanza: Element) -> None:
    """What nobody has asked for is granted to nobody."""
    if account.requests.pop(jid, None) is None:
        return
    account.contacts.setdefault(jid, Contact()).seen = True
    roster.push(exchange, account, jid)
    asking = exchange.account(jid)
    if asking is not None:
        _granted(exchange, asking, account, stanza)


def _granted(exchange: "Exchange", asking: "Account", account: "Account", stanza: Element) -> None:
    contact = asking.contacts.get(account.jid)
    if contact is None or not contact.asked:
        return
    contact.asked, contact.sees = False, True
    _tell(asking, stanza)
    roster.push(exchange, asking, account.jid)
    for session in account.available():
        presence = copy.deepcopy(session.presence)
        assert presence is not None
        presence.set("from", session.jid)
        _tell(asking, presence)


def _leave(exchange: "Exchange", account: "Account", jid: str, stanza: Element) -> None:
    contact = account.contacts.get(jid)
    if contact is None or not (contact.sees or contact.asked):
        return
    contact.sees = contact.asked = False
    roster.push(exchange, account, jid)
    other = exchange.account(jid)
    if other is None:
        return
    asked = other.requests.pop(account.jid, None) is not None
    if _sees(other, account.jid):
        _gone(other, account)
        _tell(other, stanza)
        other.contacts[account.jid].seen = False
        roster.push(exchange, other, account.jid)
    elif asked:
        _tell(other, stanza)


def _refuse(exchange: "Exchange", account: "Account", jid: str, stanza: Element) -> None:
    """A request, or what was granted before."""
    asked = account.requests.pop(jid, None) is not None
    other = exchange.account(jid)
    if _sees(account, jid):
        account.contacts[jid].seen = False
        roster.push(exchange, account, jid)
        if other is not None:
            _gone(account, other)
    elif not asked:
        return
    if other is not None:
        _denied(exchange, other, account.jid, stanza)


def _denied(exchange: "Exchange", account: "Account", jid: str, stanza: Element) -> None:
    contact = account.contacts.get(jid)
    if contact is None or not (contact.sees or contact.asked):
        return
    contact.sees = contact.asked = False
    _tell(account, stanza)
    roster.push(exchange, account, jid)


def _gone(account: "Account", other: "Account") -> None:
    """The other sees none of the account's sessions any more."""
    for session in account.available():
        _tell(other, make(CLIENT, "presence", from_=session.jid, to=other.jid, type="unavailable"))


def _sees(account: "Account", jid: str) -> bool:
    """Whether that address sees the account's presence."""
    contact = account.contacts.get(jid)
    return contact is not None and contact.seen


def _tell(account: "Account", stanza: Element) -> None:
    for session in account.available():
        session.send(copy.deepcopy(stanza))
