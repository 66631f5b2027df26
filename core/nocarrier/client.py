"""The client: one object from the bytes of a line to the messages of a user.

It opens nothing and waits for nothing (sans-I/O). The driver calls link_up(), receive(), take(), tick() and
link_down(); the app calls what is in commands.py and takes next_event(). Time is handed in with every call.
"""

from nocarrier import events
from nocarrier.compat import const
from nocarrier.errors import PeerError, UsageError
from nocarrier.modular import ticks_diff
from nocarrier.queue.storage import StorageError

# isort: split
# From the lower layers to the upper ones: an import inside an import costs stack, which a device has little of.
from nocarrier.wire import values as values

# isort: split
from nocarrier.wire import parser as parser

# isort: split
from nocarrier.session.account import b64

# isort: split
from nocarrier.session import binding, steps
from nocarrier.session.ladder import CAUTION, NO_CAUTION, REFUSED

# isort: split
from nocarrier.session import session as ses
from nocarrier.session.session import Session

# isort: split
from nocarrier.queue import states

# isort: split
from nocarrier.chat.catchup import CatchUp
from nocarrier.chat.roster import Roster
from nocarrier.chat.sender import Sender

# isort: split
from nocarrier.chat.reader import Reader

# isort: split
from nocarrier.commands import Commands

try:
    from typing import Any, Callable, Optional

    from nocarrier.errors import NocarrierError
    from nocarrier.limits import ClientLimits
    from nocarrier.queue.store import Store
    from nocarrier.session.account import Account
    from nocarrier.session.line import LineProfile
    from nocarrier.session.ways import Bindings
except ImportError:
    pass

_SILENCE = ("connection-timeout", "closed")  # a server that is not told apart from a dead line
_NONCE_BYTES = const(15)


