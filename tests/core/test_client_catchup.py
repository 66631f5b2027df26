"""The walk through the archive when it errs, has no end or cannot be kept: each of these has once broken something."""

from nocarrier import events
from nocarrier.queue import records, states
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import archived, fin, message, new_session, online, query_in, sent, shown

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
RESUMED = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='%d'/>"


def test_an_error_of_the_archive_does_not_move_the_cursor():
    talk = online()
    request, _, _ = query_in(new_session(talk))
    talk.server(b"<iq type='error' id='%s'><error type='wait'/></iq>" % request)
    talk.server(message(b"live", b"m9", b"<stanza-id xmlns='urn:xmpp:sid:0' by='anna@exchange.test' id='arch-9'/>"))
    request, query, after = query_in(new_session(talk))
    assert after == b"arch-1"
    entries = archived(query, b"arch-2", d.PEER + "/p", b"m2", b"missed")
    entries += archived(query, b"arch-9", d.PEER + "/p", b"m9", b"live")
    talk.server(entries + fin(request, b"arch-9"))
    assert shown(talk) == ["live", "missed"]


def own_entry(query, archive_id, resource, message_id, body):
    """An archive entry of a message that the user has sent to the contact."""
    entry = archived(query, archive_id, d.OWN + "/" + resource, message_id, body)
    return entry.replace(
        b" type='chat' id='" + message_id, b" to='%s/x' type='chat' id='%s" % (d.PEER.encode(), message_id)
    )


def test_what_the_user_has_written_on_another_device_belongs_to_the_conversation():
    talk = online()
    talk.client.send_message(d.PEER, "mine, from here")
    said = talk.said()
    talk.server(ACK % 4)
    talk.reboot()
    talk.up()
    request, query, _ = query_in(new_session(talk))
    here = talk.client.store.jid.split("/")[1]
    entries = own_entry(query, b"arch-2", here, sent(said)[0][0], b"mine, from here")
    entries += own_entry(query, b"arch-3", "desk", b"m3", b"mine, from the desk")
    entries += archived(query, b"arch-4", d.PEER + "/p", b"m4", b"answer")
    talk.server(entries + fin(request, b"arch-4"))
    for _ in range(2):
        items = talk.client.store.history(d.PEER, 9)
        assert [(i.body, i.incoming) for i in items] == [
            ("mine, from here", False), ("mine, from the desk", False), ("answer", True),
        ]  # fmt: skip
        assert talk.client.store.talks.unseen(d.PEER) == 1 and talk.client.store.cursor == "arch-4"
        assert not talk.client.store.inbox.next_owed([])
        # The walk comes by once more: nothing is new.
        request, query, _ = query_in(new_session(talk))
        talk.server(own_entry(query, b"arch-3", "desk", b"m3", b"mine, from the desk") + fin(request, b"arch-4"))


def test_what_was_written_here_under_another_address_is_known_again():
    """However long ago: all but the newest messages are forgotten as soon as the server has them."""
    for reboot in (False, True):
        talk = online()
        written = []
        for number in range(40):
            talk.client.send_message(d.PEER, "mine %d" % number)
            written += sent(talk.said())
            talk.server(ACK % (4 + number))
        assert len(written) == 40
        if reboot:
            talk.reboot()
        request, query, after = query_in(new_session(talk))
        assert after == b"arch-1"
        talk.client.store.jid = d.OWN + "/other"  # what the server has bound this time
        for number, (message_id, body) in enumerate(written):
            talk.server(own_entry(query, b"arch-%d" % (2 + number), "nc", message_id, body))
        foreign = written[0][0].split(b"-")[0] + b"-AAAAAAAA"
        talk.server(own_entry(query, b"arch-50", "desk", foreign, b"from the desk"))
        items = talk.client.store.history(d.PEER, 99)
        assert [i.body for i in items] == ["mine %d" % number for number in range(40)] + ["from the desk"]


def test_a_cursor_that_has_expired_means_that_all_there_is_is_new():
    talk = online()
    request, _, _ = query_in(new_session(talk))
    error = b"<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    request, query, after = query_in(talk.server(b"<iq type='error' id='%s'>%s</iq>" % (request, error)))
    assert after == b""
    talk.server(archived(query, b"arch-7", d.PEER + "/p", b"m7", b"seven") + fin(request, b"arch-7"))
    assert shown(talk) == ["seven"] and talk.client.store.cursor == "arch-7"


