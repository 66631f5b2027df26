"""The clock, set from a time server: once, by its own answer only, and within its tries."""

import random

import pytest

from nocarrier_emulator.timeserver import TimeServer
from nocarrier_ports.links.link import NetError
from nocarrier_ports.netclock import NetClock

NOW_S = 1_800_000_000


class Board:
    """A clock that is not set."""

    def __init__(self):
        self.utc_s = 0
        self.sets = 0

    def set(self, utc_s):
        self.utc_s = utc_s
        self.sets += 1


def clock_at(server, board, **more):
    entropy = random.Random(1).randbytes
    return NetClock(("127.0.0.1", server.port), entropy, lambda: board.utc_s, board.set, **more)


def answered(clock, server, asked, now_ms=0):
    """Until the server has had so many questions, and its answers have come or not."""
    for _ in range(100_000):
        if clock.ready(now_ms):
            return True
        if server.asked > asked:
            break
    for _ in range(2_000):
        if clock.ready(now_ms):
            return True
    return False


@pytest.mark.parametrize("utc_s", [NOW_S, (1 << 32) - 2_208_988_800 + 5])  # and after its count began again, in 2036
def test_the_clock_is_set_once(utc_s):
    board = Board()
    with TimeServer(utc_s) as server:
        clock = clock_at(server, board)
        clock.begin(0)
        assert answered(clock, server, 0) and board.utc_s == utc_s
        clock.begin(10)
        assert clock.ready(10) and server.asked == board.sets == 1


def test_who_does_not_answer_is_asked_again_and_given_up():
    board = Board()
    with TimeServer(NOW_S) as server:
        server.drops = 2
        clock = clock_at(server, board, timeout_ms=1_000)
        clock.begin(0x3FFFFF00)
        due_ms = 0x3FFFFF00
        for number, wait_ms in enumerate((1_000, 2_000)):
            assert not answered(clock, server, number, (due_ms + wait_ms - 1) & 0x3FFFFFFF)
            due_ms += wait_ms
            clock.ready(due_ms & 0x3FFFFFFF)
        assert answered(clock, server, 2, due_ms & 0x3FFFFFFF) and board.utc_s == NOW_S and server.asked == 3
        board.utc_s, server.drops = 0, 9
        clock.begin(0)
        clock.ready(1_000), clock.ready(3_000)
        with pytest.raises(NetError, match="no answer"):
            clock.ready(7_000)
        clock.close()


@pytest.mark.parametrize(
    "fault",
    [
        {"stratum": 0},
        {"stratum": 16},
        {"leap": 3},
        {"twist": lambda data: data[:47]},
        {"twist": lambda data: data[:40] + bytes(8)},
        {"utc_s": 1_700_000_000},  # long past
        {"twist": lambda data: data[:24] + bytes(8) + data[32:]},  # an answer to nobody's question
        {"twist": lambda data: bytes((data[0] & 0xF8 | 5,)) + data[1:]},
    ],
)
def test_what_is_no_answer_is_not_believed(fault):
    board = Board()
    with TimeServer(NOW_S) as server:
        for name, value in fault.items():
            setattr(server, name, value)
        clock = clock_at(server, board)
        clock.begin(0)
        assert not answered(clock, server, 0) and board.sets == 0
        clock.close()


def test_no_such_server():
    board = Board()
    for host in ("no such host", "x" * 70 + ".test"):
        with pytest.raises(NetError, match="no such time server"):
            NetClock((host, 123), bytes, lambda: board.utc_s, board.set).begin(0)
