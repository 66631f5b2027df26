"""Virtual time, and a line of so many bits per second."""

import asyncio
import random

from nocarrier_emulator.clock import ScaledClock, VirtualClock
from nocarrier_emulator.line.faults import Jitter
from nocarrier_emulator.line.line import Line
from nocarrier_emulator.line.profile import plain


def test_alarms_come_in_order_and_time_jumps():
    clock = VirtualClock()
    seen = []
    for delay_ms in (30, 10, 20, 10):
        clock.call_later(delay_ms, lambda d=delay_ms: seen.append((d, clock.now_ms())))
    cancelled = clock.call_later(15, lambda: seen.append("cancelled"))
    cancelled.cancel()
    clock.run(25)
    assert seen == [(10, 10), (10, 10), (20, 20)] and clock.now_ms() == 25
    assert clock.run(1_000_000, lambda: len(seen) == 4) and clock.now_ms() == 30
    assert not clock.run(5, lambda: False) and clock.now_ms() == 35


def test_alarms_that_were_cancelled_do_not_pile_up():
    clock = VirtualClock()
    seen = []
    kept = [clock.call_later(10_000 + i, lambda i=i: seen.append(i)) for i in range(10)]
    for _ in range(50_000):
        clock.call_later(5_000, lambda: seen.append("cancelled")).cancel()
    assert len(clock._alarms.rows) < 3_000
    kept[3].cancel()
    kept[3].cancel()
    clock.run(20_000)
    assert seen == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_an_alarm_may_set_the_next():
    clock = VirtualClock()
    ticks = []

    def tick():
        ticks.append(clock.now_ms())
        clock.call_later(100, tick)

    tick()
    clock.run(1_000)
    assert ticks == [100 * i for i in range(11)]


def test_ticks_wrap_as_a_devices_do_and_the_wall_clock_goes_on():
    clock = VirtualClock()
    clock.run((1 << 30) + 5)
    assert clock.ticks_ms() == 5 and clock.utc_s() == clock.epoch_s + ((1 << 30) + 5) // 1000


def test_scaled_time_runs_faster():
    async def main():
        clock = ScaledClock(1000)
        done = asyncio.Event()
        clock.call_later(5_000, done.set)
        begun = asyncio.get_running_loop().time()
        await done.wait()
        return clock.now_ms(), asyncio.get_running_loop().time() - begun

    now_ms, real_s = asyncio.run(main())
    assert now_ms >= 5_000 and real_s < 2


def test_the_speed_of_scaled_time_can_change_under_alarms():
    async def main():
        clock = ScaledClock(1)
        seen = []
        for delay_ms in (30_000, 10_000, 20_000):
            clock.call_later(delay_ms, lambda d=delay_ms: seen.append((d, clock.now_ms() >= d)))
        clock.call_later(15_000, lambda: seen.append("cancelled")).cancel()
        clock.set_speed(100_000)
        done = asyncio.Event()
        clock.call_later(40_000, done.set)
        await asyncio.wait_for(done.wait(), 10)
        clock.set_speed(0.001)
        then_ms = clock.now_ms()
        assert 40_000 <= then_ms and clock.now_ms() - then_ms < 1_000
        return seen

    assert asyncio.run(main()) == [(10_000, True), (20_000, True), (30_000, True)]


def test_scaled_alarms_of_one_time_come_in_their_order_and_may_cancel_each_other():
    async def main():
        clock = ScaledClock(1000)
        seen = []
        alarms = [clock.call_at(1_000.1, lambda i=i: seen.append(i)) for i in range(500)]
        clock.call_at(1_000, lambda: alarms[7].cancel())
        clock.call_at(999, lambda: 1 // 0)  # the others come all the same
        errors = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context["exception"]))
        clock.call_at(1_000.1, lambda: alarms[8].cancel())
        await clock.sleep(2_000)
        assert len(errors) == 1 and alarms[8].action is None
        return seen

    assert asyncio.run(main()) == [i for i in range(500) if i != 7]


def test_jitter_never_lets_a_portion_overtake_another():
    """Be it that many arrive at once; and time goes on between the reckoning of one and that of the next."""
    data = bytes(range(256)) * 40

    async def main():
        clock = ScaledClock(300)
        line = Line(clock, plain(33_600, 20, faults=(Jitter(400),)), random.Random(3))
        got = bytearray()
        line.b.on_receive = got.extend
        sent = 0
        while len(got) < len(data):
            sent += line.a.write(data[sent:])
            await clock.sleep(30)
        assert got == data

    asyncio.run(asyncio.wait_for(main(), 20))


def arrivals(line, clock):
    got = []
    line.b.on_receive = lambda data: got.append((clock.now_ms(), data))
    return got


def test_a_line_takes_ten_bits_a_byte_and_its_latency():
    for rate_bps, latency_ms in ((300, 0), (2400, 300), (9600, 150), (33_600, 60)):
        clock = VirtualClock()
        line = Line(clock, plain(rate_bps, latency_ms))
        got = arrivals(line, clock)
        data = bytes(range(240))
        assert line.a.write(data) == 240
        clock.run(600_000)
        assert b"".join(piece for _, piece in got) == data
        assert abs(got[-1][0] - (2400 * 1000 / rate_bps + latency_ms)) < 1, rate_bps


def test_a_modem_holds_back_only_so_much():
    clock = VirtualClock()
    line = Line(clock, plain(2400, 0, buffer_bytes=100))
    room = []
    line.a.on_room = lambda: room.append(clock.now_ms())
    assert line.a.write(b"x" * 150) == 100 and line.a.write(b"x") == 0
    clock.run(100)
    assert room and line.a.write(b"x" * 50) > 0


def test_what_is_on_its_way_when_the_carrier_drops_is_lost():
    clock = VirtualClock()
    line = Line(clock, plain(2400, 300))
    got, dropped = arrivals(line, clock), []
    line.a.on_drop = lambda: dropped.append("a")
    line.b.on_drop = lambda: dropped.append("b")
    line.a.write(b"x" * 240)
    clock.run(800)  # 500 ms of bytes have arrived, 300 ms are in the air
    line.drop()
    line.drop()
    clock.run(60_000)
    assert 100 <= sum(len(data) for _, data in got) <= 120 and dropped == ["a", "b"]
    assert line.a.write(b"x") == 0


def test_both_directions_are_independent():
    clock = VirtualClock()
    line = Line(clock, plain(2400, 0))
    got = arrivals(line, clock)
    back = []
    line.a.on_receive = lambda data: back.append((clock.now_ms(), data))
    line.a.write(b"x" * 240)
    line.b.write(b"y" * 24)
    clock.run(60_000)
    assert abs(got[-1][0] - 1000) < 1 and abs(back[-1][0] - 100) < 1
