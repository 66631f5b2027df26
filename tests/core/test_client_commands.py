"""What a user does with a message: cancel it, send it again, let it expire, let it wait; what the flash has to say."""

from nocarrier import events
from nocarrier.errors import UsageError
from nocarrier.queue import records, states
from nocarrier.queue.limits import QueueLimits
from nocarrier.session.account import Account
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import message, new_session, query_in
from nocarrier_emulator.stores import raises


def refused(call, *args):
    return raises(UsageError, call, *args)


def state(talk, seq):
    items = [i for i in talk.client.store.history(d.PEER, 99) if i.seq == seq]
    return states.NAMES[items[0].state], items[0].reason


def test_a_message_is_cancelled_before_it_goes_and_sent_again_after_all():
    talk = Dialogue()
    first, second = (talk.client.send_message(d.PEER, text) for text in ("first", "second"))
    talk.client.cancel(first)
    talk.said()
    assert talk.values(events.STATE)[-1] == (first, states.FAILED) and state(talk, first) == ("failed", "cancelled")
    said = talk.log_in()
    assert b"second" in said and b"first" not in said
    assert refused(talk.client.cancel, first) and refused(talk.client.cancel, second)
    talk.client.send_again(first)
    said = talk.said()
    assert b"first" in said and b"id='1-" in said
    assert refused(talk.client.send_again, first)


def test_a_message_whose_time_is_over_is_not_sent():
    talk = Dialogue()
    talk.client.tick(0, 1_000_000)
    late = talk.client.send_message(d.PEER, "lunch?", False, 1_000_600)
    talk.client.send_message(d.PEER, "dinner?", False, 2_000_000)
    talk.client.tick(0, 1_000_600)
    said = talk.log_in()
    assert b"dinner?" in said and b"lunch?" not in said
    assert state(talk, late) == ("failed", "expired")
    talk.client.send_again(late)
    assert b"lunch?" in talk.said()  # the user has said so


def test_without_a_clock_nothing_expires():
    talk = Dialogue()
    talk.client.send_message(d.PEER, "lunch?", False, 1)
    assert b"lunch?" in talk.log_in()


def test_what_may_wait_goes_behind_the_rest():
    talk = Dialogue()
    talk.client.send_message(d.PEER, "log line", True)
    talk.client.send_message(d.PEER, "help!")
    said = talk.log_in()
    assert 0 < said.find(b"help!") < said.find(b"log line")


def test_the_user_may_be_asked_before_a_message_goes_once_more():
    for asks in (False, True):
        talk = Dialogue(account=Account(d.OWN, d.PASSWORD, "nc", asks=asks))
        talk.log_in()
        seq = talk.client.send_message(d.PEER, "once or twice")
        assert b"once or twice" in talk.said()
        request = query_in(new_session(talk))[0]
        said = talk.server(b"<iq type='error' id='%s'><error type='cancel'/></iq>" % request)  # there is no archive
        assert (b"once or twice" in said) != asks
        if asks:
            assert state(talk, seq) == ("failed", "may have arrived")
            talk.client.send_again(seq)
            assert b"once or twice" in talk.said()
        item = talk.client.store.history(d.PEER, 1)[0]
        assert item.flags == records.MAY_ARRIVE_TWICE


def test_a_weak_id_that_comes_again_after_days_is_a_new_message():
    talk = Dialogue()
    talk.log_in()
    stanza = b"<message from='" + d.PEER.encode() + b"/old' type='chat' id='5'><body>ok</body></message>"
    for utc_s, count in ((1_000_000, 1), (1_000_000 + 3600, 1), (1_000_000 + 90_000, 2), (1_000_000 + 90_001, 2)):
        talk.client.tick(talk.now_ms, utc_s)
        talk.server(stanza)
        assert len(talk.values(events.MESSAGE)) == count, utc_s


def test_the_app_hears_of_damage_and_of_what_had_to_make_room():
    talk = Dialogue(queue=QueueLimits(1024, 2, window=8))
    talk.log_in()
    for i in range(60):
        talk.server(message(b"text %d" % i, b"id%d" % i))
    assert sum(talk.values(events.GIVEN_UP)) > 20
    name = sorted(talk.flash.files)[0]
    talk.flash.files[name][20] ^= 1
    talk.events.clear()
    talk.reboot()
    talk.said()
    assert talk.values(events.DAMAGED) == [1]
