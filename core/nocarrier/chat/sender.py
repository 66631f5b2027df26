"""What goes out, in which order: answers and requests, then receipts, then messages as they were queued.

Nothing is written before it is known, on flash, under which count it will go; nothing more is written than the line
carries in about a second, so that what comes next never waits long.
"""

from nocarrier import events, ns
from nocarrier.chat import messages
from nocarrier.chat.iq import IqTracker
from nocarrier.errors import UsageError
from nocarrier.jid import bare
from nocarrier.modular import count_add, count_diff
from nocarrier.queue import states
from nocarrier.wire.element import Element

try:
    from typing import Callable

    from nocarrier.chat.catchup import CatchUp
    from nocarrier.chat.roster import Roster
    from nocarrier.queue.store import Store
    from nocarrier.session.session import Session
except ImportError:
    pass


class Sender:
    """The way from the store to the session.

    window: stanzas on their way unacknowledged. posts: waiting above it, requests of others go unanswered.
    markers: whether the other side is asked for them (XEP-0333). token() returns a fresh unguessable id. events: the
    client's.
    """

    def __init__(
        self,
        session: Session,
        store: Store,
        roster: Roster,
        catch_up: CatchUp,
        own_jid: str,
        token: "Callable[[], str]",
        events: "list[tuple[int, object]]",
        window: int = 8,
        posts: int = 8,
        markers: bool = False,
    ) -> None:
        self._markers = markers
        self.requests = IqTracker(own_jid)
        self._session = session
        self._store = store
        self._roster = roster
        self._catch_up = catch_up
        self.token = token
        self._events = events
        self._window = window
        self._posts_limit = posts
        self._posts: "list[bytes]" = []
        self._receipts: "list[tuple[int, int]]" = []  # (count, seq) of those under way in this session

    def new_session(self) -> None:
        """Nothing of what was under way in the old one will be answered."""
        self._posts = []
        self.requests.forget_all()

    def begin(self) -> None:
        """Online. Receipts that were under way are owed still; posts and requests the session itself writes again."""
        self._receipts = []

    def request(self, kind: int, iq_type: str, payload: Element) -> None:
        """Asks the own account; `kind` comes back with the answer (IqTracker)."""
        self.post(self.requests.request(kind, iq_type, payload, self.token()))

    def post(self, stanza: Element) -> None:
        """Ours to send as soon as there is room. The session itself writes it again after a resumption."""
        self._posts.append(self._session.out.encode(stanza))

    def presence_to(self, jid: str, kind: str) -> None:
        """A presence for one contact (RFC 6121 §3). Raises UsageError when offline: it would mean nothing later."""
        if not self._session.online():
            raise UsageError("not online")
        self.post(Element("presence", ns.CLIENT, ("to", jid, "type", kind)))

    def reply(self, stanza: Element) -> None:
        """An answer to somebody's request. Too many at once are not answered, nor what makes the answer too long."""
        if len(self._posts) < self._posts_limit:
            try:
                self.post(stanza)
            except UsageError:
                pass  # an address or id of escapes only; whoever made it up has no claim to an answer

    def fill(self) -> None:
        """Fills the line as far as it should be filled."""
        session = self._session
        while session.ladder.ahead is not None and self._posts and len(self._posts[0]) <= session.room():
            session.send(self._posts.pop(0), True)
        while session.ladder.riding and session.out.hungry() and session.acks.unacknowledged() < self._window:
            if not self._send_message():
                return
        while session.passes() and session.out.hungry():
            unacknowledged = session.acks.unacknowledged()
            if self._posts and unacknowledged < self._window + self._posts_limit:
                if len(self._posts[0]) > session.room():
                    return
                session.send(self._posts.pop(0), True)
            elif self._posts or unacknowledged >= self._window:
                return
            elif not (self._send_receipt() or self._send_message()):
                return

    def rides(self) -> bool:
        """True if a message may go with the request to resume.

        Nothing before it is in doubt, so that its number in the session can be foretold; and there is an archive, which
        tells what became of it if the line drops before the answer.
        """
        store = self._store
        return bool(store.known_end()) and store.outbox.waits() and self._session.settled()

    def acknowledged(self, h: int) -> None:
        """The server has handled h stanzas of this session (XEP-0198 §4)."""
        self.moved(self._store.outbox.acknowledged(h), states.ON_SERVER)
        for count, seq in self._receipts:
            if count_diff(h, count) >= 0:
                self._store.inbox.receipt_done(seq)
        self._receipts = [pair for pair in self._receipts if count_diff(h, pair[0]) < 0]

    def moved(self, seqs: "list[int]", state: int) -> None:
        """These messages are in another state now."""
        for seq in seqs:
            self._events.append((events.STATE, (seq, state)))

    def _send_message(self) -> bool:
        """Writes the next queued message, after it was noted on flash under which count."""
        outbox, session = self._store.outbox, self._session
        message = None if self._catch_up.settling else outbox.next_queued()
        if message is None:
            return False
        reason = "expired" if 0 < message.expires_s <= self._store.utc_s else ""
        try:
            data = session.out.encode(messages.to_stanza(message, self._markers))
        except UsageError:  # queued when the limits were wider
            reason = "policy-violation"
        if reason:
            outbox.cannot_send(message.seq, reason)
            self.moved([message.seq], states.FAILED)
            return True
        if len(data) > session.room():
            return False
        count = count_add(session.acks.sent, 1) if session.acks.active else 0
        outbox.mark_sent(message.seq, count, self._store.known_end())
        if session.ladder.riding and not session.ladder.riders:
            self._store.void_session()
        session.send(data, False)
        self.moved([message.seq], states.SENT)
        return True

    def _send_receipt(self) -> bool:
        """Writes the next receipt that is owed, to contacts only: others are not to learn that we are here."""
        if not self._roster.known:
            return False
        inbox = self._store.inbox
        under_way = [seq for _, seq in self._receipts]
        while True:
            message = inbox.next_owed(under_way)
            if message is None:
                return False
            if self._roster.sees_us(bare(message.sender)):
                try:
                    data = self._session.out.encode(messages.receipt(message, self.token()))
                    break
                except UsageError:
                    pass  # an id of escapes only
            inbox.receipt_done(message.seq)
        if len(data) > self._session.room():
            return False
        self._receipts.append((self._session.send(data, False), message.seq))
        return True
