"""The walk through the archive when it errs, has no end or cannot be kept: each of these has once broken something."""

from nocarrier import events
from nocarrier.queue import records, states
from nocarrier.queue.limits import QueueLimits
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


def test_what_a_first_session_took_with_it_is_looked_for_in_the_archive():
    """The server has handed it what had waited, and does not have it any more where it hands it over again."""
    for enabled in (False, True):
        talk = Dialogue()
        said = talk.authenticate()
        if enabled:
            said += talk.bind()
        assert b"<presence/>" in said
        talk.down()
        if enabled:
            talk.reboot()
        talk.authenticate()
        if enabled:
            talk.server(b"<failed xmlns='urn:xmpp:sm:3'/>")
        said = talk.bind()
        live = message(b"two", b"m2", b"<stanza-id xmlns='urn:xmpp:sid:0' by='anna@exchange.test' id='arch-8'/>")
        talk.server(live)
        assert shown(talk) == []  # not before its place
        entries = [b"arch-7", d.PEER + "/p", b"m1", b"one"], [b"arch-8", d.PEER + "/p", b"m2", b"two"]
        request, query, _ = query_in(said)  # back from the end, an entry a page
        assert b"<max>5</max><before/>" in said
        said = talk.server(archived(query, *entries[1]) + back_fin(request, b"arch-8", False))
        request, query, _ = query_in(said)
        assert b"<before>arch-8</before>" in said
        said = talk.server(archived(query, *entries[0]) + back_fin(request, b"arch-7", True))
        request, query, after = query_in(said)  # and now forward
        assert b"<before" not in said and not after and shown(talk) == []
        talk.server(archived(query, *entries[0]) + archived(query, *entries[1]) + fin(request, b"arch-8"))
        assert shown(talk) == ["one", "two"] and talk.client.store.cursor == "arch-8"
        assert query_in(new_session(talk))[2] == b"arch-8"


def back_fin(request, first, complete):
    """The end of a page on the way back."""
    answer = b"<iq type='result' id='%s'><fin xmlns='urn:xmpp:mam:2'%s><set xmlns='http://jabber.org/protocol/rsm'>"
    answer %= request, b" complete='true'" if complete else b""
    return answer + b"<first>%s</first><last>x</last></set></fin></iq>" % first


def test_a_device_goes_back_no_further_than_its_log_has_room():
    talk = Dialogue(queue=QueueLimits(1_600, 4))  # for ten entries, which are two pages
    talk.authenticate()
    talk.bind()
    talk.down()
    talk.authenticate()
    talk.server(b"<failed xmlns='urn:xmpp:sm:3'/>")
    said, asked = talk.bind(), []
    while b"<before" in said:
        request, query, _ = query_in(said)
        asked.append(said.split(b"<before")[1].split(b"</set>")[0])
        first = b"arch-%d" % (100 - 5 * len(asked))
        said = talk.server(
            archived(query, first, d.PEER + "/p", b"m" + first, b"old") + back_fin(request, first, False)
        )
    assert asked == [b"/>", b">arch-95</before>"]
    assert query_in(said)[2] == b"arch-90" and shown(talk) == []


def test_a_first_session_that_is_resumed_has_lost_nothing():
    talk = Dialogue()
    talk.authenticate()
    said = talk.bind()
    assert b"<max>1</max><before/>" in said
    talk.down()
    assert b"<max>1</max><before/>" in talk.resume(0)


def test_a_session_after_the_first_one_still_goes_back_when_it_is_resumed_after_a_reboot():
    talk = Dialogue()
    talk.authenticate()
    talk.bind()
    talk.down()
    talk.authenticate()
    talk.server(b"<failed xmlns='urn:xmpp:sm:3'/>")
    assert b"<max>5</max><before/>" in talk.bind()
    talk.down()
    talk.reboot()
    said = talk.resume(0)
    assert b"<max>5</max><before/>" in said
    request, query, _ = query_in(said)
    said = talk.server(archived(query, b"arch-7", d.PEER + "/p", b"m1", b"one") + back_fin(request, b"arch-7", True))
    request, query, after = query_in(said)
    assert after == b""
    talk.server(archived(query, b"arch-7", d.PEER + "/p", b"m1", b"one") + fin(request, b"arch-7"))
    assert shown(talk) == ["one"]


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
