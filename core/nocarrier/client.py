"""The client: one object from the bytes of a line to the messages of a user.

It opens nothing and waits for nothing (sans-I/O). The driver calls link_up(), receive(), take(), tick() and
link_down(); the app calls send_message() and takes next_event(). Time is handed in with every call.
"""

from nocarrier import events, ns
from nocarrier.chat import iq as iqs
from nocarrier.chat import messages
from nocarrier.chat.catchup import MORE, CatchUp
from nocarrier.chat.iq import IqTracker
from nocarrier.chat.jid import bare, checked
from nocarrier.chat.roster import Roster
from nocarrier.compat import const
from nocarrier.errors import AuthError, NocarrierError, PeerError, StorageError, UsageError
from nocarrier.modular import count_add, count_diff
from nocarrier.queue import records, states
from nocarrier.queue.records import Incoming
from nocarrier.queue.store import Store
from nocarrier.session import session as ses
from nocarrier.session.line import LineProfile
from nocarrier.session.scram import b64
from nocarrier.session.session import Account, Session
from nocarrier.wire.element import Element
from nocarrier.wire.limits import WireLimits
from nocarrier.wire.parser import TooLarge

try:
    from typing import Callable, Optional
except ImportError:
    pass

_ROSTER_GET = const(1)
_PAGE = const(2)

_TOKEN_BYTES = const(6)
_NONCE_BYTES = const(15)
# Stream errors after which calling again by oneself would only repeat them (RFC 6120 §4.9.3).
_FINAL = ("conflict", "host-unknown", "host-gone", "not-authorized", "unsupported-version", "invalid-namespace")


def may_retry(error: NocarrierError) -> bool:
    """True if the call may be repeated without the user's doing."""
    if isinstance(error, AuthError):
        return False
    return not (isinstance(error, PeerError) and error.condition in _FINAL)


class ClientLimits:
    """The client's limits. window: stanzas on their way unacknowledged. posts: waiting above it, others' requests go unanswered."""

    def __init__(
        self,
        wire: "Optional[WireLimits]" = None,
        out_bytes: int = 4096,
        window: int = 8,
        posts: int = 8,
        contacts: int = 100,
        page: int = 5,
    ) -> None:
        self.wire = wire or WireLimits()
        self.out_bytes = out_bytes
        self.window = window
        self.posts = posts
        self.contacts = contacts
        self.page = page


