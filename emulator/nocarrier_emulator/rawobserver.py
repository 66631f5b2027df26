"""A client as simple as can be: it logs in, and writes down every message as it comes. It knows none again."""

import base64
import contextlib
import socket
from xml.parsers import expat

from nocarrier_emulator.servers.server import Server

_HEADER = "<stream:stream to='%s' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
_AUTH = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>"
_BIND = (
    "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>raw</resource></bind></iq>"
    "<presence/>"
)


class RawObserver:
    """Logs in on the open line, with PLAIN, without stream management; calls again when the server has gone.

    got: texts of messages, in the order in which they came; filed: of each, the id under which the server says that it
    has archived it (XEP-0359), or "". online: its presence is with the server.
    """

    def __init__(self, server: Server, user: str) -> None:
        self.got: list[str] = []
        self.filed: list[str] = []
        self.online = False
        self._server = server
        self._secret = base64.b64encode(("\0%s\0%s" % (user, server.users[user])).encode()).decode()
        self._socket: socket.socket | None = None
        self._proved = False
        self._body: list[str] | None = None
        self._said: str | None = None
        self._filed = ""
        self._ours = False  # inside a message of the stream itself, not one that is wrapped in another
        self._depth = 0
        self._parser = expat.ParserCreate()

    def step(self) -> None:
        """What is to be done now."""
        if self._socket is None:
            self._call()
            return
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._parser.Parse(data)
        else:
            self.close()

    def close(self) -> None:
        """Hangs up."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self.online = False

    def _call(self) -> None:
        line = socket.socket()
        if line.connect_ex(("127.0.0.1", self._server.port)):
            line.close()
            return
        line.setblocking(False)
        self._socket, self._proved = line, False
        self._new_stream()

    def _new_stream(self) -> None:
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._say(_HEADER % self._server.domain)

    def _say(self, text: str) -> None:
        assert self._socket is not None
        with contextlib.suppress(OSError):
            self._socket.sendall(text.encode())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2:
            self._ours, self._filed, self._said = name == "message", "", None
        if self._ours and self._depth == 3 and name == "body":
            self._body = []
        elif self._ours and self._depth == 3 and name == "stanza-id":
            self._filed = attributes.get("id", "")

    def _text(self, text: str) -> None:
        if self._body is not None:
            self._body.append(text)

    def _heard(self, body: str, archive_id: str) -> None:
        self.got.append(body)
        self.filed.append(archive_id)

    def _end(self, name: str) -> None:
        if self._body is not None and name == "body":
            self._said, self._body = "".join(self._body), None
        self._depth -= 1
        if self._depth != 1:
            return
        if self._said is not None:
            self._heard(self._said, self._filed)
            self._said = None
        if name == "stream:features":
            self._say(_BIND if self._proved else _AUTH % self._secret)
        elif name == "success":
            self._proved = True
            self._new_stream()
        elif name == "presence":
            self.online = True
