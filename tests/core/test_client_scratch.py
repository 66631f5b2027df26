"""A walk through the archive from no end that is known, though something has been shown: a device whose first sessions
came to nothing, or an archive that has lost the known end. Nothing is lost, and nothing is shown twice.
"""

from nocarrier.queue.limits import QueueLimits
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.stanzas import FAILED, new_session, query_in, shown
from nocarrier_emulator.walks import ACK, after, asked_again, back, forward, handled, live, page

ERROR = b"<iq type='error' id='%s'><error type='wait'/></iq>"
NOT_FOUND = (
    b"<iq type='error' id='%s'><error type='cancel'>"
    b"<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
)
CUTS = ("session", "reboot", "resumed after a reboot", "error")


def known(limits):
    """A device that is online; its archive ends with arch-1."""
    talk = d.Dialogue(queue=limits)
    talk.log_in("arch-1")
    talk.server(ACK % handled(talk))
    talk.events = []
    return talk


def first(limits):
    """A device in its first session, which does not learn where the archive ends."""
    talk = d.Dialogue(queue=limits)
    talk.authenticate()
    talk.bind()
    return talk


def another(talk):
    """The session is lost; returns what is said in the next one."""
    talk.down()
    talk.authenticate()
    talk.server(FAILED % b"")
    return talk.bind()


def cut(talk, said, how):
    """In the middle of a walk; returns what is said when it can go on."""
    if how == "resumed after a reboot":
        h = handled(talk)
        talk.down()
        talk.reboot()
        return talk.resume(h)
    if how == "error":
        talk.server(ERROR % query_in(said)[0])
    elif how == "reboot":
        talk.down()
        talk.reboot()
    return another(talk)


def numbers(talk):
    """Of all that was shown."""
    return sorted([int(body.split(" ")[0][1:]) for body in shown(talk)])


def test_what_waited_is_shown_once_however_much_it_was():
    """The server gives it while the device goes back: more than there are keys for, or room for in the log."""
    for begin in (20, 3):
        talk = first(QueueLimits(2048, 12, window=12, aside=3))  # room for 38 entries
        said = another(talk)
        for number in range(begin, 45):
            talk.server(live(number))
        said = back(talk, said, range(3, 45))
        assert after(said) == 5
        forward(talk, said, range(3, 47))
        assert numbers(talk) == list(range(min(begin, 6), 47)), begin


def test_what_the_first_session_has_shown_is_not_shown_again_however_the_walk_is_cut():
    for how in CUTS:
        talk = first(QueueLimits(2048, 12, window=12, aside=3))
        for number in range(10, 40):
            talk.server(live(number))
        said = forward(talk, back(talk, another(talk), range(10, 42)), range(10, 42), 2)
        said = cut(talk, said, how)
        forward(talk, back(talk, said, range(10, 42)), range(10, 42))
        assert numbers(talk) == list(range(10, 42)), how


def test_when_the_known_end_is_gone_nothing_is_shown_twice_however_the_walk_is_cut():
    for how in ("",) + CUTS:
        talk = known(QueueLimits(2048, 12, window=12, aside=3))
        for number in range(2, 24):
            talk.server(live(number))
        said = new_session(talk)
        assert after(said) == 23
        said = talk.server(NOT_FOUND % query_in(said)[0])
        assert after(said) == -1
        there = list(range(4, 23)) + [24, 25]
        if how:
            said = cut(talk, forward(talk, said, there, 1), how)
        forward(talk, said, there)
        assert numbers(talk) == list(range(2, 26)), how


def test_a_stretch_that_was_turned_round_hides_nothing_from_a_device_without_a_past():
    talk = first(QueueLimits(2048, 6, window=30, aside=5))
    said = another(talk)
    talk.server(ACK % handled(talk) + ERROR % query_in(said)[0])
    h = handled(talk)
    talk.down()
    talk.authenticate()
    talk.server(b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-2' h='%d'/>" % h + ACK % h)
    for number in (12, 13, 14, 15, 16, 11):
        talk.server(live(number))
    there = range(11, 23)
    forward(talk, back(talk, another(talk), there), there)
    forward(talk, new_session(talk), there)
    assert numbers(talk) == list(there)


def test_what_is_old_in_the_log_behind_what_is_new_hides_nothing():
    """The walk writes entries of days ago behind what came live today."""
    talk = first(QueueLimits(4096, 6, window=12))
    talk.client.store.utc_s = 1_000_000_000  # some days later than the entries
    for number in range(50, 60):
        talk.server(live(number))
    said = back(talk, another(talk), range(30, 60))
    while after(said) < 50:
        request, query, _ = query_in(said)
        begin = max(after(said) + 1, 30)
        said = page(talk, query, request, range(begin, begin + 5), more=b" " + b"x" * 150 if begin < 50 else b"")
    forward(talk, said, range(30, 60))
    assert numbers(talk) == list(range(30, 60))


def test_a_page_that_comes_late_and_again_shows_nothing_twice():
    """The one in which a stretch ends, or looking back does; and much comes live during the walk."""
    for doubt, begin, end in ((False, 10, 30), (True, 2, 19)):
        talk = known(QueueLimits(2048, 6, window=30, aside=5))
        if doubt:
            talk.client.send_message(d.PEER, "in doubt")
            talk.said()
        else:
            new_session(talk)
        for number in range(begin, end + 1):
            talk.server(live(number))
        said, there = new_session(talk), range(2, 71)
        for number in range(40, 70):
            talk.server(live(number))
        while after(said) + 5 < end:
            said = forward(talk, said, there, 1)
        newer = [n for n in there if n > after(said)][:5]
        query, request, again = asked_again(talk, said)
        page(talk, query, request, newer)
        forward(talk, page(talk, query, again, newer), there)
        assert numbers(talk) == list(there), doubt


def test_a_message_that_was_missed_between_two_sessions_of_a_device_without_a_past_is_shown():
    """What was put aside in a session that has died begins no stretch of the next one."""
    talk = first(QueueLimits(2048, 40, window=30, aside=5))
    another(talk)  # goes back
    talk.server(live(10))
    another(talk)  # 11 was missed
    for number in (None, 12):
        if number:
            talk.server(live(number))
        h = handled(talk)
        talk.down()
        talk.reboot()
        talk.resume(h)
    there = range(10, 16)
    forward(talk, back(talk, another(talk), there), there)
    assert numbers(talk) == list(there)
