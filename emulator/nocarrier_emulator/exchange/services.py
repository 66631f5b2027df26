"""What the exchange itself answers: presence, roster, ping, archive."""

import copy
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from nocarrier_emulator.exchange import roster, subscriptions
from nocarrier_emulator.exchange.account import Contact
from nocarrier_emulator.exchange.xml import CLIENT, make, split, sub

if TYPE_CHECKING:
    from nocarrier_emulator.exchange.session import Session

_PING = "urn:xmpp:ping"
_MAM = "urn:xmpp:mam:2"
_RSM = "http://jabber.org/protocol/rsm"
_FORWARD = "urn:xmpp:forward:0"
_DELAY = "urn:xmpp:delay"


def handle(session: "Session", stanza: Element) -> None:
    """A stanza that a client has sent."""
    to = stanza.get("to")
    own = to is None or to == session.account.jid or to == session.exchange.domain
    name = split(stanza.tag)[1]
    if name == "presence" and stanza.get("type") in subscriptions.TYPES:
        subscriptions.handle(session.exchange, session.account, stanza)
    elif name == "presence" and to is None:
        _presence(session, stanza)
    elif name == "iq" and own:
        _iq(session, stanza)
    else:
        session.exchange.route(stanza, session.jid)


def broadcast(session: "Session", presence: Element) -> None:
    """Tells all contacts that may see it."""
    presence.set("from", session.jid)
    for jid, contact in session.account.contacts.items():
        account = session.exchange.account(jid) if contact.seen else None
        for other in account.available() if account is not None else []:
            other.send(copy.deepcopy(presence))


def _presence(session: "Session", stanza: Element) -> None:
    first = session.presence is None
    session.presence = None if stanza.get("type") == "unavailable" else stanza
    broadcast(session, copy.deepcopy(stanza))
    if not first or session.presence is None:
        return
    for jid, contact in session.account.contacts.items():
        account = session.exchange.account(jid) if contact.sees else None
        for other in account.available() if account is not None else []:
            presence = copy.deepcopy(other.presence)
            assert presence is not None
            presence.set("from", other.jid)
            session.send(presence)
    for request in subscriptions.still_asked(session.account):
        session.send(request)
    waiting, session.account.offline = session.account.offline, []
    for message in waiting:
        session.send(message)


def _iq(session: "Session", iq: Element) -> None:
    query = next(iter(iq), None)
    if iq.get("type") not in ("get", "set") or query is None:
        return
    xmlns, name = split(query.tag)
    if (xmlns, name, iq.get("type")) == (roster.XMLNS, "query", "get"):
        _answer(session, iq, roster.asked_by(session))
    elif (xmlns, name) == (roster.XMLNS, "query"):
        _change_roster(session, iq, query)
    elif (xmlns, name) == (_PING, "ping"):
        _answer(session, iq)
    elif (xmlns, name) == (_MAM, "query") and session.exchange.archiving:
        _archive(session, iq, query)
    else:
        _refuse(session, iq, "service-unavailable")


def _answer(session: "Session", iq: Element, *payload: Element) -> None:
    session.send(make(CLIENT, "iq", *payload, type="result", id=iq.get("id")))


def _refuse(session: "Session", iq: Element, condition: str) -> None:
    error = make(CLIENT, "error", make("urn:ietf:params:xml:ns:xmpp-stanzas", condition), type="cancel")
    session.send(make(CLIENT, "iq", error, type="error", id=iq.get("id")))


def _change_roster(session: "Session", iq: Element, query: Element) -> None:
    """A contact is added, named or removed (RFC 6121 §2.3 to §2.5)."""
    account, (item, jid) = session.account, roster.item_of(query)
    removed = item is not None and item.get("subscription") == "remove"
    if item is None:
        _refuse(session, iq, "bad-request")
    elif removed and jid not in account.contacts:
        _refuse(session, iq, "item-not-found")
    else:
        if removed:
            subscriptions.end(session.exchange, account, jid)
            del account.contacts[jid]
        else:
            account.contacts.setdefault(jid, Contact()).name = item.get("name", "")
        roster.push(session.exchange, account, jid)
        _answer(session, iq)


def _archive(session: "Session", iq: Element, query: Element) -> None:
    """A page of the own archive, in order; RSM's max, after and before (XEP-0313 §4, XEP-0059)."""
    entries = session.account.archive
    rsm = query.find("{%s}set" % _RSM)
    size = int((rsm.findtext("{%s}max" % _RSM) if rsm is not None else None) or 20)
    after = rsm.findtext("{%s}after" % _RSM) if rsm is not None else None
    before = rsm.find("{%s}before" % _RSM) if rsm is not None else None
    if after:
        known = [i for i, entry in enumerate(entries) if entry.id == after]
        if not known:
            _refuse(session, iq, "item-not-found")
            return
        entries = entries[known[0] + 1 :]
    if before is not None and before.text:
        entries = entries[: next((i for i, entry in enumerate(entries) if entry.id == before.text), 0)]
    page = entries[-size:] if before is not None else entries[:size]
    for entry in page:
        delay = make(_DELAY, "delay", stamp=entry.stamp)
        forwarded = make(_FORWARD, "forwarded", delay, copy.deepcopy(entry.stanza))
        result = make(_MAM, "result", forwarded, id=entry.id, queryid=query.get("queryid"))
        session.send(make(CLIENT, "message", result, from_=session.account.jid, to=session.jid))
    fin = make(_MAM, "fin", complete="true" if len(page) == len(entries) else None)
    rsm = sub(fin, _RSM, "set")
    if page:
        sub(rsm, _RSM, "first").text = page[0].id
        sub(rsm, _RSM, "last").text = page[-1].id
    _answer(session, iq, fin)
