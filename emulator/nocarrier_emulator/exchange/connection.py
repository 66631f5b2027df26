"""One client's connection to the exchange: streams, authentication, binding, stream management."""

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException

from nocarrier_emulator.exchange import auth, sasl2, services
from nocarrier_emulator.exchange.session import COUNT, Session
from nocarrier_emulator.exchange.xml import CLIENT, SM, STREAM, Forbidden, StreamReader, make, serialize, split

if TYPE_CHECKING:
    from nocarrier_emulator.exchange.account import Account
    from nocarrier_emulator.exchange.exchange import Exchange

_SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
_BIND = "urn:ietf:params:xml:ns:xmpp-bind"
_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"


class Connection:
    """One transport connection: streams, authentication, binding."""

    def __init__(self, exchange: "Exchange", write: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        self.exchange = exchange
        self._write = write
        self._hang_up = hang_up
        self.over = False
        self._proving = auth.Proving(exchange)
        self._sasl2 = sasl2.Login(self)
        self.user = ""
        self.session: Session | None = None
        self._new_stream()

    def _new_stream(self) -> None:
        self._reader = StreamReader(self._on_header, self._on_element, self._on_end)

    # -- transport --------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Bytes from the client."""
        if self.over:
            return
        try:
            self._reader.feed(data)
        except ParseError:
            self.stream_error("not-well-formed")
        except LookupError:
            self.stream_error("unsupported-encoding")
        except DefusedXmlException:
            self.stream_error("restricted-xml")
        except Forbidden as error:
            self.stream_error(error.condition)

    def closed(self) -> None:
        """The transport is gone."""
        self.over = True
        if self.session is not None:
            session, self.session = self.session, None
            session.detach()

    def write(self, data: bytes) -> None:
        self.exchange.when_running(lambda: None if self.over else self._write(data))

    def stream_error(self, condition: str) -> None:
        """Ends the stream with an error (RFC 6120 §4.9)."""
        if self.over:
            return
        error = make(STREAM, "error", make(_ERRORS, condition))
        inner = b"".join(serialize(child, STREAM) for child in error)
        self.write(b"<stream:error>" + inner + b"</stream:error></stream:stream>")
        self._hang_up_later()

    def _hang_up_later(self) -> None:
        self.over = True
        self.exchange.clock.call_later(3000, self._hang_up)
        if self.session is not None:
            session, self.session = self.session, None
            session.detach()

    # -- streams ----------------------------------------------------------------------------------------------------

    def _on_header(self, header: Element) -> None:
        exchange = self.exchange
        self.write(
            b"<?xml version='1.0'?><stream:stream xmlns='%s' xmlns:stream='%s' id='%s' from='%s' version='1.0'>"
            % (CLIENT.encode(), STREAM.encode(), exchange.new_id().encode(), exchange.domain.encode())
        )
        if header.tag != "{%s}stream" % STREAM:
            self.stream_error("invalid-namespace")
        elif header.get("to") != exchange.domain:
            self.stream_error("host-unknown")
        else:
            self.write_features()

    def write_features(self) -> None:
        self.write(b"<stream:features>%s</stream:features>" % b"".join(map(serialize, self._features())))

    def _features(self) -> list[Element]:
        if self.user:
            return [make(_BIND, "bind"), make(SM, "sm")]
        offered = self.exchange.mechanisms
        classic = make(_SASL, "mechanisms", *[make(_SASL, "mechanism", name) for name in offered])
        return [classic, sasl2.feature(offered)] if self.exchange.sasl2 else [classic]

    def _on_end(self) -> None:
        self.write(b"</stream:stream>")
        if self.session is not None:
            session, self.session = self.session, None
            session.connection = None
            session.end()
        self._hang_up_later()

    def _on_element(self, element: Element) -> None:
        if self.over:
            return
        xmlns, name = split(element.tag)
        if xmlns == _SASL and not self.user:
            self._sasl(name, element)
        elif xmlns == sasl2.SASL2 and not self.user and self.exchange.sasl2:
            self._login(name, element)
        elif not self.user:
            self.stream_error("not-authorized")
        elif xmlns == SM:
            self._sm(name, element)
        elif self.session is None and name == "iq":
            self._bind(element)
        elif self.session is not None and xmlns == CLIENT and name in ("message", "presence", "iq"):
            self.session.handled = (self.session.handled + 1) % COUNT
            services.handle(self.session, element)
        else:
            self.stream_error("unsupported-stanza-type")

    # -- authentication and binding ---------------------------------------------------------------------------------

    def _sasl(self, name: str, element: Element) -> None:
        try:
            message = base64.b64decode(element.text or "", validate=True)
            if name == "auth":
                self.user, answer = self._proving.begin(element.get("mechanism") or "", message)
            elif name == "response":
                self.user, answer = self._proving.end(message)
            else:
                raise auth.Refused
        except (auth.Refused, ValueError, KeyError):
            self.write(serialize(make(_SASL, "failure", make(_SASL, "not-authorized"))))
            return
        word = "success" if self.user else "challenge"
        self.write(serialize(make(_SASL, word, base64.b64encode(answer).decode())))
        if self.user:
            self._new_stream()

    def _login(self, name: str, element: Element) -> None:
        try:
            self._sasl2.element(name, element)
        except (auth.Refused, ValueError, KeyError):
            self._sasl2.refuse()

    def account(self) -> "Account":
        account = self.exchange.account("%s@%s" % (self.user, self.exchange.domain))
        assert account is not None
        return account

    def _bind(self, iq: Element) -> None:
        bind = iq.find("{%s}bind" % _BIND)
        if bind is None:
            self.stream_error("not-authorized")
            return
        self.begin_session(bind.findtext("{%s}resource" % _BIND) or self.exchange.new_id())
        assert self.session is not None
        jid = make(_BIND, "jid", self.session.jid)
        self.write(serialize(make(CLIENT, "iq", make(_BIND, "bind", jid), type="result", id=iq.get("id"))))

    def begin_session(self, resource: str) -> None:
        """Binds it; who had it is thrown out."""
        account = self.account()
        old = account.sessions.get(resource)
        if old is not None:
            connection, old.connection = old.connection, None
            old.end()
            if connection is not None:
                connection.session = None
                connection.stream_error("conflict")
        self.session = account.sessions[resource] = Session(self.exchange, account, resource)
        self.session.connection = self

    # -- stream management ------------------------------------------------------------------------------------------

    def _sm(self, name: str, element: Element) -> None:
        session = self.session
        if name == "resume" and session is None:
            self.write(serialize(self.resume(element)))
            self.send_unacknowledged()
        elif session is None:
            self.stream_error("unexpected-request")
        elif name == "enable":
            self.write(serialize(self.enabled()))
        elif name == "r":
            self.write(serialize(make(SM, "a", h=self._told(session))))
        elif name == "a" and not session.acknowledged(_h(element)):
            self.stream_error("undefined-condition")

    def _told(self, session: Session) -> str:
        """The count of stanzas that have been handled, as this exchange tells it."""
        return str(max(0, session.handled + self.exchange.h_lie) % COUNT)

    def enabled(self) -> Element:
        """The session can be resumed from now on; the answer."""
        session = self.session
        assert session is not None
        session.sm_id = self.exchange.new_id()
        session.handled = session.sent = 0
        self.exchange.sessions[session.sm_id] = session
        return make(SM, "enabled", id=session.sm_id, resume="true")

    def resume(self, element: Element) -> Element:
        """Goes on with a session if it is there; the answer. send_unacknowledged() is to follow."""
        sm_id = element.get("previd") or ""
        session = self.exchange.sessions.get(sm_id)
        if session is None or session.account is not self.account():
            h = self.exchange.gone.get(sm_id) if self.exchange.tells_h else None
            item = make("urn:ietf:params:xml:ns:xmpp-stanzas", "item-not-found")
            return make(SM, "failed", item, h=None if h is None else str(h))
        session.attach(self)
        self.session = session
        if not session.acknowledged(_h(element)):
            self.stream_error("undefined-condition")
        return make(SM, "resumed", previd=sm_id, h=self._told(session))

    def send_unacknowledged(self) -> None:
        """What the client has not got of a session that was resumed."""
        unacked = self.session.unacked if self.session is not None else []
        for stanza in unacked:
            self.write(serialize(stanza))
        if unacked:
            self.write(serialize(make(SM, "r")))


def _h(element: Element) -> int:
    """The number of stanzas that the client says it has; -1, which nobody has sent, if that is no number."""
    h = element.get("h") or ""
    return int(h) if h.isascii() and h.isdigit() and len(h) <= 10 else -1
