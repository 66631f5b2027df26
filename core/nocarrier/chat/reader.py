"""What comes in: each stanza to the part that it concerns. Messages are on flash when this returns."""

from nocarrier import events, ns
from nocarrier.chat import ids, messages
from nocarrier.chat import iq as iqs
from nocarrier.chat.catchup import DONE, MORE
from nocarrier.compat import const
from nocarrier.jid import bare
from nocarrier.modular import count_add
from nocarrier.queue import records, states
from nocarrier.queue.window import dedup_key
from nocarrier.wire.element import Element

try:
    from typing import Optional

    from nocarrier.chat.archive import Entry
    from nocarrier.chat.catchup import CatchUp
    from nocarrier.chat.roster import Roster
    from nocarrier.chat.sender import Sender
    from nocarrier.queue.records import Incoming
    from nocarrier.queue.store import Store
    from nocarrier.session.acks import Acks
    from nocarrier.wire.node import Node
    from nocarrier.wire.walker import TooLarge
except ImportError:
    pass

# What a request of ours was for.
_ROSTER_GET = const(1)
_PAGE = const(2)
_CARBONS = const(3)


class Reader:
    """The way from the session to the store. events: the client's. carbons: whether copies are wanted (XEP-0280)."""

    def __init__(
        self,
        own_jid: str,
        acks: Acks,
        store: Store,
        roster: Roster,
        catch_up: CatchUp,
        sender: Sender,
        events: "list[tuple[int, object]]",
        carbons: bool = False,
    ) -> None:
        self._carbons = carbons
        self._own = own_jid
        self._acks = acks
        self._store = store
        self._roster = roster
        self._catch_up = catch_up
        self._sender = sender
        self._events = events
        self._again = False

    def new_session(self, forgotten: bool) -> None:
        """What was known of the old one's surroundings is not any more.

        forgotten: asked for it, the server does not even know how much of it it had handled, so it may have lost that
        too. To whom would not show it twice it is sent again. Raises StorageError.
        """
        if forgotten:
            self._store.make_room()
            seqs = self._store.outbox.unconfirmed(self._roster.knows_ids)
            self._sender.moved(seqs, states.QUEUED)
            self._again = self._again or bool(seqs)
        self._catch_up.abandon()
        self._roster.new_session()

    def doubtful(self) -> None:
        """The old stream may still deliver what it was given: what the archive does not have may come yet."""
        self._catch_up.doubtful = True

    def resumed(self) -> None:
        """The session goes on, on another stream."""
        self._catch_up.resumed()

    def passed(self, now_ms: int) -> None:
        """Time has passed, online."""
        if self._catch_up.passed(now_ms):
            self._next_page()

    def deadline_ms(self) -> "Optional[int]":
        """When passed() is wanted next, online; None: never."""
        return self._catch_up.deadline_ms()

    def begin(self) -> None:
        """Online. What is not known yet is asked for in the order in which it is needed.

        Presence stands before the archive, so that there is no moment whose messages come neither way: Prosody delivers
        nothing that has waited once the archive was asked for.
        """
        self.begin_ahead()
        if not self._roster.own_told:
            self.tell_presence()
        if not (self._catch_up.done or self._catch_up.running):
            walks = self._catch_up.begin(self._again)
            self._again = False
            self._next_page()
            if not walks:
                self._show_aside()

    def begin_ahead(self) -> None:
        """What can be asked for before anything is known of the session."""
        if not self._roster.asked:  # after a restart of the device too: who knows whether it was sent
            self._roster.asked = True
            if self._carbons:
                self._sender.request(_CARBONS, "set", Element("enable", ns.CARBONS))
            self._sender.request(_ROSTER_GET, "get", Element("query", ns.ROSTER, ("ver", self._roster.version())))
            self.tell_presence()

    def tell_presence(self) -> None:
        """Our contacts are to see of us what the user wishes."""
        self._sender.post(self._roster.own_presence())

    def stanza(self, stanza: Node) -> None:
        """One stanza. Raises StorageError: then it counts as not handled."""
        if stanza.name == "message":
            entry = self._catch_up.entry(stanza)
            if self._carbons and entry is None and self._copy(stanza):
                return
            if entry is None:
                in_archive = messages.archive_id(stanza, self._own)
                ahead = self._catch_up.will_bring(in_archive)
                if not ahead and not self._catch_up.running:
                    self._show_aside()  # put aside for a walk that never came to its end
                moves_cursor = self._catch_up.moves_cursor(in_archive)
                is_new = self._message(stanza, in_archive, moves_cursor, ahead)
                if is_new and not (moves_cursor or self._carbons):  # copies of what others have sent wait for the walk
                    self._catch_up.came_live(in_archive)
            else:
                self._entry(entry, self._catch_up.is_new(entry))
        elif stanza.name == "presence":
            self._presence(stanza)
        elif stanza.get("type") in ("result", "error"):
            self._answer(stanza)
        elif self._roster.push(stanza):
            self._events.append((events.ROSTER, None))
            self._sender.reply(Element("iq", ns.CLIENT, ("type", "result", "id", stanza.get("id"))))
        else:
            self._sender.reply(iqs.reply(stanza))

    def too_large(self, skipped: TooLarge) -> None:
        """A stanza over the limit: a request is refused, a message leaves a notice in its place."""
        head, size_bytes = skipped
        if head is None:
            return
        if head.name == "iq" and head.get("type") in ("get", "set"):
            self._sender.reply(iqs.refusal(head, "modify", "policy-violation"))
        elif head.name == "iq":
            self._answer_too_large(head, size_bytes)
        elif head.name == "message" and (head.get("type") or "normal") in ("chat", "normal"):
            in_walk = self._catch_up.skipped() and head.get("from") in (None, self._own)
            if in_walk and self._catch_up.looking_back:
                return
            # Only the start tag was kept; this stands for the text.
            notice = messages.incoming(head, "too large (%d bytes)" % size_bytes, "", False, self._store.utc_s)
            if notice is not None:
                notice.flags |= records.NOTICE
                if in_walk:  # whose message it was is not known; the walk may come by once more
                    notice.keys = dedup_key("t", self._store.known_end(), str(size_bytes))
            self._keep(notice)

    def _answer_too_large(self, head: Node, size_bytes: int) -> None:
        kind = self._sender.requests.answers(head)
        if kind == _ROSTER_GET:
            self._roster.too_large_bytes = size_bytes
            self._events.append((events.ROSTER, None))
        elif kind == _PAGE:
            self._walked(self._catch_up.give_up())
        self._sender.requests.close(head)

    def _entry(self, entry: Entry, is_new: bool) -> None:
        """An archived message: ours may settle a doubt, the others' are new or known."""
        stanza = entry.stanza
        if bare(stanza.get("from") or "") != self._own:
            if is_new:
                # The archive's time is the message's time; one inside, if any, is the sender's claim.
                self._message(stanza, entry.archive_id, True, False, entry.utc_s)
            else:
                self._known(entry)
            return
        message_id = stanza.get("id") or ""
        self._moved(self._store.outbox.found_on_server(message_id), states.ON_SERVER)
        if is_new and self._store.jid not in ("", stanza.get("from")):
            # Written on this device it may be all the same: a server binds now one resource, now another.
            if not ids.is_own(self._store.notes.get("device", ""), message_id):
                self._keep_copy(stanza, entry.archive_id, not self._catch_up.passing(), entry.utc_s, True)

    def _known(self, entry: Entry) -> None:
        """An entry that has been dealt with. It may be among what was put aside: then this is its place.

        Be it that the archive had not got it yet, but younger ones, when an earlier walk came by.
        """
        inbox, stanza = self._store.inbox, entry.stanza
        if inbox.next_aside() is None and not self._catch_up.passing():
            return
        body = stanza.child_text("body", ns.CLIENT)
        message = messages.incoming(stanza, body, entry.archive_id, False, self._store.utc_s)
        if message is not None and inbox.is_aside(message.keys):
            message.utc_s = entry.utc_s or message.utc_s
            self._keep(message)
        elif message is not None and not inbox.known_by(message):
            self._catch_up.hides()

    def _copy(self, stanza: Node) -> bool:
        """Of a message of another device's. Returns False if it is none."""
        from nocarrier.chat import carbons

        found = carbons.copied(stanza, self._own)
        if found is None:
            return False
        which, message = found
        in_archive = messages.archive_id(message, self._own)
        if not self._catch_up.will_bring(in_archive):
            moves_cursor = self._catch_up.moves_cursor(in_archive)
            self._keep_copy(message, in_archive, moves_cursor, self._store.utc_s, which == carbons.SENT)
        return True

    def _keep_copy(self, stanza: Node, archive_id: str, moves_cursor: bool, utc_s: int, is_own: bool) -> None:
        """What another device has sent, or got: it belongs to the conversation here too, but no receipt is ours."""
        kind = stanza.get("type") or "normal"
        message = messages.incoming(stanza, stanza.child_text("body", ns.CLIENT), archive_id, moves_cursor, utc_s)
        to = bare(stanza.get("to") or "")
        if message is None or kind not in ("chat", "normal") or is_own and not to:
            return
        message.flags &= ~records.RECEIPT_OWED
        if is_own:
            message.sender = to
            message.flags |= records.ELSEWHERE
        self._keep(message)

    def _message(self, stanza: Node, archive_id: str, moves_cursor: bool, ahead: bool, utc_s: int = 0) -> bool:
        """utc_s: when the archive got it, or 0. Returns whether there was something new for the user."""
        kind = stanza.get("type") or "normal"
        sender = bare(stanza.get("from") or "")
        if kind == "error":
            self._reported(stanza.get("id"), sender, states.FAILED, iqs.error_condition(stanza))
            return False
        message_id, state = messages.reported(stanza)
        if message_id:
            self._reported(message_id, sender, state)
        if kind in ("chat", "normal"):
            message = messages.incoming(
                stanza, stanza.child_text("body", ns.CLIENT), archive_id, moves_cursor, self._store.utc_s
            )
            if message is not None and utc_s:
                message.utc_s = utc_s
            return self._keep(message, ahead)
        return False

    def _reported(self, message_id: "Optional[str]", sender: str, state: int, reason: str = "") -> None:
        self._moved(self._store.outbox.reported(message_id or "", sender, state, reason), state)

    def _moved(self, seq: int, state: int) -> None:
        if seq:
            self._events.append((events.STATE, (seq, state)))

    def _keep(self, message: "Optional[Incoming]", ahead: bool = False) -> bool:
        """On flash, together with the count that includes it, before the server may hear that we have it.

        ahead: the archive will bring it in its place. Returns whether it was new.
        """
        if message is None:
            return False
        size_bytes = len(message.body.encode())
        if size_bytes > self._store.limits.body_bytes:
            message.flags = message.flags & ~records.RECEIPT_OWED | records.NOTICE  # it has not been read
            message.body = "too large (%d bytes)" % size_bytes
        key = self._store.inbox.known_by(message, self._catch_up.looks_on_flash())
        if key:
            if message.flags & records.RECEIPT_OWED:
                self._store.make_room()
                self._store.inbox.owe_again(message, key)
            return False
        message.h = count_add(self._acks.handled, 1) if self._acks.active else 0
        if ahead and not self._store.put_aside(message):
            self._show_aside()  # no more room: as they came
            ahead = self._store.put_aside(message)
        if not ahead:
            self._show(message)
        return True

    def _show(self, message: Incoming) -> None:
        self._store.received(message)
        self._events.append((events.MESSAGE, message))

    def _show_aside(self) -> None:
        """What the archive should have brought and has not; events name places on flash, since many come at once."""
        while True:
            message = self._store.inbox.next_aside()
            if message is None:
                return
            message.h = self._store.h
            self._events.append((events.MESSAGE, self._store.received(message)))

    def _presence(self, stanza: Node) -> None:
        if stanza.get("type") == "subscribe":
            self._events.append((events.SUBSCRIPTION, bare(stanza.get("from") or "")))
            return
        contact = self._roster.presence(stanza)
        if contact is not None:
            self._events.append((events.PRESENCE, contact))

    def _answer(self, iq: Node) -> None:
        kind = self._sender.requests.answers(iq)
        if kind == _ROSTER_GET:
            if iq.get("type") == "result":
                self._roster.replace(iq.child("query", ns.ROSTER))
                self._events.append((events.ROSTER, None))
        elif kind == _PAGE:
            self._walked(self._catch_up.page_done(iq))
        self._sender.requests.close(iq)

    def _walked(self, outcome: "tuple[int, list[int]]") -> None:
        """A page has been dealt with: the next one, or the end of the walk."""
        step, settled = outcome
        self._sender.moved(settled, self._catch_up.settles_as)
        if step == MORE:
            self._next_page()
        elif step == DONE:
            self._show_aside()

    def _next_page(self) -> None:
        self._sender.requests.forget(_PAGE)
        self._sender.request(_PAGE, "set", self._catch_up.query(self._sender.token()))