class Client(Commands):
    """The messenger of one account.

    entropy(n) returns n unguessable bytes. Raises UsageError without it: there is no login with guessable nonces.
    """

    def __init__(
        self,
        account: Account,
        store: Store,
        line: LineProfile,
        entropy: "Optional[Callable[[int], bytes]]",
        limits: "Optional[ClientLimits]" = None,
    ) -> None:
        if entropy is None:
            raise UsageError("no source of entropy")
        if limits is None:  # else there is no need for the module
            from nocarrier.limits import ClientLimits

            limits = ClientLimits()
        self.account = account
        self.trusted = line.trusted
        self.store = store
        self.session = Session(account, line, limits.wire, limits.out_bytes)
        self.roster = Roster(account.jid, store, limits.contacts)
        self.fault: "Optional[NocarrierError]" = None  # why this stream cannot go on, until link_down()
        self._entropy = entropy
        self._chunk_bytes = limits.wire.chunk_bytes
        self._caution = NO_CAUTION  # until a login has succeeded
        self._silent = 0  # calls that have come to nothing after something was sent ahead
        self._counted = False  # the flash knows to which session h belongs
        self._asked = False  # to resume the last session
        self._remembered = False  # the server knows how much of the last session it has handled
        self._events: "list[tuple[int, object]]" = []
        catch_up = CatchUp(store, line, account.jid, limits.page, account.asks, limits.pause_ms)
        self._sender = Sender(
            self.session, store, self.roster, catch_up, account.jid, self._token, self._events,
            limits.window, limits.posts, account.markers,
        )  # fmt: skip
        self._reader = Reader(
            account.jid, self.session.acks, store, self.roster, catch_up, self._sender, self._events, account.carbons
        )

    def open(self) -> None:
        """Reads the store. Raises StorageError."""
        self.store.open()
        self.roster.open()
        if self.store.damaged:
            self._events.append((events.DAMAGED, self.store.damaged))

    # -- what happened ---------------------------------------------------------------------------------------------

    def next_event(self) -> "Optional[tuple[int, object]]":
        """What happened, oldest first, as (kind, value) of events.py, or None."""
        while self._events:
            kind, value = self._events.pop(0)
            if kind == events.MESSAGE and isinstance(value, int):
                value = self.store.message_at(value)
            if kind != events.MESSAGE or value is not None:
                return kind, value
        return None

    def online(self) -> bool:
        """True when messages pass."""
        return self.session.online()

    # -- the driver's side ------------------------------------------------------------------------------------------

    def link_up(self, now_ms: int, tls: "Optional[Bindings]" = None, starttls: bool = False) -> None:
        """The line stands: log in, or resume.

        tls: the channel bindings of the link's verified TLS, None if it has none. starttls: it is to begin TLS when
        wants_tls() is true (RFC 6120 §5); then the line stands anew, with tls.
        """
        self.fault = None
        store = self.store
        known = (store.sm_id, store.h, store.jid) if store.sm_id and not store.void else None
        self._guarded(self.device_id)
        if self.fault is not None:
            return
        nonce = b64(self._entropy(_NONCE_BYTES))
        self._counted = self._remembered = False
        self._asked = known is not None
        # What has waited for a device without any past is only delivered to a session that is bound as of old.
        spool = not store.has_past() or self._to_be_ended() and store.jid == self.account.asked_jid()
        how = (nonce, store.notes, known, self._caution, spool, self._sender.rides(), tls, starttls, now_ms)
        self._guarded(self.session.connect, *how)
        self._take_session_events()

    def wants_tls(self) -> bool:
        """True when the server has agreed to begin TLS: the link does, then link_up() is called again."""
        return self.fault is None and self.session.state == steps.SECURED

    def link_down(self) -> None:
        """The line is gone. What was under way is settled after the next login."""
        was_online, fault = self.session.online(), self.fault
        fault = fault if isinstance(fault, PeerError) else None
        if self.session.ladder.in_haste() and (fault is None or fault.condition in _SILENCE):
            self._silent += 1
            if self._silent > 1 and self._caution == NO_CAUTION:  # once it may well be the line
                self._caution = CAUTION
        if self.session.ladder.unanswered():
            self._guarded(self.store.end_session)
        self.session.disconnect(fault)
        self._take_session_events()
        if self.session.acks.active and self._counted:
            self._guarded(self.store.save_handled, self.session.acks.handled)
        self.fault = None
        if was_online:
            self._events.append((events.OFFLINE, None))

    def receive(self, data: "bytes | bytearray | memoryview", now_ms: int) -> None:
        """Bytes from the line, in any pieces."""
        view = memoryview(data)
        for at in range(0, len(view), self._chunk_bytes):
            if self.fault is not None:
                return
            self._guarded(self.session.feed, view[at : at + self._chunk_bytes], now_ms)
            self._take_session_events()
        self._pump()

    def heard(self, now_ms: int) -> None:
        """The line lives, though what it brings is not readable yet: part of a record of TLS."""
        self.session.alive.received(now_ms)

    def doubt(self, now_ms: int) -> bool:
        """The link has a hint that the line is gone: the server is asked. False if this server cannot be."""
        return self.session.prove_alive(now_ms)

    def take(self, limit: int, now_ms: int) -> bytes:
        """Bytes for the line: at most `limit`, and no more than the line carries in about a second."""
        if self.fault is not None:
            return b""
        self._pump()
        return self.session.take(limit, now_ms)

    def tick(self, now_ms: int, utc_s: int = 0) -> None:
        """Time has passed. utc_s: seconds since 1970, 0 if unknown."""
        self.store.utc_s = utc_s
        if self.fault is None:
            self._guarded(self.session.tick, now_ms)
            self._take_session_events()
            if self.session.passes():
                self._guarded(self._reader.passed, now_ms)
            self._pump()

    def deadline_ms(self) -> "Optional[int]":
        """When tick() or take() is wanted next, or None."""
        if self.fault is not None:
            return None
        session_ms = self.session.deadline_ms()
        reader_ms = self._reader.deadline_ms() if self.session.passes() else None
        if session_ms is None or reader_ms is None:
            return reader_ms if session_ms is None else session_ms
        return reader_ms if ticks_diff(reader_ms, session_ms) < 0 else session_ms

    # -- between the layers -----------------------------------------------------------------------------------------

    def _take_session_events(self) -> None:
        """Until there are none, or one of them could not be dealt with."""
        while True:
            event = self._guarded(self.session.next_event)
            if event is None or not self._guarded(self._on_session, *event):
                return

    def _on_session(self, kind: int, value: "Any") -> bool:
        session, store = self.session, self.store
        if kind == ses.STANZA:
            self._reader.stanza(value)
            session.handled()
        elif kind == ses.TOO_LARGE:
            self._reader.too_large(value)
            session.handled()
        elif kind == ses.ACK_WANTED:
            store.save_handled(session.acks.handled)
            session.acknowledge()
        elif kind == ses.ACKNOWLEDGED:
            self._counted = True
            self._sender.acknowledged(value)
        elif kind == binding.LEFT:
            store.save_note(*value)
        elif kind == binding.RESUME_FAILED:
            if value is not None:
                self._remembered = True
                self._sender.acknowledged(value)
            if value is not None or session.ladder.riders:  # what the server had is known: the rest was never there
                self._sender.moved(store.outbox.resend(), states.QUEUED)
        elif kind == ses.SESSION_LOST:
            store.end_session()
        elif kind == binding.BINDING:
            self._sender.new_session()
            self._reader.new_session(self._asked and not self._remembered)
            if session.ladder.ahead is not None:
                self._reader.begin_ahead()
        elif kind == binding.ENABLED:
            if self._to_be_ended() and store.jid != session.jid:
                self._reader.doubtful()
            store.save_session(value, session.acks.handled, session.jid)
            self._counted = True
        elif kind == binding.BOUND:
            self._begin()
            self._events.append((events.ONLINE, False))
        elif kind == ses.RESUMED:
            self._reader.resumed()
            if session.ladder.riders:  # nothing else was under way
                store.keep_session()
            else:
                self._sender.moved(store.outbox.resend(), states.QUEUED)
            self._begin()
        elif kind == ses.PROVED:
            self._events.append((events.ONLINE, True))
        return True

    def _to_be_ended(self) -> bool:
        """Messages are in doubt, and their session's stream is only ended by another one under the same address."""
        outbox = self.store.outbox
        return not self._asked and bool(self.store.jid) and (outbox.under_way() or bool(outbox.in_doubt()))

    def _begin(self) -> None:
        self._caution, self._silent = NO_CAUTION, 0
        self._sender.begin()
        self._reader.begin()

    def _pump(self) -> None:
        if self.fault is None:
            self._guarded(self._sender.fill)
        if self.store.unseen_given_up:
            self._events.append((events.GIVEN_UP, self.store.unseen_given_up))
            self.store.unseen_given_up = 0

    def _guarded(self, call: "Callable[..., Any]", *args: "Any") -> "Any":
        """Calls; a fault of the peer or of the flash becomes one event, and nothing goes on until link_down()."""
        try:
            return call(*args)
        except UsageError as error:  # nobody here has called wrongly: it is what the peer has sent
            return self._fail(PeerError("policy-violation", str(error)))
        except PeerError as error:
            if self.session.ladder.overhasty(error):
                self._caution = CAUTION if self.session.ladder.mistaken else REFUSED  # the next call asks first
                return self._fail(PeerError("reset", str(error)))
            return self._fail(error)
        except StorageError as error:
            return self._fail(error)

    def _fail(self, error: NocarrierError) -> None:
        if self.fault is None:
            self.fault = error
            self._events.append((events.FAULT, error))
