"""What happened in a play of deliveries, for whoever looks for the fault: what both devices decided and kept, how their
lines failed, and every text as it came over the wire. In memory, until it is wanted.
"""

import functools
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any
from unittest.mock import patch

from nocarrier.chat.catchup import CatchUp
from nocarrier.queue.outbox import Outbox
from nocarrier.queue.store import Store
from nocarrier_emulator.faultylink import FaultyLink
from nocarrier_emulator.parties import BODY, DeviceParty
from nocarrier_emulator.rawobserver import RawObserver

_TEXT_CHARS = 24


class DeliveryLog:
    """A context manager; what is called within it is noted in `lines`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names: dict[int, str] = {}  # of whoever owns the object with this id()
        self._began_s = time.monotonic()
        self._patches = ExitStack()

    def __enter__(self) -> "DeliveryLog":
        for name in ("settle", "resend", "unconfirmed", "found_on_server", "acknowledged"):
            self._watch(Outbox, name, _if_anything)
        self._watch(Outbox, "mark_sent", lambda args, result: repr(args))
        self._watch(Store, "received", lambda args, result: _message(args[0]))
        self._watch(Store, "put_aside", lambda args, result: "%s %s" % (_message(args[0]), result))
        for name in ("save_cursor", "save_session", "save_handled", "keep_session", "end_session"):
            self._watch(Store, name, lambda args, result: repr(args))
        self._watch(FaultyLink, "fail", lambda args, result: repr(args))
        self._watch(CatchUp, "query", lambda args, result: repr(args))
        self._watch(CatchUp, "page_done", lambda args, result: "%s %r" % (args[0].get("id"), result))
        self._watch(RawObserver, "_heard", lambda args, result: repr(args))
        self._watch(DeviceParty, "_power_cut", lambda args, result: "")
        self._hook(DeviceParty, "_boot", after=lambda party, args, result: self._introduce(party))
        self._hook(DeviceParty, "_listen", before=self._overhear)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._patches.close()

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self.lines) + "\n")

    def _watch(self, kind: type, name: str, told: Callable[[tuple[Any, ...], Any], str | None]) -> None:
        """told(arguments, result): what is noted of a call; None: nothing."""

        def note(itself: Any, args: tuple[Any, ...], result: Any) -> None:
            text = told(args, result)
            if text is not None:
                self._note(self._names.get(id(itself), getattr(itself, "_name", "?")), name, text)

        self._hook(kind, name, after=note)

    def _hook(
        self,
        kind: type,
        name: str,
        before: Callable[[Any], None] | None = None,
        after: Callable[[Any, tuple[Any, ...], Any], None] | None = None,
    ) -> None:
        """before(object), after(object, arguments, result): what is done around each call of that method."""
        original = getattr(kind, name)

        @functools.wraps(original)
        def hooked(itself: Any, *args: Any) -> Any:
            if before is not None:
                before(itself)
            result = original(itself, *args)
            if after is not None:
                after(itself, args, result)
            return result

        self._patches.enter_context(patch.object(kind, name, hooked))

    def _note(self, who: str, what: str, text: str) -> None:
        self.lines.append("%9.3f %-5s %s %s" % (time.monotonic() - self._began_s, who, what, text))

    def _introduce(self, party: DeviceParty) -> None:
        """It has booted: with a device, and a link, of which nobody knows yet whose they are."""
        store = party.device.client.store
        for thing in (party.link, store, store.outbox, party.device.client._reader._catch_up):
            self._names[id(thing)] = party._name
        self._note(party._name, "boots", "")

    def _overhear(self, party: DeviceParty) -> None:
        for match in BODY.finditer(party.device.got):
            self._note(party._name, "hears", match[1].decode()[:_TEXT_CHARS])


def _if_anything(args: tuple[Any, ...], result: Any) -> str | None:
    return "%r %r" % (args, result) if result else None


def _message(message: Any) -> str:
    if isinstance(message, int):
        return "at %d" % message
    return "%d %r h=%d flags=%d %s" % (
        message.seq, message.body[:_TEXT_CHARS], message.h, message.flags, message.archive_id,
    )  # fmt: skip
