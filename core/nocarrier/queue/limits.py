"""The limits of what is kept on flash, and of what of it is in memory."""

from nocarrier.compat import const
from nocarrier.errors import UsageError

_SHARE = const(64)  # bytes of the log for each key, that keys which outlive their message leave room for others
_ROW_SHARE = const(40)  # bytes of a segment for each key: all of them take a quarter of one
_MOST_HOURS = const(32767)


class QueueLimits:
    """All are the caller's choice.

    segment_bytes, segments: size of the log on flash, which is what history is kept in. body_bytes: the text of one
    message, UTF-8. loaded, tracked: see Outbox. receipts, aside: see Inbox. talks: see Talks.
    window: dedup keys remembered (Window), or fewer, if the log or a segment is small. window_hours: how long a message
    that repeats an id and a text of another one is taken to be the same.
    """

    def __init__(
        self,
        segment_bytes: int = 8192,
        segments: int = 8,
        loaded: int = 16,
        tracked: int = 32,
        window: int = 128,
        receipts: int = 32,
        body_bytes: int = 2048,
        aside: int = 16,
        window_hours: int = 24,
        talks: int = 32,
    ) -> None:
        if min(loaded, tracked, window, receipts, aside, window_hours, talks) < 1 or window_hours > _MOST_HOURS:
            raise UsageError("every limit of the queue is at least 1, and window_hours at most %d" % _MOST_HOURS)
        self.segment_bytes = segment_bytes
        self.segments = segments
        self.loaded = loaded
        self.tracked = tracked
        self.window = max(3, min(window, segment_bytes * segments // _SHARE, segment_bytes // _ROW_SHARE))
        self.receipts = receipts
        self.body_bytes = body_bytes
        self.aside = aside
        self.window_hours = window_hours
        self.talks = talks
