"""After a new session: what happened while we were away, and what became of the messages in doubt.

Both are answered by one walk through the own archive, from an entry known before the oldest message in doubt was
written, to its end. The old stream can deliver nothing any more: a session of the same resource has been bound. But a
busy ejabberd was seen to work off what it had read of the old one after that; so what was not met is looked for once
more, a little later. An entry of ours that has a doubtful message's id settles it; a doubtful message that has not been
met was never received, and is sent again under its id. Without an archive that stays unknown, and it is marked.

What the server delivers meanwhile is ahead of its place if the archive has it too: it is put aside until the walk has
brought it, or has ended without it.

On a resumed stream messages may come in another order than they stand in the archive, so for some time none is taken
for the end of what has been dealt with. If there are many, a check tells where that is: a walk from the end that is
known, which meets what has been shown already, and what has not.
"""

from nocarrier.chat.ahead import Ahead
from nocarrier.chat.goback import ENTRY_BYTES, GoBack
from nocarrier.chat.iq import error_condition
from nocarrier.chat.patience import Patience
from nocarrier.compat import const
from nocarrier.jid import bare
from nocarrier.modular import ticks_add, ticks_diff
from nocarrier.queue import states

try:
    from typing import Optional

    from nocarrier.chat.archive import Entry
    from nocarrier.queue.store import Store
    from nocarrier.session.line import LineProfile
    from nocarrier.wire.element import Element
    from nocarrier.wire.node import Node
except ImportError:
    pass

MORE = const(1)
DONE = const(2)
LATER = const(3)

# A page is asked for once more when nothing of it has come for so long, and for as long as it needs on the line.
_PAGE_MS = const(60_000)
_MIXED_MS = const(30_000)  # in which a resumed stream may bring what is older behind what is newer
# One in so many of the dedup keys: messages that the next walk may meet again. A message has up to three keys, and what
# is put aside, and shown before its place since there is too much of it, takes some too.
_SHARE = const(8)


