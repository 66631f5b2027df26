"""Login in one exchange of words: SASL2 (XEP-0388), with it a resumption (XEP-0198 §9) or Bind2 (XEP-0386)."""

import base64
import hashlib
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from nocarrier_emulator.exchange import auth
from nocarrier_emulator.exchange.xml import SM, make, serialize

if TYPE_CHECKING:
    from nocarrier_emulator.exchange.connection import Connection

SASL2 = "urn:xmpp:sasl:2"
_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_BIND2 = "urn:xmpp:bind:0"


def feature(mechanisms: tuple[str, ...]) -> Element:
    """What is offered, and what may come along with it."""
    bind = make(_BIND2, "bind", make(_BIND2, "inline", make(_BIND2, "feature", var=SM)))
    offered = [make(SASL2, "mechanism", name) for name in mechanisms]
    return make(SASL2, "authentication", *offered, make(SASL2, "inline", make(SM, "sm"), bind))


class Login:
    """One client's. element(): what it says in this namespace."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._proving = auth.Proving(connection.exchange)
        self._asked: Element | None = None  # <authenticate/>, with all that came along

    def element(self, name: str, element: Element) -> None:
        """Raises auth.Refused, ValueError or KeyError for what proves nothing."""
        if name == "authenticate":
            self._asked = element
            data = element.findtext("{%s}initial-response" % SASL2) or ""
            user, answer = self._proving.begin(element.get("mechanism") or "", base64.b64decode(data, validate=True))
        elif name == "response" and self._asked is not None:
            user, answer = self._proving.end(base64.b64decode(element.text or "", validate=True))
        else:
            raise auth.Refused
        if user:
            self._success(user, answer)
        else:
            self._connection.write(serialize(make(SASL2, "challenge", base64.b64encode(answer).decode())))

    def refuse(self) -> None:
        """What it said has proved nothing."""
        self._asked = None
        self._connection.write(serialize(make(SASL2, "failure", make(_SASL, "not-authorized"))))

    def _success(self, user: str, proof: bytes) -> None:
        connection, asked = self._connection, self._asked
        assert asked is not None
        connection.user = user
        children = [make(SASL2, "additional-data", base64.b64encode(proof).decode())] if proof else []
        resume, bind = asked.find("{%s}resume" % SM), asked.find("{%s}bind" % _BIND2)
        inline = [connection.resume(resume)] if resume is not None else []
        if connection.over:
            return
        if connection.session is None and bind is not None:
            connection.begin_session(self._resource(asked, bind))
            enabled = [connection.enabled()] if bind.find("{%s}enable" % SM) is not None else []
            inline.append(make(_BIND2, "bound", *enabled))
        jid = connection.session.jid if connection.session is not None else connection.account().jid
        children.append(make(SASL2, "authorization-identifier", jid))
        connection.write(serialize(make(SASL2, "success", *children, *inline)))
        connection.write_features()
        connection.send_unacknowledged()

    def _resource(self, asked: Element, bind: Element) -> str:
        """The same for the same device, and for no other (XEP-0386 §3)."""
        agent = asked.find("{%s}user-agent" % SASL2)
        device = agent.get("id") if agent is not None else None
        tag = bind.findtext("{%s}tag" % _BIND2) or "client"
        unique = hashlib.sha256(device.encode()).hexdigest()[:8] if device else self._connection.exchange.new_id()
        return "%s~%s" % (tag, unique)
