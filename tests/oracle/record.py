"""record.py [FILE]: what a real Prosody says to a client in a conversation, byte for byte, written to recorded/.

The senders write what clients of today write: chat states, receipts, markers, stanza ids, capabilities.
Needs PROSODY13, as `make test` sets it. Run again after an upgrade of the server; the tests read the file as it is.
"""

import base64
import os
import socket
import sys
from pathlib import Path

from nocarrier_emulator.servers.prosody import Prosody

DOMAIN = "plain.test"
FOLDER = Path(__file__).parent / "recorded"
USERS = {name: "pw" for name in ("anna", "bert", "carla", "dmitri")}
TEXTS = (
    "Hi! Are you on the train already?",
    "yes, somewhere between two tunnels. The line drops every few minutes, so do not worry if I answer late",
    "ok",
    "Grüße aus Köln, hier regnet es wie immer",
    "Could you bring the blue folder? It is on the table, next to the phone & the keys.",
    "👍",
    "привет, мы уже дома",
    "The 17:42 was cancelled, I am taking the 18:07. Should be there at nine, maybe half past nine if nobody waits.",
    "See https://example.org/timetable?from=koeln&to=bonn",
    "no hurry",
)
OPEN = (
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "to='%s' version='1.0'>" % DOMAIN
)
AUTH = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>"
BIND = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>"
CAPS = (
    "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='https://example.org/%s' "
    "ver='q07IKJEyjvHSyhy//CH0CxmKi8w='/>"
)
ACTIVE = "<active xmlns='http://jabber.org/protocol/chatstates'/>"
REQUEST = "<request xmlns='urn:xmpp:receipts'/>"
RECEIVED = "<received xmlns='urn:xmpp:receipts' id='m%d'/>"
ARCHIVE = (
    "<iq type='set' id='mam1'><query xmlns='urn:xmpp:mam:2' queryid='q1'>"
    "<set xmlns='http://jabber.org/protocol/rsm'><max>10</max></set></query></iq>"
)
# The same message as three kinds of clients write it: id, text.
MESSAGES = {
    "bert": "<message to='anna@plain.test' type='chat' id='%s'><body>%s</body>" + REQUEST
    + "<markable xmlns='urn:xmpp:chat-markers:0'/><origin-id xmlns='urn:xmpp:sid:0' id='%s'/>" + ACTIVE + "</message>",
    "carla": "<message to='anna@plain.test' type='chat' id='%s' xml:lang='en'><body>%s</body>"
    "<origin-id id=\"%s\" xmlns=\"urn:xmpp:sid:0\"/>" + REQUEST + "</message>",
    "dmitri": "<message to='anna@plain.test' type='chat' id='%s'>" + ACTIVE + "<body>%s</body></message>",
}  # fmt: skip
# What else they write at the n-th message: how often, when in the turn, what. %d: n, %s: who.
OTHERS = (
    (5, 0, "<message to='anna@plain.test' type='chat'>" + ACTIVE.replace("active", "composing") + "</message>"),
    (4, 1, "<message to='anna@plain.test/r' type='chat' id='rc%d'>" + RECEIVED + "</message>"),
    (7, 3, "<presence><show>away</show><status>back at %d:00</status>" + CAPS.replace("%s", "c") + "</presence>"),
    (6, 2, "<iq type='get' to='anna@plain.test/r' id='ping%d'><ping xmlns='urn:xmpp:ping'/></iq>"),
)  # fmt: skip


class Client:
    """A socket that logs in by RFC 6120 and keeps all that it hears."""

    def __init__(self, port: int, user: str) -> None:
        self.user = user
        self.heard = b""
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.settimeout(0.2)
        self.say(OPEN, b"</stream:features>")
        self.say(AUTH % base64.b64encode(b"\0%s\0pw" % user.encode()).decode(), b"<success")
        self.from_here = len(self.heard)
        self.say(OPEN, b"</stream:features>")
        self.say(BIND, b"</iq>")
        self.say("<enable xmlns='urn:xmpp:sm:3' resume='true'/>", b"<enabled")
        self.say("<iq type='get' id='r1'><query xmlns='jabber:iq:roster'/></iq>", b"</iq>")
        self.say("<presence><priority>5</priority>" + CAPS % user + "</presence>")

    def say(self, text: str, until: bytes = b"") -> None:
        """Sends, and hears until this comes, or what comes within a moment."""
        begin = len(self.heard)
        self._socket.sendall(text.encode())
        self.hear(until, begin)

    def hear(self, until: bytes = b"", begin: int = 0) -> None:
        """Hears until this comes behind index `begin`, or what comes within a moment."""
        for _ in range(25):
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                if not until:
                    return
                continue
            self.heard += data
            if not data or (until and until in self.heard[begin:]):
                return


def main() -> None:
    """Plays the conversation and writes the file."""
    server = Prosody(os.environ["PROSODY13"], USERS)
    server.start()
    try:
        anna, bert, carla, dmitri = (Client(server.port, user) for user in USERS)
        for n in range(30):
            sender = (bert, carla, dmitri)[n % 3]
            text = TEXTS[n % len(TEXTS)].replace("&", "&amp;")
            message_id = "%08x-%04x-4c%02x" % (n * 2654435761 % 2**32, n * 40503 % 65536, n)
            message = MESSAGES[sender.user]
            sender.say(message % (message_id, text, message_id)[: message.count("%s")])
            for every, turn, what in OTHERS:
                if n % every == turn:
                    sender.say(what % ((n,) * what.count("%d")))
            if n % 4 == 1:
                anna.say("<r xmlns='urn:xmpp:sm:3'/>", b"<a ")
            anna.hear()
        anna.say(ARCHIVE, b"</fin>")
        carla.say("<presence type='unavailable'/>")
        anna.hear()
        anna.say("</stream:stream>", b"</stream:stream>")
        FOLDER.mkdir(exist_ok=True)
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "prosody13.xml"
        path.write_bytes(anna.heard[anna.from_here :])
        print("%s: %d bytes" % (path, len(anna.heard) - anna.from_here))
    finally:
        server.remove()


if __name__ == "__main__":
    main()