class CatchUp:
    """One walk. line: what is known of it. page: entries asked for at once; small, since one is about 640 bytes.

    asks: a message that may have arrived is not sent again before the user says so. pause_ms: see ClientLimits.
    """

    def __init__(self, store: Store, line: LineProfile, own_jid: str, page: int, asks: bool, pause_ms: int) -> None:
        self._store = store
        self._line = line
        self._own = own_jid
        self._page = page
        self._asks = asks
        self._pause_ms = pause_ms
        self.settles_as = states.QUEUED  # what became of the messages that the walk has not found
        self._query_id = self._asked = ""
        self._after = ""
        self._known_end = ""
        self.looking_back = False
        self._anchor = False
        self._archives = False  # whether the archive has shown that it keeps anything at all
        self._skipped = False  # an entry could not be read: what was not met may have been it
        self.doubtful = False  # what was not met may be there tomorrow
        self.running = False
        self.settling = False  # while True nothing may overtake the messages whose fate is being asked for
        self.done = False
        self._up_to_date = False  # done, and the archive's end was reached: from now on live messages move the cursor
        self._looked_again = False
        self._patience = Patience()  # with an answer, or before the next question
        self._mixed = False
        self._mixed_ms: "Optional[int]" = None  # until then, likewise
        self._behind = 0  # messages since the cursor was moved
        self._most_behind = max(2, store.limits.window // _SHARE)
        self._ahead = Ahead(store, self._most_behind)
        self._back = GoBack(store, page)
        self._hidden = False
        self._checking = False

    def begin(self, hold: bool) -> bool:
        """A new session begins: where to start. Returns whether the walk will bring messages.

        hold: nothing is to be sent meanwhile; there may be receipts in the archive that make it needless.
        """
        doubts = self._store.outbox.in_doubt()
        self._known_end = self._store.known_end()
        self._after = doubts[0].cursor if doubts else self._known_end
        # Entries up to the known end have been dealt with; they are only looked through for messages of ours.
        self.looking_back = self._after != self._known_end
        self._anchor = self._nothing_to_bring()
        if not doubts:  # else all of it is looked at
            self._back.begin()
        self._archives = bool(self._known_end)
        self._skipped = False
        self._query_id = ""
        self._hidden = False
        self.running = True
        # Nothing is sent before the archive's end is known, or a doubt about it could only be settled by all of it.
        self.settling = bool(doubts) or self._anchor or self._back.going or hold
        self.done = self._up_to_date = self._looked_again = False
        self._ahead.start("" if self.looking_back else self._known_end)
        return not self._anchor

    def abandon(self) -> None:
        """The session is gone in the middle of it; the next one begins anew. Raises StorageError."""
        self._back.session_begins()
        self.running = self.settling = self.done = self._up_to_date = self._mixed = self._checking = False
        self._behind = 0
        self._ahead.new_session()
        self._patience.wait(0)

    def resumed(self) -> None:
        """The session goes on, on another stream."""
        self._patience.resumed()
        self._mixed, self._mixed_ms = True, None

    def moves_cursor(self, archive_id: str) -> bool:
        """For each live message: True if all in the archive up to it counts as dealt with when it has been itself."""
        if not (archive_id and self._up_to_date):
            return False
        if self._mixed or self._checking:
            self._behind += 1
            if self._behind >= self._most_behind // 2 and not self._checking:
                self._begin_check()
            if self._behind < self._most_behind:
                return False
            self._end_check()  # nobody answers, or not fast enough
        self._behind = 0
        self._ahead.clear()
        return True

    def _begin_check(self) -> None:
        self._checking = self.running = True
        self._anchor = self.looking_back = False
        self._after = self._store.known_end()
        self._query_id = ""  # what is late of another check is none of this one's
        self._ahead.start(self._after)
        self._patience.wait(1)

    def _end_check(self) -> None:
        self._checking = self.running = False
        self._patience.wait(0)

    def passed(self, now_ms: int) -> bool:
        """Time has passed, with a session. Returns whether a page is to be asked for: once more, or after a pause."""
        if self._mixed:
            if self._mixed_ms is None:
                self._mixed_ms = ticks_add(now_ms, _MIXED_MS)
            self._mixed = ticks_diff(now_ms, self._mixed_ms) < 0
        return self._patience.over(now_ms)

    def deadline_ms(self) -> "Optional[int]":
        """When passed() becomes true, as far as time was told; None: never."""
        return self._patience.deadline_ms()

    def query(self, query_id: str) -> Element:
        """The payload of the next request."""
        from nocarrier.chat import archive  # only while there is something to catch up with

        # Asked for again, it is the same page: what is late of the first answer counts, or a slow line would bring only
        # answers to questions that have been given up.
        place = self._back.before if self._back.going else self._after
        if self._asked != place or not self._query_id:
            self._query_id, self._asked = query_id, place
        self._wait_for_page()
        if self._anchor:
            return archive.back_query(self._query_id, "", 1)
        if self._back.going:
            return self._back.query(self._query_id)
        return archive.page_query(self._query_id, self._after, self._page)

    def entry(self, stanza: Node) -> "Optional[Entry]":
        """The archive entry in a message, or None if it is none of the open query's."""
        if not self.running:
            return None
        from nocarrier.chat import archive

        found = archive.entry(stanza, self._query_id, self._own)
        if found is not None:
            self._archives = True
            self._wait_for_page()
        return None if self._back.going else found

    def skipped(self) -> bool:
        """A message was over the limit. True if it will have been an entry of a walk."""
        self._skipped = self._skipped or self.running
        return self.running

    def will_bring(self, archive_id: str) -> bool:
        """True if the walk that is under way, or will begin as soon as we are online, should come to this entry."""
        if not archive_id or self.done:
            return False
        return not (self._anchor if self.running else self._nothing_to_bring())

    def came_live(self, archive_id: str) -> None:
        """A live message that was new is on flash, and the cursor was not moved to it. Raises StorageError."""
        if archive_id and self._store.has_past():
            self._ahead.came(archive_id)

    def looks_on_flash(self) -> bool:
        """The walk may meet more that has been shown than dedup keys hold.

        It began at no end that is known, or anew since a stretch was turned round, be it in an earlier session; or so
        much came live that not all of it need be in the stretches that are noted.
        """
        return self.running and (not self._known_end or self._back.unfinished() or self._ahead.many())

    def passing(self) -> bool:
        """True among what has been shown already: the cursor is not to be moved there."""
        return self._ahead.inside() and self._ahead.many() and not self._checking

    def hides(self) -> None:
        """An entry is taken for shown, for no other reason than where it stands."""
        self._hidden = True

    def is_new(self, entry: "Entry") -> bool:
        """True if incoming entries like this one have not been dealt with yet; to be asked in order."""
        if self._anchor:
            return False
        if self._checking and self._behind and bare(entry.stanza.get("from") or "") != self._own:
            self._behind -= 1
        if self.looking_back:
            self.looking_back = entry.archive_id != self._known_end
            if not self.looking_back:
                self._ahead.start(self._known_end)
            return False
        was_ahead = self._ahead.meets(entry.archive_id) and self._ahead.many() and not self._checking
        return not was_ahead or bare(entry.stanza.get("from") or "") == self._own

    def page_done(self, iq: Node) -> "tuple[int, list[int]]":
        """A page was answered: (MORE, LATER or DONE, seqs that are `settles_as` now). Raises StorageError.

        LATER: as soon as passed() says so.
        """
        if not self.running or self._checking and not self._query_id:  # of a check that was given up
            return DONE, []
        from nocarrier.chat import archive

        self._patience.wait(0)
        end = archive.page_end(iq)
        if end is None:
            if iq.get("type") == "error" and error_condition(iq) == "item-not-found" and self._after:
                if self._checking:
                    self._mixed = False  # there is no end that is known: the next message is one
                    self._end_check()
                    return DONE, []
                # The entry has expired, or was deleted: what the archive still has is all to be looked at.
                self._back.walks_anew()
                self._after = self._known_end = ""
                self.looking_back = False
                return MORE, []
            return self.give_up()
        complete, first, last = end
        if self._anchor:
            self._store.save_floor(last)
            return self._finish(False)
        if self._back.going:
            self._after, self._query_id = self._back.page_done(complete, first), ""
            return MORE, []
        at_end = complete or last in ("", self._after)  # one that does not get on is at its end
        if self.looking_back and (at_end or last == self._known_end):
            self.looking_back = False
            if at_end:  # the known end was not met: from there on once more
                self._after = self._known_end
                self._ahead.start(self._known_end)
                return MORE, []
        elif at_end and not self._store.has_past():
            self._store.save_floor(last or self._after)
        elif last and not self.looking_back:
            if self._ahead.inside() and not self.passing():
                self._ahead.reached(last)
            if not self.passing() or at_end and not self._hidden:
                self._store.save_cursor(last)
        self._after = last or self._after
        if at_end and self._hidden and self._ahead.inside():  # it was turned round: as if nothing had come live
            self._hidden = False
            self._back.walks_anew()
            self._ahead.clear()
            self._after = self._store.known_end()
            return MORE, []
        return self._finish(False) if at_end else (MORE, [])

    def give_up(self) -> "tuple[int, list[int]]":
        """The archive does not answer as it should: what is in doubt stays unknown. Raises StorageError."""
        self._patience.wait(0)
        return self._finish(True)

    def _finish(self, unknown: bool) -> "tuple[int, list[int]]":
        if self._checking:
            self._mixed = self._mixed and not unknown
            self._end_check()
            if not unknown:
                self._ahead.clear()
            return DONE, []
        unsure = unknown or self._skipped or self.doubtful or not self._archives
        if not (unsure or self._looked_again) and self._store.outbox.in_doubt():
            self._looked_again = True
            self._patience.wait(self._pause_ms)
            return LATER, []
        self.doubtful = False
        self.settles_as = states.FAILED if unsure and self._asks else states.QUEUED
        settled = self._store.outbox.settle(self.settles_as, unsure)
        if not unknown:
            self._ahead.clear()
            self._back.ended()
        self.running = self.settling = False
        self.done = True
        self._up_to_date = not unknown
        return DONE, settled

    def _wait_for_page(self) -> None:
        self._patience.wait(_PAGE_MS + self._line.transfer_ms(self._page * ENTRY_BYTES))

    def _nothing_to_bring(self) -> bool:
        """A device without any past takes what the server delivers, and only notes where the archive ends."""
        return not (self._store.has_past() or self._back.wanted() or self._store.outbox.in_doubt())
