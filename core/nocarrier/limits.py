"""The limits of a client, all in one place."""

from nocarrier.errors import UsageError
from nocarrier.wire.limits import WireLimits

try:
    from typing import Optional
except ImportError:
    pass


class ClientLimits:
    """The client's limits; all are the caller's choice.

    wire:      of what the server sends, and of each stanza of ours.
    out_bytes: waiting for the line; at least one stanza.
    window:    stanzas on their way unacknowledged.
    posts:     answers waiting to be sent; above it others' requests go unanswered.
    contacts:  of the roster that are kept. page: archive entries asked for at once.
    pause_ms:  before the archive is asked once more for messages that it did not have (catchup.py).
    """

    def __init__(
        self,
        wire: "Optional[WireLimits]" = None,
        out_bytes: int = 4096,
        window: int = 8,
        posts: int = 8,
        contacts: int = 100,
        page: int = 5,
        pause_ms: int = 6_000,
    ) -> None:
        self.wire = wire or WireLimits()
        if out_bytes < self.wire.stanza_bytes or min(window, posts, contacts, page, pause_ms) < 1:
            raise UsageError("out_bytes holds at least one stanza, and every limit is at least 1")
        self.out_bytes = out_bytes
        self.window = window
        self.posts = posts
        self.contacts = contacts
        self.page = page
        self.pause_ms = pause_ms