class Client:
    """The messenger of one account.

    entropy(n) returns n unguessable bytes. Raises UsageError without it: there is no login with guessable nonces.
    """

    def __init__(
        self,
        account: Account,
        store: Store,
        line: LineProfile,
        entropy: "Callable[[int], bytes]",
        limits: "Optional[ClientLimits]" = None,
    ) -> None:
        if entropy is None:
            raise UsageError("no source of entropy")
        self.account = account
        self.store = store
        self.limits = limits or ClientLimits()
        self.session = Session(account, line, self.limits.wire, self.limits.out_bytes)
        self.roster = Roster(account.jid, self.limits.contacts)
        self._line = line
        self._entropy = entropy
        self._iq = IqTracker(account.jid)
        self._catch_up = CatchUp(store, account.jid, self.limits.page)
        self._events: "list[tuple[int, object]]" = []
        self._posts: "list[bytes]" = []
        self._receipts: "list[tuple[int, int]]" = []
        self.fault: "Optional[NocarrierError]" = None  # why this stream cannot go on, until link_down()
        self._utc_s = 0

    def open(self) -> None:
        """Reads the store. Raises StorageError."""
        self.store.open()

    # -- the app's side ---------------------------------------------------------------------------------------------

    def send_message(self, to: str, body: str) -> int:
        """Queues a chat message to a bare JID; it is on flash when this returns. Returns its number.

        Raises UsageError if address or text cannot be sent or too many wait, StorageError if the flash refuses.
        """
        to = checked(to)
        if len(body.encode()) > self.store.limits.body_bytes:
            raise UsageError("the text is longer than %d bytes" % self.store.limits.body_bytes)
        if not body:
            raise UsageError("there is no text")
        token = self._token()
        self.session.encode(Element("body", ns.CLIENT, ("id", token), [body]))  # refuses what XML cannot carry
        seq = self.store.enqueue(to, body, token, self._utc_s).seq
        self._events.append((events.STATE, (seq, states.QUEUED)))
        self._pump()
        return seq

    def next_event(self) -> "Optional[tuple[int, object]]":
        """What happened, oldest first, or None."""
        return self._events.pop(0) if self._events else None

    def online(self) -> bool:
        """True when messages pass."""
        return self.session.online()

    def subscribe(self, jid: str) -> None:
        """Asks a contact for its presence (RFC 6121 §3.1). Raises UsageError when offline."""
        self._presence_to(checked(jid), "subscribe")

    def accept(self, jid: str) -> None:
        """Lets a contact see our presence (RFC 6121 §3.1.4). Raises UsageError when offline."""
        self._presence_to(checked(jid), "subscribed")

    def log_out(self) -> None:
        """Ends the session for good; take() what is left, then close the link."""
        if self.session.online():
            self.session.close()
            self.store.save_session("", 0, "")

    # -- the driver's side ------------------------------------------------------------------------------------------

    def link_up(self, now_ms: int) -> None:
        """The line stands: log in, or resume."""
        self.fault = None
        store = self.store
        known = (store.sm_id, store.h, store.jid) if store.sm_id else None
        self.session.connect(b64(self._entropy(_NONCE_BYTES)), known, now_ms)

    def link_down(self) -> None:
        """The line is gone. What was under way is settled after the next login."""
        was_online = self.session.online()
        self.session.disconnect(self.fault is not None)
        self._session_events()
        if self.session.acks.active:
            self._guard(self.store.save_handled, self.session.acks.handled)
        self.fault = None
        if was_online:
            self._events.append((events.OFFLINE, None))

    def receive(self, data: "bytes | bytearray | memoryview", now_ms: int) -> None:
        """Bytes from the line, in any pieces."""
        step = self.limits.wire.chunk_bytes
        view = memoryview(data)
        for at in range(0, len(view), step):
            if self.fault is not None:
                return
            self._guard(self.session.feed, view[at : at + step], now_ms)
            self._session_events()
        self._pump()

    def take(self, limit: int, now_ms: int) -> bytes:
        """Bytes for the line: at most `limit`, and no more than the line carries in about a second."""
        if self.fault is not None:
            return b""
        self._pump()
        return self.session.take(limit, now_ms)

    def tick(self, now_ms: int, utc_s: int = 0) -> None:
        """Time has passed. utc_s: seconds since 1970, 0 if unknown."""
        self._utc_s = utc_s
        if self.fault is None:
            self._guard(self.session.tick, now_ms)
            self._session_events()
            self._pump()

    def deadline_ms(self) -> "Optional[int]":
        """When tick() or take() is wanted next, or None."""
        return None if self.fault is not None else self.session.deadline_ms()

    # -- what the session reports -----------------------------------------------------------------------------------

    def _session_events(self) -> None:
        while self.fault is None or self.session.state == 0:
            event = self._guard(self.session.next_event)
            if event is None:
                return
            kind, value = event
            self._guard(self._on_session, kind, value)

    def _on_session(self, kind: int, value: object) -> None:
        session, store = self.session, self.store
        if kind == ses.STANZA:
            self._on_stanza(value)  # type: ignore[arg-type]
            session.handled()
        elif kind == ses.TOO_LARGE:
            self._on_too_large(value)  # type: ignore[arg-type]
            session.handled()
        elif kind == ses.ACK_WANTED:
            store.save_handled(session.acks.handled)
            session.acknowledge()
        elif kind == ses.ACKNOWLEDGED:
            self._acknowledged(value)  # type: ignore[arg-type]
        elif kind == ses.RESUME_FAILED:
            if value is not None:
                self._acknowledged(value)  # type: ignore[arg-type]
                self._requeued(store.outbox.resend())
        elif kind == ses.SESSION_LOST:
            # It was resumed, so that the server has said how much it has; then it turned out to be deaf.
            self._requeued(store.outbox.resend())
            store.save_session("", 0, "")
        elif kind == ses.ENABLED:
            store.save_session(value, session.acks.handled, session.jid)  # type: ignore[arg-type]
        elif kind == ses.BOUND:
            self._begin(False)
        elif kind == ses.RESUMED:
            self._requeued(store.outbox.resend())
            self._begin(True)

    def _acknowledged(self, h: int) -> None:
        for seq in self.store.outbox.acknowledged(h):
            self._events.append((events.STATE, (seq, states.ON_SERVER)))
        for count, seq in self._receipts:
            if count_diff(h, count) >= 0:
                self.store.inbox.receipt_done(seq)
        self._receipts = [pair for pair in self._receipts if count_diff(h, pair[0]) < 0]

    def _requeued(self, seqs: "list[int]") -> None:
        for seq in seqs:
            self._events.append((events.STATE, (seq, states.QUEUED)))

    def _begin(self, resumed: bool) -> None:
        """Online. What a new session needs is asked for in the order in which it is needed."""
        self._receipts = []
        if not resumed:
            self._iq.forget_all()
            self._posts = []
            self._catch_up.abandon()
            self.roster.known = False
            self.roster.all_offline()
        if not self.roster.known:
            self._request(_ROSTER_GET, Element("query", ns.ROSTER))
        if not resumed or not (self._catch_up.done or self._catch_up.running):
            self._catch_up.begin()
            self._next_page()
        self._events.append((events.ONLINE, resumed))

    def _next_page(self) -> None:
        self._request(_PAGE, self._catch_up.query(self._token()))

    # -- stanzas ----------------------------------------------------------------------------------------------------

    def _on_stanza(self, stanza: Element) -> None:
        if stanza.name == "message":
            entry = self._catch_up.entry(stanza)
            if entry is None:
                in_archive = messages.archive_id(stanza, self.account.jid)
                self._on_message(stanza, in_archive, self._catch_up.done)
            else:
                self._on_entry(entry.stanza, entry.archive_id, self._catch_up.is_new(entry))
        elif stanza.name == "presence":
            self._on_presence(stanza)
        elif stanza.get("type") in ("result", "error"):
            self._on_answer(stanza)
        elif self.roster.push(stanza):
            self._events.append((events.ROSTER, None))
            self._reply(Element("iq", ns.CLIENT, ("type", "result", "id", stanza.get("id"))))
        else:
            self._reply(iqs.reply(stanza))

    def _on_entry(self, stanza: Element, archive_id: str, is_new: bool) -> None:
        """An archived message: ours may settle a doubt, the others' are new or known."""
        if bare(stanza.get("from") or "") != self.account.jid:
            if is_new:
                self._on_message(stanza, archive_id, True)
            return
        seq = self.store.outbox.found_on_server(stanza.get("id") or "")
        if seq:
            self._events.append((events.STATE, (seq, states.ON_SERVER)))

    def _on_message(self, stanza: Element, archive_id: str, moves_cursor: bool) -> None:
        kind = stanza.get("type") or "normal"
        sender = bare(stanza.get("from") or "")
        outbox = self.store.outbox
        if kind == "error":
            self._moved(outbox.failed(stanza.get("id") or "", sender, iqs.error_condition(stanza)), states.FAILED)
            return
        received_id = messages.received_id(stanza)
        if received_id is not None:
            self._moved(outbox.delivered(received_id, sender), states.DELIVERED)
        if kind in ("chat", "normal"):
            self._keep(messages.incoming(stanza, archive_id, moves_cursor, self._utc_s))

    def _moved(self, seq: int, state: int) -> None:
        if seq:
            self._events.append((events.STATE, (seq, state)))

    def _keep(self, message: "Optional[Incoming]") -> None:
        """On flash, together with the count that includes it, before the server may hear that we have it."""
        if message is None or self.store.inbox.seen(message.keys):
            return
        if len(message.body.encode()) > self.store.limits.body_bytes:
            message.flags |= records.NOTICE
            message.body = "too large (%d bytes)" % len(message.body.encode())
        message.h = count_add(self.session.acks.handled, 1) if self.session.acks.active else 0
        self.store.received(message)
        self._events.append((events.MESSAGE, message))

    def _on_too_large(self, skipped: TooLarge) -> None:
        head = skipped.head
        if head is None:
            return
        if head.name == "iq" and head.get("type") in ("get", "set"):
            self._reply(iqs.refusal(head, "modify", "policy-violation"))
        elif head.name == "message" and head.get("type") != "error":
            # Only the start tag was kept; this stands for the text.
            head.children.append(Element("body", ns.CLIENT, (), ["too large (%d bytes)" % skipped.size_bytes]))
            notice = messages.incoming(head, "", False, self._utc_s)
            if notice is not None:
                notice.flags |= records.NOTICE
            self._keep(notice)

    def _on_presence(self, stanza: Element) -> None:
        if stanza.get("type") == "subscribe":
            self._events.append((events.SUBSCRIPTION, bare(stanza.get("from") or "")))
            return
        contact = self.roster.presence(stanza)
        if contact is not None:
            self._events.append((events.PRESENCE, contact))

    def _on_answer(self, iq: Element) -> None:
        kind = self._iq.answer(iq)
        if kind == _ROSTER_GET:
            if iq.get("type") == "result":
                self.roster.replace(iq.child("query", ns.ROSTER))
                self._events.append((events.ROSTER, None))
        elif kind == _PAGE:
            step, again = self._catch_up.page_done(iq)
            self._requeued(again)
            if step == MORE:
                self._next_page()
            else:
                # Only now: what the server delivers from here on is newer than the archive's end.
                self._post(Element("presence", ns.CLIENT))

    # -- what goes out ----------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Fills the line as far as it should be filled: answers, receipts, then messages in their order."""
        if self.fault is None:
            self._guard(self._fill)

    def _fill(self) -> None:
        session = self.session
        while session.online() and session.hungry():
            if self._posts:
                if len(self._posts[0]) > session.room():
                    return
                session.send(self._posts.pop(0), True)
            elif session.acks.unacknowledged() >= self.limits.window:
                return
            elif not (self._send_receipt() or self._send_message()):
                return

    def _send_message(self) -> bool:
        """Writes the next queued message, after it was noted on flash under which count."""
        outbox = self.store.outbox
        message = None if self._catch_up.settling else outbox.next_queued()
        if message is None:
            return False
        data = self.session.encode(messages.to_stanza(message))
        if len(data) > self.session.room():
            return False
        count = count_add(self.session.acks.sent, 1) if self.session.acks.active else 0
        outbox.mark_sent(message.seq, count, self.store.known_end())
        self.session.send(data, False)
        self._events.append((events.STATE, (message.seq, states.SENT)))
        return True

    def _send_receipt(self) -> bool:
        """Writes the next receipt that is owed, to contacts only: others are not to learn that we are here."""
        if not self.roster.known:
            return False
        under_way = [seq for _, seq in self._receipts]
        for message in self.store.inbox.owed():
            if message.seq in under_way:
                continue
            if not self.roster.sees_us(bare(message.sender)):
                self.store.inbox.receipt_done(message.seq)
                continue
            data = self.session.encode(messages.receipt(message, self._token()))
            if len(data) > self.session.room():
                return False
            self._receipts.append((self.session.send(data, False), message.seq))
            return True
        return False

    def _request(self, kind: int, payload: Element) -> None:
        iq_type = "set" if kind == _PAGE else "get"
        self._post(self._iq.request(kind, iq_type, payload, self._token()))

    def _presence_to(self, jid: str, kind: str) -> None:
        if not self.session.online():
            raise UsageError("not online")
        self._post(Element("presence", ns.CLIENT, ("to", jid, "type", kind)))

    def _post(self, stanza: Element) -> None:
        """Ours to send as soon as there is room. The session itself writes it again after a resumption."""
        self._posts.append(self.session.encode(stanza))

    def _reply(self, stanza: Element) -> None:
        """An answer to somebody's request; too many at once are not answered."""
        if len(self._posts) < self.limits.posts:
            self._post(stanza)

    def _token(self) -> str:
        return b64(self._entropy(_TOKEN_BYTES)).replace("+", ".").replace("/", "_")

    def _guard(self, call, *args):  # type: ignore[no-untyped-def]
        """Calls; a fault of the peer or of the flash becomes one event, and nothing goes on until link_down()."""
        try:
            return call(*args)
        except (PeerError, StorageError) as error:
            if self.fault is None:
                self.fault = error
                self._events.append((events.FAULT, error))
            return None
