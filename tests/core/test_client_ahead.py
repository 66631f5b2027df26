"""More comes live than dedup keys hold while a walk through the archive is under way: it is shown once all the same."""

from nocarrier.queue.limits import QueueLimits
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.stanzas import archived, new_session, query_in, shown
from nocarrier_emulator.walks import ACK, asked_again, forward, handled, live, page


def online():
    """A device with keys for ten messages, and room for five aside, that is online; its archive ends with arch-1."""
    talk = d.Dialogue(queue=QueueLimits(2048, 6, window=30, aside=5))
    talk.log_in("arch-1")
    talk.server(ACK % handled(talk))
    talk.events = []
    return talk


def test_what_came_live_in_a_long_walk_is_shown_once_however_much_it_was():
    """More than there are dedup keys for; and the power goes, or the session is lost, in the middle of it."""
    for what in ("", "reboot", "session", "both"):
        talk = online()
        said = new_session(talk)
        for number in range(10, 34):  # 2 to 9 were missed
            talk.server(live(number))
        if what == "reboot":
            h = handled(talk)
            talk.down()
            talk.reboot()
            said = talk.resume(h)
        elif what:
            if what == "both":
                talk.down()
                talk.reboot()
            said = new_session(talk)
        for number in range(34, 46):
            talk.server(live(number))
        forward(talk, said, range(2, 46))
        bodies = shown(talk)
        assert sorted(bodies, key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 46)], what
        talk.server(live(46))
        forward(talk, new_session(talk), range(2, 48))
        assert shown(talk)[len(bodies) :] == ["m46", "m47"], what
        assert talk.client.store.notes.get("ahead", "") == ""


def test_a_walk_that_is_broken_off_among_what_came_live_does_not_show_it_again():
    talk = online()
    said = new_session(talk)
    for number in range(10, 45):
        talk.server(live(number))
    request, query, _ = query_in(said)
    said = page(talk, query, request, range(2, 7))
    request, query, _ = query_in(said)
    said = page(talk, query, request, range(7, 12))
    for _ in range(3):
        request, query, after = query_in(said)
        said = page(talk, query, request, range(int(after[5:]) + 1, int(after[5:]) + 6))
        talk.down()
        talk.reboot()
        said = new_session(talk)
    forward(talk, said, range(2, 48))
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 48)]


def test_what_came_live_after_an_error_of_the_archive_is_not_shown_again():
    talk = online()
    request, _, _ = query_in(new_session(talk))
    talk.server(b"<iq type='error' id='%s'><error type='wait'/></iq>" % request)
    for number in range(10, 40):
        talk.server(live(number))
    forward(talk, new_session(talk), range(2, 42))
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 42)]


def test_a_page_is_asked_for_again_though_the_line_drops_ever_again():
    """What the archive has not answered for a minute it will not answer; a session that is resumed has some more."""
    for every_ms in (10_000, 25_000, 50_000):
        talk = online()
        said = new_session(talk)
        first, h = query_in(said)[0], handled(talk)
        talk.wait(0)
        asked = b""
        waited_ms = 0
        while b"urn:xmpp:mam:2" not in asked and waited_ms < 200_000:
            asked = talk.wait(every_ms)
            waited_ms += every_ms
            if b"urn:xmpp:mam:2" not in asked:
                talk.down()
                asked = talk.resume(h) + talk.wait(0)
        assert query_in(asked)[0] != first and waited_ms <= 110_000, every_ms


def test_a_page_that_comes_late_on_a_resumed_stream_is_not_asked_for_twice():
    talk = online()
    said = new_session(talk)
    request, query, _ = query_in(said)
    talk.wait(0)
    talk.wait(59_000)
    talk.down()
    talk.now_ms += 300_000
    assert b"urn:xmpp:mam:2" not in talk.resume(handled(talk)) + talk.wait(0) + talk.wait(19_000)
    page(talk, query, request, range(2, 4), True)
    assert shown(talk) == ["m2", "m3"]


def test_what_is_late_of_a_page_counts_though_it_was_asked_for_again():
    """On a slow line, behind much else: or all that comes would answer questions that have been given up."""
    talk = online()
    query, request, again = asked_again(talk, new_session(talk))
    page(talk, query, request, range(2, 7))  # the first answer, in which the line was slow
    assert shown(talk) == ["m2", "m3", "m4", "m5", "m6"]
    said = page(talk, query, again, range(2, 7))
    assert query_in(said)[1] != query and query_in(said)[2] == b"arch-6"
    assert len(shown(talk)) == 5


def test_a_slow_line_has_time_for_a_page():
    talk = online()
    _, query, _ = query_in(new_session(talk))
    talk.line.rate_bps = 300
    talk.server(ACK % handled(talk) + archived(query, b"arch-2", d.PEER + "/p", b"m2", b"m2"))
    talk.wait(0)
    assert talk.wait(166_000) == b"" and talk.wait(1_000).startswith(b"<iq ")


def test_what_came_live_in_many_short_sessions_of_one_long_walk_is_shown_once():
    """In each a few, and then the power goes, or the session is gone; some of them are resumed."""
    for resumed in (False, True):
        talk = online()
        said = new_session(talk)
        number = 10
        for _ in range(7):
            for _ in range(4):
                talk.server(live(number))
                number += 1
            h = handled(talk)
            talk.down()
            talk.reboot()
            said = talk.resume(h) if resumed else new_session(talk)
        forward(talk, said, range(2, number + 1))
        bodies = shown(talk)
        assert sorted(bodies, key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, number + 1)], resumed