def test_looking_back_ends_though_the_known_end_was_deleted():
    talk = online()
    talk.client.send_message(d.PEER, "in doubt")
    talk.said()
    # Meanwhile the cursor has moved on.
    talk.server(message(b"two", b"m2", b"<stanza-id xmlns='urn:xmpp:sid:0' by='anna@exchange.test' id='arch-2'/>"))
    request, query, after = query_in(new_session(talk))
    assert after == b"arch-1"
    entries = archived(query, b"arch-3", d.PEER + "/p", b"m3", b"three")  # arch-2 is not there any more
    request, query, after = query_in(talk.server(entries + fin(request, b"arch-3")))
    assert after == b"arch-2"
    talk.server(archived(query, b"arch-3", d.PEER + "/p", b"m3", b"three") + fin(request, b"arch-3"))
    assert shown(talk) == ["two", "three"]


def test_an_archive_that_does_not_get_on_is_at_its_end():
    talk = online()
    request, query, _ = query_in(new_session(talk))
    request, query, after = query_in(
        talk.server(archived(query, b"a2", d.PEER, b"m", b"x") + fin(request, b"a2", False))
    )
    assert talk.server(fin(request, b"a2", False)) == b"" and after == b"a2"


def test_nothing_is_sent_before_the_archives_end_is_known():
    talk = Dialogue()
    talk.client.send_message(d.PEER, "waits")
    talk.authenticate()
    said = talk.bind()
    assert sent(said) == []
    request, _, _ = query_in(said)
    assert [body for _, body in sent(talk.server(fin(request, b"arch-1")))] == [b"waits"]


def test_what_could_not_be_read_or_may_not_be_archived_proves_nothing():
    for entries, last in (
        (archived(b"%s", b"arch-2", d.FULL, b"x", b"y" * 3000), b"arch-2"),  # over the limit: perhaps it was ours
        (b"", b""),  # nothing at all: perhaps it does not archive
    ):
        talk = online("arch-1" if entries else "")
        talk.client.send_message(d.PEER, "in doubt")
        talk.said()
        request, query, _ = query_in(new_session(talk))
        talk.server((entries.replace(b"%s", query) if entries else b"") + fin(request, last))
        item = [i for i in talk.client.store.history(d.PEER, 9) if not i.incoming][0]
        assert (item.state, item.flags) == (states.SENT, records.MAY_ARRIVE_TWICE), entries[:20]


def test_an_answer_that_could_not_be_stored_is_dealt_with_when_it_comes_again():
    flash = d.MemoryFlash()
    talk = Dialogue(flash)
    talk.log_in("arch-1")
    request, query, _ = query_in(new_session(talk))
    flash.read_only = True
    page = fin(request, b"arch-5")
    talk.server(page)
    assert talk.values(events.FAULT)
    flash.read_only = False
    talk.down()
    talk.authenticate()
    talk.server(RESUMED.replace(b"sm-1", b"sm-2") % 3 + ACK % 3 + page)
    assert talk.client.store.cursor == "arch-5"
    talk.client.send_message(d.PEER, "goes on")
    assert sent(talk.said())


def test_a_page_end_over_the_limit_ends_the_walk():
    talk = online()
    request, _, _ = query_in(new_session(talk))
    talk.server(fin(request, b"x" * 2100))
    talk.client.send_message(d.PEER, "goes on")
    assert sent(talk.said())


def live(number):
    body = b"m%d" % number
    return message(body, body, b"<stanza-id xmlns='urn:xmpp:sid:0' by='anna@exchange.test' id='arch-%d'/>" % number)


def page(query, request, numbers, complete=False):
    """A page with these entries."""
    entries = [archived(query, b"arch-%d" % n, d.PEER + "/p", b"m%d" % n, b"m%d" % n) for n in numbers]
    return b"".join(entries) + fin(request, b"arch-%d" % numbers[-1], complete)


def handled(talk):
    """How many stanzas of this session the server has got, if it has got all."""
    return talk.client.session.acks.sent


def walk(talk, said, last):
    """The archive's pages from where the client asks, up to this entry; returns what the client said of the last."""
    while True:
        request, query, after = query_in(said)
        begin = int(after.split(b"-")[1]) + 1
        numbers = range(begin, min(begin + 5, last + 1))
        said = talk.server(ACK % handled(talk) + page(query, request, numbers, numbers[-1] == last))
        if numbers[-1] == last:
            return said


def test_what_came_live_in_a_long_walk_is_shown_once_however_much_it_was():
    """More than there are dedup keys for; and the power goes, or the session is lost, in the middle of it."""
    for what in ("", "reboot", "session", "both"):
        talk = online()
        said = new_session(talk)
        for number in range(10, 100):  # 2 to 9 were missed
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
        for number in range(100, 150):
            talk.server(live(number))
        walk(talk, said, 149)
        bodies = shown(talk)
        assert sorted(bodies, key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 150)], what
        talk.server(live(150))
        walk(talk, new_session(talk), 151)
        assert shown(talk)[len(bodies) :] == ["m150", "m151"], what
        assert talk.client.store.notes.get("ahead", "") == ""


