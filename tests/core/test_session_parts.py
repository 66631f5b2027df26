"""Counters that wrap, stanza counts, liveness and budget of a line, the choice of a mechanism, and the state tables."""

from nocarrier import ns
from nocarrier.errors import PeerError, UsageError
from nocarrier.modular import count_add, count_diff, ticks_add, ticks_diff
from nocarrier.session import steps
from nocarrier.session.acks import Acks, number
from nocarrier.session.errors import StreamError
from nocarrier.session.line import LineProfile, Liveness
from nocarrier.session.outflow import Outflow
from nocarrier.wire.element import Element
from nocarrier_emulator.stanzas import as_read


def test_ticks_and_counts_wrap():
    top = (1 << 30) - 1
    assert ticks_add(top, 1) == 0 and ticks_diff(0, top) == 1 and ticks_diff(top, 0) == -1
    assert ticks_diff(5, 5) == 0 and ticks_diff(1 << 29, 0) == -(1 << 29)
    top = (1 << 32) - 1
    assert count_add(top, 2) == 1 and count_diff(1, top) == 2 and count_diff(top, 1) == -2


def test_acknowledgements_count_modulo_2_to_the_32():
    acks = Acks()
    acks.reset(True)
    acks.sent = acks.handled = 0xFFFFFFFE
    assert [acks.count_out(None) for _ in range(3)] == [0xFFFFFFFF, 0, 1]
    acks.count_in()
    acks.count_in()
    assert acks.handled == 0 and acks.unacknowledged() == 3
    acks.acknowledge(0)
    assert acks.unacknowledged() == 1
    for h in (2, 0x70000000):
        try:
            acks.acknowledge(h)
            assert False, "believed"
        except PeerError as error:
            assert error.condition == "undefined-condition"
    acks.acknowledge(0xFFFFFFF0)  # an old one that was on its way takes nothing back
    assert acks.unacknowledged() == 1


def test_without_stream_management_nothing_is_counted():
    acks = Acks()
    acks.count_in()
    assert acks.count_out(b"x") == 0 and acks.handled == 0 and acks.unacknowledged() == 0


def test_after_a_resumption_kept_stanzas_come_again_with_new_counts():
    acks = Acks()
    acks.reset(True)
    for data in (b"a", None, b"c", b"d"):
        acks.count_out(data)
    assert acks.resume(1, 7, 0) == [b"c", b"d"]
    assert (acks.sent, acks.handled, acks.unacknowledged()) == (1, 7, 0)


def test_h_is_a_32_bit_number():
    for text, h in (("0", 0), ("4294967295", 0xFFFFFFFF)):
        assert number(as_read(Element("a", ns.SM, ("h", text)))) == h
    for text in (None, "", "-1", "x", "1.0", "99999999999", "٣"):
        try:
            number(as_read(Element("a", ns.SM, ("h", text))))
            assert False, text
        except StreamError:
            pass


def test_silence_is_borne_for_three_round_trips_or_a_stall():
    """Before anything is measured the round trip is the profile's, and its deviation half of that (RFC 6298 §2.2)."""
    for line, answer, allowance in (
        # A packet of 576 bytes takes 2.4 s, and a server may think for a second.
        (LineProfile(2400, 300, 15_000), 1_800 + 2_400, 15_000),
        (LineProfile(2400, 2_000, 5_000), 12_000 + 2_400, 36_000),
        (LineProfile(2400, 0, 10_000), 1_000 + 2_400, 10_000),
        (LineProfile(2400, 300, 3_000), 2_700, 5_400),  # half-way at the latest
        (LineProfile(2400, 0, 10), 5, 10),
    ):
        alive = Liveness(line)
        alive.reset(0)
        assert alive.deadline_ms() is None and not alive.dead(1 << 28)
        alive.expect(0)
        assert not alive.wants_probe(answer - 1) and alive.wants_probe(answer)
        assert not alive.wants_probe(answer) and not alive.dead(allowance - 1) and alive.dead(allowance)


def test_no_time_out_is_shorter_than_the_transfer():
    alive = Liveness(LineProfile(300, 300, 5_000))
    alive.reset(0)
    alive.expect(0)
    alive.sent(300, 0)  # ten seconds at 300 bit/s
    assert alive.allowance_ms() == 3 * (600 + 4 * 300 + 10_000) and alive.deadline_ms() == 17_700
    alive.sent(30, 0)  # what follows the request does not make the answer later
    assert alive.deadline_ms() == 17_700
    alive.received(9_000)  # another byte: from here on, with what is in flight still
    assert alive.allowance_ms() == 3 * (600 + 4 * 300 + 2_000) and alive.deadline_ms() == 9_000 + 5_700


def test_any_byte_restarts_the_wait_and_the_probe_does_not():
    alive = Liveness(LineProfile(1_000_000, 0, 10_000))
    alive.reset(0)
    alive.expect(0)
    alive.sent(26, 0)
    alive.received(4_000)
    # An answer that has begun may have gaps.
    assert not alive.wants_probe(8_999) and alive.wants_probe(9_000)
    alive.sent(64, 9_000)
    assert alive.dead(14_000)
    alive.received(13_000)
    assert not alive.dead(14_000) and not alive.wants_probe(17_999) and alive.wants_probe(18_000)
    alive.answered()
    assert alive.deadline_ms() is None and not alive.dead(100_000)


