"""An account at the exchange: contacts, messages that wait, archive, sessions."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

if TYPE_CHECKING:
    from nocarrier_emulator.exchange.session import Session


@dataclass
class Contact:
    """One of a roster (RFC 6121 §2.1). sees: its presence, by us; seen: ours, by it; asked: we have asked to see it."""

    name: str = ""
    sees: bool = False
    seen: bool = False
    asked: bool = False

    @property
    def subscription(self) -> str:
        """RFC 6121 §2.1.2.5"""
        return ("both" if self.seen else "to") if self.sees else "from" if self.seen else "none"


@dataclass
class Archived:
    """One entry of the archive (XEP-0313)."""

    id: str
    stamp: str
    stanza: Element


@dataclass
class Account:
    """contacts: by bare JID. requests: from whom it has not yet answered, likewise."""

    jid: str
    password: str
    contacts: dict[str, Contact] = field(default_factory=dict)
    requests: dict[str, Element] = field(default_factory=dict)
    offline: list[Element] = field(default_factory=list)
    archive: list[Archived] = field(default_factory=list)
    sessions: dict[str, "Session"] = field(default_factory=dict)

    def available(self) -> "list[Session]":
        """The sessions that have sent initial presence."""
        return [session for session in self.sessions.values() if session.presence is not None]
