"""Contacts and their presence (RFC 6121 §2, §4). Who they are is on flash, whether they are there is not."""

from nocarrier import ns
from nocarrier.errors import UsageError
from nocarrier.jid import bare
from nocarrier.queue.contacts import REMOVED
from nocarrier.wire.element import Element

try:
    from typing import Optional

    from nocarrier.queue.store import Store
    from nocarrier.wire.node import Node
except ImportError:
    pass

OFFLINE = "offline"
_SUBSCRIPTIONS = ("none", "to", "from", "both")
_JID_BYTES = 255  # of an address that messages can be sent to
_RESOURCE_CHARS = 255  # by which a contact's device is told from its others
_VERSION_BYTES = 64  # ejabberd's have 40
# What a contact's devices are known to be, by the beginning of their resources.
_OURS = "nocarrier"
_OTHERS = "others"
_SHOWS = ("away", "chat", "dnd", "xa")


class Contact:
    """One contact. show: "offline", "online", "away", "chat", "dnd" or "xa" (RFC 6121 §4.7.2.1)."""

    def __init__(self, jid: str) -> None:
        self.jid = jid
        self.name = ""
        self.subscription = "none"
        self.show = OFFLINE
        self.status = ""
        self.resource = ""
        self.devices = ""


class Roster:
    """The contacts. contacts: how many are kept; text_chars: of a name or status. What is over is left out."""

    def __init__(self, own_jid: str, store: Store, contacts: int = 100, text_chars: int = 40) -> None:
        self._own = own_jid
        self._store = store
        self._limit = contacts
        self._text_chars = text_chars
        self._contacts: "dict[str, Contact]" = {}
        self.own_told = True
        self.own_show = self.own_status = ""
        self.own_priority = 0
        self.known = False
        self.asked = False
        self.left_out = 0
        self.too_large_bytes = 0  # of a roster that was over the wire's limit, and so could not be read

    def open(self) -> None:
        """Reads from flash what an earlier session has left. Raises StorageError."""
        for jid, subscription, name, devices in self._store.contacts.all():
            contact = self._contacts[jid] = Contact(jid)
            contact.subscription, contact.name, contact.devices = subscription, name, devices

    def version(self) -> str:
        """Of what is kept here, as the server calls it (RFC 6121 §2.6); "" if all of it is to come again."""
        return self._store.contacts.version

    def set_own(self, show: str, status: str, priority: int) -> None:
        """What our contacts are to see of us; as Client.set_presence()."""
        if (show and show not in _SHOWS) or not -128 <= priority <= 127 or len(status) > self._text_chars:
            raise UsageError("no such presence")
        self.own_show, self.own_status, self.own_priority = show, status, priority
        self.own_told = False

    def own_presence(self) -> Element:
        """Our presence (RFC 6121 §4.7.2), which is about to be told."""
        self.own_told = True
        parts = (("show", self.own_show), ("status", self.own_status), ("priority", str(self.own_priority or "")))
        return Element("presence", ns.CLIENT, (), [Element(n, ns.CLIENT, (), [text]) for n, text in parts if text])

    def contacts(self) -> "list[Contact]":
        """All contacts, those online first, then by name."""
        return sorted(self._contacts.values(), key=lambda c: (c.show == OFFLINE, (c.name or c.jid).lower()))

    def find(self, jid: str) -> "Optional[Contact]":
        """The contact with this bare JID, or None."""
        return self._contacts.get(jid)

    def sees_us(self, jid: str) -> bool:
        """True if the contact is subscribed to our presence: only then may it learn that we are here."""
        contact = self._contacts.get(jid)
        return contact is not None and contact.subscription in ("from", "both")

    def knows_ids(self, jid: str) -> bool:
        """True if this contact has been seen with nothing but this program: what comes there twice is shown once."""
        contact = self._contacts.get(jid)
        return contact is not None and contact.devices == _OURS

    def replace(self, query: "Optional[Node]") -> None:
        """Takes a whole roster (RFC 6121 §2.1.4); None: it is unchanged. It is on flash when this returns.

        Raises StorageError.
        """
        self.known = True
        self.too_large_bytes = 0
        if query is None:
            return
        stay = [item.get("jid") for item in query.elements()]
        for jid in [jid for jid in self._contacts if jid not in stay]:
            self._remove(jid)
        self.left_out = 0
        for item in query.elements():
            self._item(item)
        self._store.save_contact(self._version(query))

    def push(self, iq: Node) -> bool:
        """Takes a roster push. False if it is not from our own account (RFC 6121 §2.1.6): then it is ignored.

        Raises StorageError.
        """
        sender = iq.get("from")
        query = iq.child("query", ns.ROSTER)
        if iq.get("type") != "set" or query is None or (sender and sender != self._own):
            return False
        known = self.version()  # without a version it was not all of it, and is not now
        for item in query.elements():
            self._item(item)
        self._store.save_contact(self._version(query) if known else "")
        return True

    def presence(self, stanza: Node) -> "Optional[Contact]":
        """Takes a contact's presence; returns the contact if it changed what is shown. Raises StorageError."""
        sender = stanza.get("from") or ""
        contact = self._contacts.get(bare(sender))
        kind = stanza.get("type")
        if contact is None or kind not in (None, "unavailable"):
            return None
        resource = sender[len(contact.jid) + 1 :][:_RESOURCE_CHARS]
        if kind == "unavailable":
            if contact.resource != resource:
                return None
            show, status, resource = OFFLINE, stanza.child_text("status", ns.CLIENT) or "", ""
        else:
            show = stanza.child_text("show", ns.CLIENT) or ""
            show = show if show in _SHOWS else "online"
            status = stanza.child_text("status", ns.CLIENT) or ""
            self._saw(contact, _OURS if resource.startswith(_OURS) else _OTHERS)
        status = status[: self._text_chars]
        changed = (contact.show, contact.status) != (show, status)
        contact.show, contact.status, contact.resource = show, status, resource
        return contact if changed else None

    def new_session(self) -> None:
        """Nobody's presence is known, and the roster is to be asked for again."""
        self.known = self.asked = False
        for contact in self._contacts.values():
            contact.show, contact.status, contact.resource = OFFLINE, "", ""

    def _item(self, item: Node) -> None:
        jid = item.get("jid") or ""
        subscription = item.get("subscription") or "none"
        if not item.is_a("item", ns.ROSTER) or not jid or len(jid.encode()) > _JID_BYTES:
            return
        if subscription == REMOVED:
            self._remove(jid)
            return
        contact = self._contacts.get(jid)
        if contact is None and len(self._contacts) >= self._limit:
            self.left_out += 1
            return
        name = (item.get("name") or "")[: self._text_chars]
        subscription = subscription if subscription in _SUBSCRIPTIONS else "none"
        if contact is not None and (contact.name, contact.subscription) == (name, subscription):
            return
        contact = contact or Contact(jid)
        if not self._store.save_contact("", jid, subscription, name, contact.devices):
            self.left_out += 1
            return
        self._contacts[jid] = contact
        contact.name, contact.subscription = name, subscription

    def _saw(self, contact: Contact, devices: str) -> None:
        """Whoever has been seen with another program once may be there with it again."""
        if contact.devices not in (devices, _OTHERS):
            contact.devices = devices
            self._store.save_contact(self.version(), contact.jid, contact.subscription, contact.name, devices)

    def _remove(self, jid: str) -> None:
        if jid in self._contacts:
            self._store.save_contact("", jid, REMOVED)
            self._contacts.pop(jid)

    def _version(self, query: Node) -> str:
        """What the server calls this state of the roster; "" if it cannot be kept, or the roster not as a whole."""
        version = query.get("ver") or ""
        return version if len(version.encode()) <= _VERSION_BYTES and not self.left_out else ""
