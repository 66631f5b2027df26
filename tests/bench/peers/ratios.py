"""How our client stands against the best of its peers, and against the line."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from nocarrier_emulator.slowproxy import Figures

OURS = "nocarrier"
FIRST, REPEAT, RECONNECT, MESSAGE = EVENTS = ("first login", "repeat login", "reconnect", "first message")
_BITS_PER_BYTE = 10
_HEADER_BYTES = 120  # of a stream's beginning


@dataclass(frozen=True)
class Place:
    """Where was measured. handshake: of TLS alone there; nothing without TLS."""

    server: str
    way: str
    rate_bps: int
    latency_ms: int
    handshake: Figures


@dataclass(frozen=True)
class Row:
    """One event of one client.

    all: what it took, with the handshake; settled: the same when nothing followed any more. resumed: False if it came
    back without its session.
    """

    place: Place
    client: str
    event: str
    all: Figures
    settled: Figures
    resumed: bool = True

    def within(self) -> Figures:
        """Without the handshake; but seconds are those from the open connection on."""
        less = self.place.handshake
        return Figures(
            self.all.bytes_up - less.bytes_up,
            self.all.bytes_down - less.bytes_down,
            self.all.round_trips - less.round_trips,
            self.all.seconds,
        )

    def open_s(self) -> float:
        """Seconds since the transport was open, that is since TLS stood if there is any."""
        return self.all.seconds - self.place.handshake.seconds

    def floor_s(self) -> float:
        """What a client would take that the server answers as soon as it has begun to speak.

        That is the server's bytes behind a stream header and a round trip. Nothing but fewer bytes of the server's, or
        packets of another size, can be quicker.
        """
        bytes_one_way = _HEADER_BYTES + self.within().bytes_down
        return bytes_one_way * _BITS_PER_BYTE / self.place.rate_bps + 2 * self.place.latency_ms / 1000

    def limit_s(self) -> float:
        """What the line takes for these bytes and round trips one after the other, handshake included.

        It carries both directions at once, so less is possible where a client speaks before it has heard everything.
        """
        bytes_both = self.all.bytes_up + self.all.bytes_down
        transfer_s = bytes_both * _BITS_PER_BYTE / self.place.rate_bps
        return transfer_s + self.all.round_trips * 2 * self.place.latency_ms / 1000

    def json(self) -> dict[str, Any]:
        where = {"server": self.place.server, "way": self.place.way, "rate_bps": self.place.rate_bps}
        figures = {**asdict(self.within()), "seconds": round(self.all.seconds, 2), "limit_s": round(self.limit_s(), 2)}
        settled = {"settled_up": self.settled.bytes_up, "settled_down": self.settled.bytes_down}
        return {**where, "event": self.event, "client": self.client, "resumed": self.resumed, **figures, **settled}


# Ours, with how many seconds, and whom it is held against with how many.
Pair = tuple[Row, float, tuple[str, float] | None]


def ratios(rows: list[Row]) -> dict[str, float | None]:
    """The worst of each kind, of our seconds to others', since the transport was open; and all of them in words.

    None: nothing to compare with. The line's limit is with TLS's handshake.
    """
    fast_plain = ("plain", 9600)

    def ready(row: Row) -> bool:
        at = (row.place.way, row.place.rate_bps)
        return row.event == REPEAT or (row.event == RECONNECT and at == fast_plain)

    def reconnect(row: Row, way: str) -> bool:
        return row.event == RECONNECT and row.place.way == way

    kinds: dict[str, Callable[[Row], bool]] = {
        "worst_ratio_ready": ready,
        "worst_ratio_plain_2400": lambda row: reconnect(row, "plain") and row.place.rate_bps == 2400,
        "worst_ratio_tls": lambda row: reconnect(row, "direct"),
        "worst_ratio_first_message": lambda row: row.event == MESSAGE,
    }
    found: dict[str, float | None] = {}
    ours = [row for row in rows if row.client == OURS]
    for name, counts in kinds.items():
        found[name] = _worst(name, [(row, row.open_s(), _best(rows, row)) for row in ours if counts(row)])
    limits: list[Pair] = [(row, row.all.seconds, ("the line", row.limit_s())) for row in ours if row.event != MESSAGE]
    floors: list[Pair] = [(row, row.open_s(), ("the server", row.floor_s())) for row in ours if ready(row)]
    found["worst_ratio_floor"] = _worst("worst_ratio_floor", floors)
    found["worst_ratio_limit"] = _worst("worst_ratio_limit", limits)
    return found


def _best(rows: list[Row], ours: Row) -> tuple[str, float] | None:
    """The fastest peer in the same place, and its seconds."""
    same = [row for row in rows if (row.place, row.event) == (ours.place, ours.event) and row.client != OURS]
    return min(((row.client, row.open_s()) for row in same if row.resumed), key=lambda one: one[1], default=None)


def _worst(name: str, pairs: list[Pair]) -> float | None:
    compared = [(seconds / other[1], row, seconds, other) for row, seconds, other in pairs if other is not None]
    if not compared:
        print("%-26s nothing to compare with" % name)
        return None
    for ratio, row, seconds, other in sorted(compared, key=lambda one: -one[0]):
        where = "%s, %s, %d bit/s, %s" % (row.place.server, row.place.way, row.place.rate_bps, row.event)
        print("%-26s %.3f: %.2f s to %.2f s of %s (%s)" % (name, ratio, seconds, other[1], other[0], where))
    return round(max(one[0] for one in compared), 3)
