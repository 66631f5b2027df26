"""What the app asks of a client: everything that a user does."""

from nocarrier import events
from nocarrier.chat import ids, messages
from nocarrier.compat import const
from nocarrier.errors import UsageError
from nocarrier.jid import checked
from nocarrier.queue import states
from nocarrier.queue.records import Outgoing
from nocarrier.queue.storage import StorageError
from nocarrier.session.account import b64, uuid4

try:
    from typing import TYPE_CHECKING, Callable

    if TYPE_CHECKING:
        from nocarrier.chat.reader import Reader
        from nocarrier.chat.roster import Roster
        from nocarrier.chat.sender import Sender
        from nocarrier.queue.store import Store
        from nocarrier.session.account import Account
        from nocarrier.session.session import Session
except ImportError:
    pass

_TOKEN_BYTES = const(6)
_NEWEST = const(8)  # lines of a conversation in which the newest is looked for that wants a marker


class Commands:
    """The app's side of a Client, which is made of the same parts."""

    account: "Account"
    store: "Store"
    session: "Session"
    roster: "Roster"
    _sender: "Sender"
    _reader: "Reader"
    _events: "list[tuple[int, object]]"
    _entropy: "Callable[[int], bytes]"

    def send_message(self, to: str, body: str, bulk: bool = False, expires_s: int = 0) -> int:
        """Queues a chat message to a bare JID; it is on flash when this returns. Returns its number.

        bulk: it may wait for everything else. expires_s: not to be sent from then on, in seconds since 1970; 0: never.
        Raises UsageError if address or text cannot be sent or the queue is full, StorageError if the flash refuses:
        then it is not queued, but for a loss of power before the flash works again.
        """
        to = checked(to)
        if not body:
            raise UsageError("there is no text")
        token = ids.token(self.device_id(), self._entropy(ids.RANDOM_BYTES))
        # Refuses now what could not be written later.
        self.session.out.encode(
            messages.to_stanza(Outgoing(0, 0, "%08x-%s" % (0, token), to, body), self.account.markers)
        )
        if len(body.encode()) > self.store.limits.body_bytes:
            raise UsageError("text longer than %d bytes" % self.store.limits.body_bytes)
        seq = self.store.enqueue(to, body, token, bulk, expires_s, False).seq
        self._events.append((events.STATE, (seq, states.QUEUED)))
        self._pump()  # if it goes at once, one flush makes sure of the message and of its number
        try:
            self.store.make_sure()
        except StorageError:
            self._take_back(seq)
            raise
        return seq

    def device_id(self) -> str:
        """What names this device to servers (XEP-0388 §2.3.1) and to nobody else; made when it is first asked for.

        Empty while the flash has no room for it. Raises StorageError.
        """
        if not self.store.notes.get("device"):
            self.store.save_note("device", uuid4(self._entropy(16)))
        return self.store.notes.get("device", "")

    def _take_back(self, seq: int) -> None:
        """Whoever was told that a message is not on flash will write it anew: this one must not go as well."""
        try:
            self.cancel(seq)
        except (StorageError, UsageError):
            pass  # nothing is to be made of it now, or it is under way: then it is on flash

    def cancel(self, seq: int) -> None:
        """A queued message is not to be sent; that is on flash when this returns.

        Raises UsageError if it is not queued any more, StorageError: if a state event tells that it has failed, it will
        not go before the next loss of power.
        """
        self.store.cancel(seq)
        self._events.append((events.STATE, (seq, states.FAILED)))
        self.store.make_sure()

    def send_again(self, seq: int) -> None:
        """Queues a failed message once more, under its id. Raises UsageError if it has not failed, StorageError."""
        self.store.send_again(seq)
        self._events.append((events.STATE, (seq, states.QUEUED)))
        self._pump()

    def mark_seen(self, jid: str) -> None:
        """The user has seen all that came from a bare JID; online, its sender hears so if both want that (XEP-0333).

        Raises StorageError.
        """
        if not self.store.talks.unseen(jid):
            return
        self.store.mark_seen(jid)
        if self.account.markers and self.session.online() and self.roster.sees_us(jid):
            for item in reversed(self.store.history(jid, _NEWEST)):
                if item.markable:
                    self._sender.reply(messages.marker(jid, item.message_id, self._token()))
                    return

    def subscribe(self, jid: str) -> None:
        """Asks a contact for its presence (RFC 6121 §3.1). Raises UsageError when offline."""
        self._sender.presence_to(checked(jid), "subscribe")

    def accept(self, jid: str) -> None:
        """Lets a contact see our presence (RFC 6121 §3.1.4). Raises UsageError when offline."""
        self._sender.presence_to(checked(jid), "subscribed")

    def set_presence(self, show: str = "", status: str = "", priority: int = 0) -> None:
        """What contacts see of us (RFC 6121 §4.7.2), in every session until the device is switched off.

        show: "", "away", "chat", "dnd" or "xa". status: at most 40 characters. Raises UsageError.
        """
        self.roster.set_own(show, status, priority)
        if self.session.online():
            self._reader.tell_presence()

    def accept_offer(self) -> None:
        """The user accepts that the server offers weaker logins than before ("mechanism-too-weak")."""
        self.store.save_note("offer", "")

    def set_active(self, active: bool) -> None:
        """Whether somebody is looking at the screen: if not, the server holds back what can wait (XEP-0352)."""
        self.session.set_active(active)

    def log_out(self) -> None:
        """Ends the session for good; take() what is left, then close the link."""
        if self.session.online():
            self.session.close()
            self.store.end_session()

    def _token(self) -> str:
        return b64(self._entropy(_TOKEN_BYTES)).replace("+", ".").replace("/", "_")

    def _pump(self) -> None:
        """Hands out what can go. The client's."""
        raise NotImplementedError