def measured(trips_ms, now_ms=0, stall_ms=1):
    """A line at 2400 bit/s on which these round trips were measured, one after the other."""
    alive = Liveness(LineProfile(2400, 300, stall_ms))
    alive.reset(now_ms)
    for trip_ms in trips_ms:
        alive.expect(now_ms)
        alive.sent(24, now_ms)  # 100 ms
        now_ms = (now_ms + 100 + trip_ms) & 0x3FFFFFFF
        alive.received(now_ms)
        alive.acknowledged(now_ms)
        alive.passed(now_ms)
    alive.expect(now_ms)
    return alive


def test_the_round_trip_is_measured():
    """What a slow line needs is learnt from it, and a quick one is given up soon (RFC 6298 §2.3)."""
    assert measured([600] * 40).allowance_ms() < 3 * 700
    assert measured([4_000] * 40).allowance_ms() >= 3 * 4_000 - 200
    assert measured([1_000, 5_000] * 20).allowance_ms() > 3 * (3_000 + 4 * 1_500)  # its deviation counts too
    assert measured([600] * 40, stall_ms=15_000).allowance_ms() == 15_000
    for now_ms in (0x3FFFFFFF - 5_000, 0x20000000 - 5_000):  # the clock wraps meanwhile
        assert measured([600] * 40, now_ms).allowance_ms() == measured([600] * 40).allowance_ms()


def test_after_a_verdict_twice_as_much_silence_is_borne_until_a_round_trip_is_measured():
    """Or a server that thinks longer over a login than over an acknowledgement would never get to its answer."""
    alive = measured([10] * 40)
    allowance = alive.allowance_ms()
    for times in (2, 4, 8, 16, 32, 64, 128, 256, 512):
        alive.reset(0)
        alive.answered()
        alive.expect(0)
        now_ms = alive.allowance_ms()
        assert alive.wants_probe(now_ms) and not alive.dead(now_ms - 1) and alive.dead(now_ms)
        assert alive.give_up() == now_ms and alive.allowance_ms() == times * allowance
    for _ in range(10):
        alive.give_up()
    assert alive.allowance_ms() == 60_000  # never more, but where the first verdict takes longer
    stalling, slow = Liveness(LineProfile(2400, 300, 15_000)), Liveness(LineProfile(300, 4_000, 1))
    for line, allowances in ((stalling, [15_000, 30_000, 60_000, 60_000]), (slow, [72_000] * 4)):
        assert [line.give_up() for _ in range(4)] == allowances
    alive.reset(0)
    alive.answered()
    alive.expect(0)
    alive.sent(24, 0)
    alive.received(110)
    alive.acknowledged(110)
    assert alive.allowance_ms() < 2 * allowance


def test_a_line_is_not_measured_by_what_was_not_asked():
    alive = measured([])
    before = alive.allowance_ms()
    alive.acknowledged(100_000)  # the request has not even been handed out
    alive.expect(0)
    alive.sent(24, 0)
    alive.answered()  # a step of a login
    alive.acknowledged(100_000)
    alive.expect(200_000)
    assert alive.allowance_ms() == before


def test_about_a_second_of_the_line_is_handed_out():
    alive = Liveness(LineProfile(2400, 300))
    alive.reset(0)
    assert alive.budget_bytes(0) == 240
    alive.sent(240, 0)
    assert alive.budget_bytes(0) == alive.budget_bytes(499) == 0  # no crumbs
    assert alive.budget_bytes(500) == 120 and alive.budget_bytes(5_000) == 240
    assert alive.budget_ms() == 500


def test_what_follows_the_parted_waits_until_that_has_crossed():
    alive = Liveness(LineProfile(2400, 300))
    alive.reset(0)
    assert not alive.crossing(0)
    alive.sent(120, 0)  # half a second
    assert alive.crossing(479) and not alive.crossing(480) and alive.crossed_ms() == 480
    out = Outflow(LineProfile(), 4096, 2048)
    out.put_bytes(b"header")
    out.part()
    out.put_bytes(b"rest")
    assert [(out.take(4), out.held), (out.take(9), out.held), (out.take(9), out.held)] == [
        (b"head", False), (b"er", True), (b"rest", False),
    ]  # fmt: skip


def test_what_is_parted_goes_in_a_write_of_its_own():
    out = Outflow(LineProfile(), 4096, 2048)
    out.put_bytes(b"header")
    out.part()
    out.put_bytes(b"and the rest")
    assert (out.take(4), out.take(100), out.take(100), out.take(100)) == (b"head", b"er", b"and the rest", b"")
    out.put_bytes(b"header")
    out.part()
    out.clear()
    out.put_bytes(b"another one")
    assert out.take(100) == b"another one"


def test_what_waits_for_the_line_is_bounded():
    out = Outflow(LineProfile(2400), 100, 50)
    out.add(b"x" * 60)
    assert out.room() == 40 and out.hungry()
    try:
        out.add(b"y" * 41)
        assert False, "accepted"
    except UsageError:
        pass
    assert out.take(50) == b"x" * 50 and out.waiting() == 10
    out.put_bytes(b"z" * 300)
    assert not out.hungry() and out.take(1000) == b"x" * 10 + b"z" * 300


def test_the_ladder_is_a_table_without_doubles_that_leads_online():
    assert len(set([(row[0], row[2]) for row in steps.STEPS])) == len(steps.STEPS)
    reached = [steps.CLOSED]
    for state in reached:
        for row in steps.STEPS:
            if row[0] == state and row[2] not in reached:
                reached.append(row[2])
    assert sorted(reached) == list(range(len(steps.NAMES)))
    rows = [(row[0], row[2]) for row in steps.STEPS]
    for a in range(len(steps.NAMES)):
        assert steps.may_follow(a, steps.CLOSED)
        for b in range(1, len(steps.NAMES)):
            assert steps.may_follow(a, b) == ((a, b) in rows)
