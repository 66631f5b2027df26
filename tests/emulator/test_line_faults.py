"""Lines by name, and every way in which they fail: in virtual time, with a seed."""

import random
import statistics

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.line import profile
from nocarrier_emulator.line.faults import FAULTS, made
from nocarrier_emulator.line.line import Line
from nocarrier_emulator.line.profile import plain
from nocarrier_emulator.line.tariff import Tariff

HOUR_MS = 3_600_000


class Bench:
    """A line with these faults. got: (time, bytes) of what arrives at the end that was called."""

    def __init__(self, seed=1, rate_bps=2400, latency_ms=100, packet_bytes=0, **faults):
        self.clock = VirtualClock()
        kinds = tuple(made(name, values) for name, values in faults.items())
        kind = plain(rate_bps, latency_ms, faults=kinds, packet_bytes=packet_bytes, buffer_bytes=1 << 20)
        self.line = Line(self.clock, kind, random.Random(seed))
        self.got = []
        self.dropped_ms = []
        self.line.b.on_receive = lambda data: self.got.append((self.clock.now_ms(), data))
        self.line.b.on_drop = lambda: self.dropped_ms.append(self.clock.now_ms())

    def data(self):
        return b"".join(data for _, data in self.got)


def numbered(count):
    return b"".join(b"%08d" % i for i in range(count))


def test_jitter_delays_and_turns_nothing_round():
    bench = Bench(jitter={"most_ms": 400})
    bench.line.a.write(numbered(100))
    bench.clock.run(60_000)
    assert bench.data() == numbered(100)
    sent_ms = [9 * 10 * 1000 / 2400 * (i + 1) for i in range(len(bench.got))]
    late_ms = [at - sent - 100 for (at, _), sent in zip(bench.got, sent_ms, strict=True)]
    assert 0 <= min(late_ms) + 4 < 100 and 300 < max(late_ms) <= 400 + 40


def test_drops_come_so_often_an_hour():
    spans = []
    for seed in range(200):
        bench = Bench(seed, drop={"per_hour": 6})
        bench.clock.run(24 * HOUR_MS)
        spans += bench.dropped_ms
    assert len(spans) == 200
    assert 500_000 < statistics.mean(spans) < 700_000  # about ten minutes


def test_a_retrain_stalls_both_ways_and_loses_nothing():
    bench = Bench(rate_bps=9600, retrain={"per_hour": 60, "least_ms": 2_000, "most_ms": 3_000})
    back = []
    bench.line.a.on_receive = lambda data: back.append(bench.clock.now_ms())
    bench.line.a.write(numbered(30_000))
    bench.line.b.write(numbered(30_000))
    bench.clock.run(HOUR_MS)
    assert bench.data() == numbered(30_000)
    for times in ([at for at, _ in bench.got], back):
        pauses = [b - a for a, b in zip(times, times[1:], strict=False) if b - a > 1_000]
        assert pauses and all(1_900 <= pause <= 7_000 for pause in pauses), pauses