def test_a_walk_that_is_broken_off_among_what_came_live_does_not_show_it_again():
    talk = online()
    said = new_session(talk)
    for number in range(10, 100):
        talk.server(live(number))
    request, query, _ = query_in(said)
    said = talk.server(page(query, request, range(2, 7)))
    request, query, _ = query_in(said)
    said = talk.server(page(query, request, range(7, 12)))
    for _ in range(3):
        request, query, after = query_in(said)
        said = talk.server(page(query, request, range(int(after[5:]) + 1, int(after[5:]) + 6)))
        talk.down()
        talk.reboot()
        said = new_session(talk)
    walk(talk, said, 102)
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 103)]


def test_what_came_live_after_an_error_of_the_archive_is_not_shown_again():
    talk = online()
    request, _, _ = query_in(new_session(talk))
    talk.server(b"<iq type='error' id='%s'><error type='wait'/></iq>" % request)
    for number in range(10, 100):
        talk.server(live(number))
    walk(talk, new_session(talk), 101)
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 102)]


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
    talk.server(page(query, request, range(2, 4), True))
    assert shown(talk) == ["m2", "m3"]


def test_what_is_late_of_a_page_counts_though_it_was_asked_for_again():
    """On a slow line, behind much else: or all that comes would answer questions that have been given up."""
    talk = online()
    request, query, after = query_in(new_session(talk))
    talk.server(ACK % handled(talk))
    talk.wait(0)
    again, same, from_there = query_in(talk.wait(60_100))
    assert (same, from_there) == (query, after) and again != request
    talk.server(page(query, request, range(2, 7)))  # the first answer, in which the line was slow
    assert shown(talk) == ["m2", "m3", "m4", "m5", "m6"]
    said = talk.server(ACK % handled(talk) + page(query, again, range(2, 7)))
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
            for _ in range(10):
                talk.server(live(number))
                number += 1
            h = handled(talk)
            talk.down()
            talk.reboot()
            said = talk.resume(h) if resumed else new_session(talk)
        walk(talk, said, number)
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
        for number in range(first, first + 40):
            talk.server(live(number))
        said = new_session(talk)
    walk(talk, said, 61)
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 62)]


def test_what_was_put_aside_last_before_the_power_went_is_noted_too():
    talk = online()
    new_session(talk)
    talk.server(live(10))
    talk.flash.power_off()  # what was not flushed is gone
    for first in range(20, 140, 30):
        talk.reboot()
        new_session(talk)
        for number in range(first, first + 30):
            talk.server(live(number))
        talk.flash.power_off()
    talk.reboot()
    said = new_session(talk)
    at = {n: 2 + i for i, n in enumerate([*range(2, 11), *range(20, 140)])}
    request, query, _ = query_in(said)
    entries = [archived(query, b"arch-%d" % n, d.PEER + "/p", b"m%d" % n, b"m%d" % n) for n in at]
    talk.server(ACK % handled(talk) + b"".join(entries) + fin(request, b"arch-139"))
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in at]


def test_a_stretch_that_a_resumed_stream_has_turned_round_hides_nothing():
    """The first that came stands behind the last in the archive: what was missed behind both is shown all the same."""
    talk = online()
    new_session(talk)
    for number in (12, *range(13, 40), 11):
        talk.server(live(number))
    said = new_session(talk)
    said = walk(talk, said, 45)
    walk(talk, said, 45)
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 46)]
    assert talk.client.store.cursor == "arch-45"


def test_what_came_on_a_resumed_stream_without_moving_the_cursor_is_known_however_much_comes_later():
    talk = online()
    h = handled(talk)
    talk.down()
    talk.resume(h)
    for number in (2, 3, 4):
        talk.server(live(number))
    assert talk.client.store.cursor != "arch-4"
    said = new_session(talk)
    for number in range(10, 90):
        talk.server(live(number))
    walk(talk, said, 90)
    assert sorted(shown(talk), key=lambda body: int(body[1:])) == ["m%d" % n for n in range(2, 91)]


def test_what_another_device_got_among_a_few_live_messages_is_shown_too():
    """The archive has it, and nobody has brought it here: few enough live ones are known by their keys alone."""
    talk = online()
    said = new_session(talk)
    for number in (3, 5, 8):
        talk.server(live(number))
    walk(talk, said, 9)
    assert sorted(shown(talk)) == ["m%d" % n for n in range(2, 10)]
