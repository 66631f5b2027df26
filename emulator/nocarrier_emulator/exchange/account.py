"""An account at the exchange: contacts, messages that wait, archive, sessions."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

if TYPE_CHECKING:
    from nocarrier_emulator.exchange.session import Session


@dataclass
class Archived:
    """One entry of the archive (XEP-0313)."""

    id: str
    stamp: str
    stanza: Element


@dataclass
class Account:
    """contacts: bare JID to name; all of them are mutual."""

    jid: str
    password: str
    contacts: dict[str, str] = field(default_factory=dict)
    offline: list[Element] = field(default_factory=list)
    archive: list[Archived] = field(default_factory=list)
    sessions: dict[str, "Session"] = field(default_factory=dict)

    def available(self) -> "list[Session]":
        """The sessions that have sent initial presence."""
        return [session for session in self.sessions.values() if session.presence is not None]