def test_bursts_of_noise_lose_and_change_bytes_only_while_they_last():
    bench = Bench(bursts={"bad_per_hour": 60, "bad_ms": 2_000, "lost": 0.2, "corrupted": 0.5})
    sent = numbered(30)
    for _ in range(HOUR_MS // 10_000):
        bench.clock.run(10_000)
        bench.line.a.write(sent)
        bench.clock.run(0)
    bench.clock.run(10_000)
    by_write = {}
    for at, data in bench.got:
        by_write.setdefault(int((at - 100) // 10_000), bytearray()).extend(data)
    wrong_at = [at for at, data in by_write.items() if data != sent]
    lost = sum(len(data) < len(sent) for data in by_write.values())
    assert 10 < len(wrong_at) < len(by_write) // 2 and lost


def test_slices_are_small_and_whole():
    bench = Bench(rate_bps=33_600, slicing={"most_bytes": 3})
    bench.line.a.write(numbered(100))
    bench.clock.run(60_000)
    assert bench.data() == numbered(100)
    assert {len(data) for _, data in bench.got} == {1, 2, 3}


def test_packets_arrive_twice():
    bench = Bench(packet_bytes=8, duplicating={"chance": 0.1})
    bench.line.a.write(numbered(500))
    bench.clock.run(600_000)
    packets = [data for _, data in bench.got]
    assert sorted(set(packets)) == [b"%08d" % i for i in range(500)]
    assert 520 < len(packets) < 580


def test_packets_overtake_each_other():
    bench = Bench(packet_bytes=8, reordering={"chance": 0.1, "most_ms": 500})
    bench.line.a.write(numbered(500))
    bench.clock.run(600_000)
    packets = [int(data) for _, data in bench.got]
    assert sorted(packets) == list(range(500)) and packets != sorted(packets)


def test_a_translator_forgets_an_idle_connection_for_good():
    bench = Bench(black_hole={"idle_ms": 60_000})
    bench.line.a.write(b"one")
    bench.clock.run(59_000)
    bench.line.a.write(b"two")
    bench.clock.run(70_000)
    bench.line.a.write(b"three")
    bench.clock.run(1_000)
    bench.line.a.write(b"four")
    bench.clock.run(60_000)
    assert bench.data() == b"onetwo" and bench.line.up and not bench.dropped_ms


def test_a_half_open_line_says_nothing():
    bench = Bench(half_open={"per_hour": 1_000_000})
    bench.clock.run(1_000)
    assert bench.line.a.write(b"hello") == 5
    bench.clock.run(HOUR_MS)
    assert bench.got == [] and bench.line.up


def test_a_radio_that_has_slept_needs_time():
    bench = Bench(promotion={"idle_ms": 5_000, "least_ms": 500, "most_ms": 2_000})
    bench.clock.run(6_000)
    begun = bench.clock.now_ms()
    bench.line.a.write(b"hello")
    bench.clock.run(10_000)
    bench.line.a.write(b"x" * 10)
    bench.clock.run(3_000)
    woken = bench.clock.now_ms()
    bench.line.a.write(b"y" * 10)
    bench.clock.run(10_000)
    assert 600 < bench.got[0][0] - begun < 2_200
    assert bench.got[-1][0] - woken < 200  # awake


@pytest.mark.parametrize("name", FAULTS)
def test_the_same_seed_is_the_same_line(name):
    faults = {
        "jitter": {"most_ms": 300},
        "drop": {"per_hour": 100},
        "retrain": {"per_hour": 100},
        "bursts": {"bad_per_hour": 300, "bad_ms": 3_000, "lost": 0.1, "corrupted": 0.1},
        "slicing": {"most_bytes": 4},
        "duplicating": {"chance": 0.2},
        "reordering": {"chance": 0.2},
        "black_hole": {"idle_ms": 20},
        "half_open": {"per_hour": 200},
        "promotion": {"idle_ms": 20},
    }

    def played(seed):
        bench = Bench(seed, **{name: faults[name]})
        for _ in range(200):
            bench.line.a.write(numbered(10))
            bench.clock.run(1_000)
        return bench.got, bench.dropped_ms

    assert played(1) == played(1)
    assert played(1) != played(2) or name == "black_hole"  # which has nothing random in it


def test_every_shipped_profile_has_a_source_and_carries_bytes():
    text = profile._FILE.read_text()
    assert {"v21", "v23", "v22bis", "v34", "v90", "csd", "gprs", "edge", "umts", "radio"} <= profile.shipped().keys()
    assert text.count("\nsource = ") == len(profile.shipped())
    for name, kind in profile.shipped().items():
        clock = VirtualClock()
        line = Line(clock, kind, random.Random(1))
        got = bytearray()
        line.a.on_receive = got.extend
        line.b.write(b"x" * 100)
        needed_ms = 1000 * 1000 / kind.down_bps + kind.latency_ms
        assert clock.run(60_000, lambda got=got: len(got) >= 100), name
        assert needed_ms - 1 <= clock.now_ms() <= needed_ms + 1_000, name


def test_an_asymmetric_line():
    clock = VirtualClock()
    line = Line(clock, profile.named("v23"))
    times = {}
    line.a.on_receive = lambda data: times.update(down=clock.now_ms())
    line.b.on_receive = lambda data: times.update(up=clock.now_ms())
    line.a.write(b"x" * 60)
    line.b.write(b"x" * 60)
    clock.run(60_000)
    assert round(times["down"]) == 540 and round(times["up"]) == 8_040


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("[x]\ndown_bps = 2400", "up_bps"),
        ("[x]\ndown_bps = 2400\nup_bps = 1\n", "50 to"),
        ("[x]\ndown_bps = 2400\nup_bps = 2400\nspeed = 1", "speed"),
        ("[x]\ndown_bps = 2400\nup_bps = 2400\n[x.faults.gremlin]\na = 1", "no fault 'gremlin'"),
        ("[x]\ndown_bps = 2400\nup_bps = 2400\n[x.faults.drop]\nper_day = 1", "no 'per_day'"),
        ("[x]\ndown_bps = 2400\nup_bps = 2400\n[x.faults.drop]\nper_hour = -1", "not negative"),
        ("[x]\ndown_bps = 2400\nup_bps = 2400\n[x.faults.drop]\nper_hour = true", "not negative"),
        ("[x]\ndown_bps = 2400\nup_bps = 2400\n[x.faults.drop]", "needs all of: per_hour"),
        ("[x]\ndown_bps = 2400\nup_bps = 2400\n[x.faults.slicing]\nmost_bytes = 0", "at least 1"),
        ("[x]\ndown_bps = 2400\nup_bps = 2400\n[x.faults.drop]\nper_hour = 0", "more than 0"),
    ],
)
def test_a_profile_that_is_none_is_refused(tmp_path, text, complaint):
    path = tmp_path / "lines.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        profile.read(path)
    with pytest.raises(ValueError, match="there are: v21"):
        profile.named("carrier pigeon")


def test_what_a_call_costs():
    assert Tariff(per_minute=0.12).cost(61, 0) == pytest.approx(0.24)
    assert Tariff(per_minute=0.12, unit_s=1).cost(61, 0) == pytest.approx(0.122)
    assert Tariff(per_call=0.05, per_kb=0.01).cost(0, 2048) == pytest.approx(0.07)
    assert Tariff().cost(3600, 1 << 20) == 0