def test_stretches_that_overlap():
    """A server delivers once more what an old session had not acknowledged, and goes on from there."""
    talk = online()
    new_session(talk)
    for number in range(10, 30):
        talk.server(live(number))
    new_session(talk)
    for first in (10, 20):
        for number in range(first, first + 20):
            talk.server(live(number))
        said = new_session(talk)
    forward(talk, said, range(2, 42))
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 42)]


def test_what_was_put_aside_last_before_the_power_went_is_noted_too():
    talk = online()
    new_session(talk)
    talk.server(live(10))
    talk.flash.power_off()  # what was not flushed is gone
    for first in range(20, 80, 15):
        talk.reboot()
        new_session(talk)
        for number in range(first, first + 15):
            talk.server(live(number))
        talk.flash.power_off()
    talk.reboot()
    said = new_session(talk)
    numbers = list(range(2, 11)) + list(range(20, 80))
    request, query, _ = query_in(said)
    page(talk, query, request, numbers, True)
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in numbers]


def test_a_stretch_that_a_resumed_stream_has_turned_round_hides_nothing():
    """The first that came stands behind the last in the archive: what was missed behind both is shown all the same."""
    talk = online()
    new_session(talk)
    for number in list(range(12, 17)) + [11]:
        talk.server(live(number))
    forward(talk, new_session(talk), range(2, 23))  # and from the known end once more
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 23)]
    assert talk.client.store.cursor == "arch-22"


def test_a_stretch_that_was_turned_round_is_not_shown_again_however_much_is_in_it():
    """The walk that begins anew then, as if nothing had come live, meets more than there are keys for (gremlin 416)."""
    for cut in ("", "session", "reboot"):
        talk = online()
        new_session(talk)
        for number in list(range(12, 46)) + [11]:
            talk.server(live(number))
        said = forward(talk, new_session(talk), range(2, 51), 10)  # to the archive's end
        assert query_in(said)[2] < b"arch-50"
        if cut:
            said = forward(talk, said, range(2, 51), 2)
            talk.down()
            if cut == "reboot":
                talk.reboot()
            said = new_session(talk)
        forward(talk, said, range(2, 51))
        assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 51)], cut
        assert talk.client.store.cursor == "arch-50"


def test_what_came_on_a_resumed_stream_without_moving_the_cursor_is_known_however_much_comes_later():
    talk = online()
    h = handled(talk)
    talk.down()
    talk.resume(h)
    for number in (2, 3):
        talk.server(live(number))
    assert talk.client.store.cursor != "arch-3"
    said = new_session(talk)
    for number in range(10, 40):
        talk.server(live(number))
    forward(talk, said, range(2, 41))
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 41)]


def test_what_another_device_got_among_a_few_live_messages_is_shown_too():
    """The archive has it, and nobody has brought it here: few enough live ones are known by their keys alone."""
    talk = online()
    said = new_session(talk)
    for number in (3, 5, 8):
        talk.server(live(number))
    forward(talk, said, range(2, 10))
    assert sorted(shown(talk)) == ["m%d" % n for n in range(2, 10)]


def test_a_page_that_is_cut_in_a_stretch_shows_nothing_twice():
    """The cursor stands inside the stretch then, which goes on when the session is resumed."""
    for reboot in (True, False):
        talk = online()
        said = new_session(talk)
        talk.server(live(2) + live(3))
        _, query, _ = query_in(said)
        talk.server(ACK % handled(talk))
        for n in (2, 3):
            talk.server(archived(query, b"arch-%d" % n, d.PEER + "/p", b"m%d" % n, b"m%d" % n))
        h = handled(talk)
        talk.down()
        if reboot:
            talk.reboot()
        said = talk.resume(h)
        for number in range(4, 34):
            talk.server(live(number))
        forward(talk, said if reboot else new_session(talk), range(2, 35))
        assert sorted(shown(talk)) == sorted(["m%d" % n for n in range(2, 35)]), reboot


def test_a_late_page_with_much_behind_it_is_not_shown_again_when_it_comes_as_asked_for():
    talk = online()
    query, request, again = asked_again(talk, new_session(talk))
    page(talk, query, request, range(2, 7))
    for number in range(10, 40):
        talk.server(live(number))
    forward(talk, page(talk, query, again, range(2, 7)), range(2, 41))
    assert sorted(shown(talk)) == sorted(["m%d" % n for n in range(2, 41)])


def test_the_late_page_of_a_check_that_was_given_up_is_none_of_the_next_one():
    talk = d.Dialogue(queue=QueueLimits(2048, 40, window=30, aside=5))
    talk.log_in("arch-1")
    talk.server(ACK % handled(talk))
    talk.events = []
    h = handled(talk)
    talk.down()
    talk.resume(h)
    talk.server(live(2))
    talk.wait(0)
    request, query, place = query_in(talk.wait(10))  # the check
    assert place == b"arch-1"
    for number in range(3, 24):  # all at once: it is given up, and others are begun and not asked for
        talk.server(live(number))
    cursor = talk.client.store.cursor
    page(talk, query, request, range(2, 7))
    assert talk.client.store.cursor == cursor
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 24)]
    forward(talk, new_session(talk), range(2, 26))
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 26)]
