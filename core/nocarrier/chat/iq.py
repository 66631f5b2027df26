"""Requests and their answers (RFC 6120 §8.2.3)."""

from nocarrier import ns
from nocarrier.errors import UsageError
from nocarrier.jid import bare
from nocarrier.wire.element import Element

try:
    from typing import Optional

    from nocarrier.wire.node import Node
except ImportError:
    pass


class IqTracker:
    """Open requests of ours. limit: how many at once.

    An answer counts only if id and sender fit (RFC 6120 §8.1.2.1); ids are unguessable.
    """

    def __init__(self, own_jid: str, limit: int = 8) -> None:
        self._own = own_jid
        self._limit = limit
        self._open: "list[tuple[str, str, int]]" = []

    def request(self, kind: int, iq_type: str, payload: Element, token: str, to: str = "") -> Element:
        """A request stanza; `kind` comes back with its answer. to: "" for the own account."""
        if len(self._open) >= self._limit:
            raise UsageError("%d requests are open" % self._limit)
        self._open.append((token, to, kind))
        return Element("iq", ns.CLIENT, ("type", iq_type, "id", token, "to", to or None), [payload])

    def answers(self, iq: Node) -> "Optional[int]":
        """The kind of the request that this result or error answers, or None if it answers none. close() forgets it."""
        entry = self._find(iq)
        return entry[2] if entry is not None else None

    def close(self, iq: Node) -> None:
        """What the answer brought has been dealt with."""
        entry = self._find(iq)
        if entry is not None:
            self._open.remove(entry)

    def _find(self, iq: Node) -> "Optional[tuple[str, str, int]]":
        sender = iq.get("from") or ""
        for entry in self._open:
            if entry[0] != iq.get("id"):
                continue
            mine = entry[1] == "" and (sender == "" or bare(sender) == self._own)
            if mine or (entry[1] and sender == entry[1]):
                return entry
        return None

    def forget(self, kind: int) -> None:
        """Requests of this kind will not be answered any more."""
        self._open = [entry for entry in self._open if entry[2] != kind]

    def forget_all(self) -> None:
        """A new session: no old request will be answered."""
        self._open = []


def reply(iq: Node) -> Element:
    """The answer to somebody's get or set: a ping gets its pong (XEP-0199), all else "service-unavailable"."""
    head = ("to", iq.get("from"), "id", iq.get("id"), "type")
    if iq.get("type") == "get" and iq.child("ping", ns.PING) is not None:
        return Element("iq", ns.CLIENT, head + ("result",))
    return refusal(iq, "cancel", "service-unavailable")


def refusal(iq: Node, error_type: str, condition: str) -> Element:
    """An error reply (RFC 6120 §8.3)."""
    error = Element("error", ns.CLIENT, ("type", error_type), [Element(condition, ns.STANZA_ERRORS)])
    return Element("iq", ns.CLIENT, ("to", iq.get("from"), "id", iq.get("id"), "type", "error"), [error])


def error_condition(stanza: Node) -> str:
    """What an error stanza says, as the condition's name."""
    error = stanza.child("error", ns.CLIENT)
    if error is not None:
        for child in error.elements():
            if child.xmlns == ns.STANZA_ERRORS and child.name != "text":
                return child.name
    return "undefined-condition"
