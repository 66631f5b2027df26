"""What a server kept back and gives to a later session is shown once, be it older than all dedup keys in memory."""

from nocarrier import events
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.storage import StorageError
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.stanzas import FAILED, ORIGIN_ID, STANZA_ID, fin, message, new_session, query_in, shown

NOON = 999691200  # 2001-09-05T12:00:00Z


def kept_back(number, minute=0, hour=12):
    """The delay that a server adds (XEP-0203)."""
    stamp = b"2001-09-05T%02d:%02d:00Z" % (hour, minute)
    return live(number, b"<delay xmlns='urn:xmpp:delay' from='exchange.test' stamp='%s'/>" % stamp)


def live(number, more=b""):
    body = b"m%d" % number
    return message(body, body, STANZA_ID % b"arch-%d" % number + more)


def online(utc_s=NOON):
    """A device with keys for half a dozen messages, its clock at noon, that is online; its archive ends with arch-1."""
    talk = d.Dialogue(queue=QueueLimits(512, 12, window=12, body_bytes=200))
    talk.log_in("arch-1")
    talk.client.store.utc_s = utc_s
    talk.server(b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % talk.client.session.acks.sent)
    talk.events = []
    return talk


def again(talk):
    """A new session, whose archive has nothing new."""
    talk.down()
    talk.authenticate()
    said = talk.server(FAILED % b"") + talk.bind()
    talk.server(d.ROSTER % talk.id_of(said, b"jabber:iq:roster") + fin(query_in(said)[0]))


def many(talk, first, last):
    for number in range(first, last + 1):
        talk.server(live(number))


def test_it_is_shown_once_and_what_is_new_among_it_is_shown():
    for reboots in (False, True):
        for utc_s in (NOON, 0):
            talk = online(utc_s)
            many(talk, 2, 24)
            if reboots:
                talk.down()
                talk.reboot()
                talk.client.store.utc_s = utc_s
            again(talk)
            for number in (2, 3, 25, 4, 24, 26):
                talk.server(kept_back(number))
            bodies = ["m%d" % number for number in range(2, 27)]
            assert shown(talk) == bodies, (reboots, utc_s)
            items = talk.client.store.history(d.PEER, 100)
            assert [item.body for item in items] == bodies, (reboots, utc_s)


def test_it_is_known_by_its_origin_id_too_and_by_a_plain_id_for_a_day():
    talk = online()
    talk.server(message(b"with origin", b"o1", ORIGIN_ID % b"o1"))
    talk.server(message(b"ok", b"7"))
    many(talk, 2, 24)
    again(talk)
    talk.events = []
    delay = b"<delay xmlns='urn:xmpp:delay' stamp='%s'/>"
    talk.server(message(b"with origin", b"o1", ORIGIN_ID % b"o1" + delay % b"2001-09-05T12:00:00Z"))
    talk.server(message(b"ok", b"7", delay % b"2001-09-05T11:50:00Z"))
    assert shown(talk) == []
    talk.server(message(b"ok", b"7", delay % b"2001-09-07T12:00:00Z"))  # its sender counts anew, and says it again
    assert shown(talk) == ["ok"]


def test_what_comes_in_a_walk_is_not_put_aside_once_more():
    talk = online()
    many(talk, 2, 24)
    request, _, _ = query_in(new_session(talk))
    talk.server(kept_back(5))
    assert talk.client.store.inbox.next_aside() is None
    talk.server(fin(request))
    assert shown(talk) == ["m%d" % number for number in range(2, 25)]


def test_a_sender_that_says_it_again_gets_a_receipt_again_but_not_for_a_copy_of_the_server():
    delay = b"<delay xmlns='urn:xmpp:delay' stamp='2001-09-05T12:00:00Z'/>"
    asks = ORIGIN_ID % b"m-id" + b"<request xmlns='urn:xmpp:receipts'/>"
    receipt = b"<received xmlns='urn:xmpp:receipts' id='m-id'/>"
    talk = online()
    assert talk.server(message(b"m", b"m-id", asks + STANZA_ID % b"arch-m")).count(receipt) == 1
    many(talk, 2, 24)
    talk.server(b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % talk.client.session.acks.sent)
    again(talk)
    for copy, receipts in ((b"arch-m", 0), (b"arch-n", 1)):
        said = talk.server(message(b"m", b"m-id", asks + STANZA_ID % copy + delay))
        assert said.count(receipt) == receipts, copy
    assert len(talk.values(events.MESSAGE)) == 24


def test_flash_is_read_only_for_what_was_kept_back_and_no_further_back_than_it_is_old():
    talk = online()
    journal = talk.client.store._journal
    many(talk, 2, 12)
    talk.client.store.utc_s = NOON + 7 * 3600
    many(talk, 13, 24)
    assert len(journal.numbers) > 3
    scanned, scan = [], journal.scan

    def counted(number, offset=0):
        scanned.append(number)
        return scan(number, offset)

    journal.scan = counted
    talk.server(live(25))
    assert scanned == []
    talk.server(kept_back(26, 30, 20))  # in the evening: it cannot be older than the newest that is there
    assert scanned == [journal.numbers[-1]]
    del scanned[:]
    talk.server(kept_back(2))
    assert scanned[-1] == journal.numbers[0] and scanned == sorted(scanned, reverse=True)
    assert shown(talk) == ["m%d" % number for number in range(2, 27)]


def test_what_only_looks_alike_is_shown_where_nobody_knows_the_time():
    """A sender that counts anew says the same again; a device without a clock must not take it for old."""
    for utc_s, stamp in ((0, b"2003-03-03T12:00:00Z"), (NOON, b"2001-09-07T12:00:00Z")):
        talk = online(utc_s)
        talk.server(message(b"ok", b"7"))
        many(talk, 2, 24)
        talk.server(message(b"ok", b"7", b"<delay xmlns='urn:xmpp:delay' stamp='%s'/>" % stamp))
        assert shown(talk).count("ok") == 2, utc_s


def test_flash_that_cannot_be_read_does_not_stop_what_comes():
    talk = online()
    many(talk, 2, 24)
    journal = talk.client.store._journal
    scan, bad = journal.scan, journal.numbers[-1]

    def broken(number, offset=0):
        if number == bad:
            raise StorageError("bad block")
        return scan(number, offset)

    journal.scan = broken
    talk.server(kept_back(30) + kept_back(2))
    journal.scan = scan
    assert shown(talk)[-1] == "m30" and shown(talk).count("m2") == 1
