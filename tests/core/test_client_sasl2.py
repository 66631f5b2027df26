"""Login by SASL2 (XEP-0388) with what rides along: Bind2 (XEP-0386), stream management begun or resumed (XEP-0198)."""

from nocarrier import events
from nocarrier.errors import PeerError
from nocarrier.limits import ClientLimits
from nocarrier.queue import states
from nocarrier.queue.limits import QueueLimits
from nocarrier.session.errors import AuthError, StreamError, may_retry
from nocarrier.session.line import LineProfile
from nocarrier.wire.limits import WireLimits
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.sasl2 import BIND, BOUND, PLAIN, SASL2, SM, SUCCESS


def with_past(**more):
    """A device that knows where the archive ended: what waits for it comes from there, and it may bind by XEP-0386."""
    talk = Dialogue(**more)
    talk.client.store.save_floor("")
    return talk


def online(talk):
    """Logs in and binds; the roster is told, and that the archive is empty."""
    said = talk.up()
    said += talk.server(d.HEADER + PLAIN)
    said += talk.server(SUCCESS % (BOUND % 1))
    talk.server(d.ROSTER % talk.id_of(said, b"jabber:iq:roster") + d.LAST_PAGE % (talk.id_of(said, b"mam:2"), b""))


def test_the_way_up_byte_for_byte():
    """Two round trips after the transport is open, of which the first asks what is offered."""
    talk = with_past()
    talk.up()
    said = talk.server(d.HEADER + PLAIN)
    device = talk.client.store.notes.get("device", "")
    assert said == (
        b"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'>"
        b"<initial-response>AGFubmEAcGVuY2lsICYgw7xuc2FmZQ==</initial-response><user-agent id='%s'/>"
        b"<bind xmlns='urn:xmpp:bind:0'><tag>nc</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>"
        b"</authenticate>"
        b"<iq type='get' id='%s'><query xmlns='jabber:iq:roster' ver=''/></iq><presence/>"
        % (device.encode(), talk.id_of(said, b"jabber:iq:roster"))
    )
    said = talk.server(SUCCESS % (BOUND % 1))
    assert said.startswith(b"<iq type='set' id='") and said.endswith(b"<r xmlns='urn:xmpp:sm:3'/>")
    assert talk.client.online() and talk.events == [(events.ONLINE, False)]
    assert talk.client.session.jid == "anna@exchange.test/nc" and talk.client.store.sm_id == "sm-1"
    assert talk.client.session.acks.sent == 3  # what went ahead is in the session too


def test_nothing_depends_on_the_pieces():
    for pieces in (1, 3, 64):
        talk = with_past(pieces=pieces)
        online(talk)
        assert talk.client.online() and talk.client.store.sm_id == "sm-1", pieces


def test_the_device_stays_the_same():
    """RFC 9562 §5.4; kept on flash, through compaction too, so that a server gives it the same resource."""
    talk = with_past(queue=QueueLimits(512, 3))
    online(talk)
    device = talk.client.store.notes.get("device", "")
    assert [len(part) for part in device.split("-")] == [8, 4, 4, 4, 12]
    assert device[14] == "4" and device[19] in "89ab"
    talk.reboot()
    assert talk.client.store.notes.get("device", "") == device
    for h in range(200):
        talk.client.store.save_handled(h)
    talk.reboot()
    assert talk.client.store.notes.get("device", "") == device
    assert b"<user-agent id='%s'/>" % device.encode() in talk.up()


def test_resumption_rides_along():
    """All in one write, once it is known what is offered; what the server has is settled, and the rest comes again."""
    talk = with_past()
    online(talk)
    first, second = talk.client.send_message(d.PEER, "one"), talk.client.send_message(d.PEER, "two")
    said = talk.said()
    assert said.count(b"<message") == 2
    talk.down()
    said = talk.up()
    assert said.startswith(b"<stream:stream ") and talk.server(d.HEADER + PLAIN) == b""
    assert b"<resume xmlns='urn:xmpp:sm:3' h='2' previd='sm-1'/><bind xmlns='urn:xmpp:bind:0'>" in said
    h = talk.client.session.acks.sent - 1  # all but the last message
    resumed = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='%d'/>" % h
    said = talk.server(SUCCESS % resumed + b"<stream:features/>")
    assert said.endswith(b"</message><r xmlns='urn:xmpp:sm:3'/>") and not talk.client.online()
    talk.server(b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % (h + 1))
    assert said.count(b"<message") == 1 and b"two" in said and (events.ONLINE, True) in talk.events
    assert (first, states.ON_SERVER) in talk.values(events.STATE) and second > first


def test_a_session_that_is_rejected_with_a_stream_error_is_not_asked_for_again():
    """XEP-0198 §4: the counts do not fit, as when a flash has lost the newest of them."""
    talk = with_past()
    online(talk)
    talk.down()
    assert b"<resume " in talk.up() + talk.server(d.HEADER + PLAIN)
    talk.server(b"<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
    talk.down()
    assert b"<bind " in talk.up() and b"<resume " not in talk.server(d.HEADER + PLAIN)
    talk.server(SUCCESS % (BOUND % 2))
    assert talk.client.online() and talk.client.store.sm_id == "sm-2"


def test_a_refused_resumption_falls_back_to_a_new_session_at_once():
    """XEP-0198 in XEP-0388: <failed h=…/> tells what the server had; beside it the resource is bound."""
    talk = with_past()
    online(talk)
    first, second = talk.client.send_message(d.PEER, "one"), talk.client.send_message(d.PEER, "two")
    talk.said()
    h = talk.client.session.acks.sent - 1
    talk.down()
    talk.up()
    talk.server(d.HEADER + PLAIN)
    failed = b"<failed xmlns='urn:xmpp:sm:3' h='%d'><item-not-found xmlns='%s'/></failed>"
    said = talk.server(SUCCESS % (failed % (h, b"urn:ietf:params:xml:ns:xmpp-stanzas") + BOUND % 2))
    assert talk.client.online() and talk.client.store.sm_id == "sm-2"
    assert (first, states.ON_SERVER) in talk.values(events.STATE)
    assert (second, states.ON_SERVER) not in talk.values(events.STATE)
    said += talk.said()
    assert b"one" not in said and said.count(b"two") == 1


BARE = b"<stream:features>" + SASL2 % (b"PLAIN", b"") + b"</stream:features>"


def test_a_server_that_binds_not_along_is_asked_afterwards():
    """XEP-0388 §2.6.3: features follow, without a new stream; what RFC 6120 §7 asks for is there before them."""
    talk = with_past()
    said = talk.up() + talk.server(d.HEADER + BARE)
    assert b"</authenticate><iq type='set' id='bind'>" in said and said.count(b"<bind") == 1 and b"<resume" not in said
    assert talk.server(SUCCESS % b"") == b"" and talk.server(d.BIND_OFFERED) == b""
    talk.bind()
    assert talk.client.online() and talk.client.session.acks.sent == 3
    talk.down()
    talk.up()  # and a session is resumed in the same way
    talk.server(d.HEADER + BARE)
    talk.server(SUCCESS % b"")
    assert talk.server(d.BIND_OFFERED).startswith(b"<resume ")


def test_a_session_is_not_given_up_because_it_cannot_be_resumed_at_once():
    talk = with_past()
    online(talk)
    talk.down()
    talk.client.store.save_note("offer", "inline_bind 2:PLAIN")
    said = talk.up()
    assert b"<authenticate" in said and b"<bind" not in said and b"<resume" not in said


def test_a_session_without_stream_management():
    talk = with_past()
    talk.up()
    talk.server(d.HEADER + PLAIN)
    talk.server(SUCCESS % b"<bound xmlns='urn:xmpp:bind:0'/>")
    assert talk.client.online() and talk.client.store.sm_id == "" and not talk.client.session.acks.active
    assert not talk.client.session.ladder.ahead


def test_what_stops_a_login():
    failure = (
        b"<failure xmlns='urn:xmpp:sasl:2'><%s xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/><text>no</text></failure>"
    )
    sasl1 = b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
    for answer, kind, condition in (
        (failure % b"not-authorized", AuthError, "not-authorized"),
        (failure % b"credentials-expired", AuthError, "credentials-expired"),
        (b"<continue xmlns='urn:xmpp:sasl:2'><tasks/></continue>", AuthError, "malformed-request"),
        (b"<challenge xmlns='urn:xmpp:sasl:2'>eA==</challenge>", PeerError, None),
        (sasl1, AuthError, "malformed-request"),  # of the other profile
        (SUCCESS % b"<failed xmlns='urn:xmpp:bind:0'/>", StreamError, "resource-constraint"),
        (SUCCESS % b"", StreamError, "reset"),  # what went ahead is in no session
        (d.BIND_OFFERED, StreamError, "unsupported-stanza-type"),
        ((SUCCESS % (BOUND % 1)).replace(b"anna@", b"eve@"), StreamError, "invalid-xml"),
        ((SUCCESS % (BOUND % 1)).replace(b"authorization-identifier", b"other"), StreamError, "invalid-xml"),
    ):
        talk = with_past()
        talk.up()
        talk.server(d.HEADER + PLAIN)
        assert talk.server(answer) == b"" and not talk.client.online()
        (fault,) = talk.values(events.FAULT)
        assert isinstance(fault, kind) and condition in (None, fault.condition), (answer, fault)
    talk = with_past()
    talk.up()
    talk.server(d.HEADER + b"<stream:features>" + SASL2 % (b"SCRAM-SHA-256", BIND) + b"</stream:features>")
    talk.server(SUCCESS % (BOUND % 1))  # the server has not proved itself
    assert not talk.client.online() and talk.values(events.FAULT)[0].condition == "not-authorized"


def other(mechanism, extras=b""):
    """What a server offers that has changed."""
    return d.HEADER + b"<stream:features>" + SASL2 % (mechanism, extras) + b"</stream:features>"


def test_what_is_known_is_not_asked_again():
    """A first write with all that it takes to be online, after a restart of the device too."""
    talk = with_past()
    online(talk)
    talk.client.log_out()
    talk.said()
    talk.down()
    talk.reboot()
    said = talk.up()
    assert said.count(b"<stream:stream ") == said.count(b"<authenticate ") == 1 and said.endswith(b"<presence/>")
    talk.server(d.HEADER + PLAIN + SUCCESS % (BOUND % 2))
    assert talk.client.online()


def test_what_went_ahead_comes_again_after_a_resumption():
    """The server has begun the session and died before it has read on."""
    talk = with_past()
    talk.up()
    talk.server(d.HEADER + PLAIN)
    talk.server(SUCCESS % (BOUND % 1))
    talk.down()
    assert b"<resume xmlns='urn:xmpp:sm:3' h='0' previd='sm-1'/>" in talk.up()
    said = talk.server(d.HEADER + PLAIN + SUCCESS % b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='1'/>")
    assert b"jabber:iq:roster" not in said and said.startswith(b"<r xmlns='urn:xmpp:sm:3'/><presence/>")


def test_no_stanza_goes_ahead_where_a_session_may_be_resumed():
    """It would have to be counted in the one or the other."""
    talk = with_past()
    online(talk)
    talk.down()
    said = talk.up()
    assert b"<iq" not in said and b"<presence" not in said and b"<resume" in said and b"<bind" in said


REFUSAL = b"<failure xmlns='urn:xmpp:sasl:2'><invalid-mechanism xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>"


def test_a_login_that_is_refused_since_the_server_has_changed_is_begun_anew():
    talk = with_past(line=LineProfile(1_000_000, 100, 10_000))
    talk.client.store.save_note("offer", "inline_bind 2:SCRAM-SHA-1")
    assert b"mechanism='SCRAM-SHA-1'" in talk.up()
    assert talk.server(other(b"SCRAM-SHA-256", BIND)) == b""  # what was sent is still under way
    said = talk.server(REFUSAL)
    assert said.startswith(b"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'>")
    talk.server(REFUSAL)  # once is enough
    assert not talk.client.online() and talk.values(events.FAULT)[0].condition == "invalid-mechanism"


def test_after_a_mistake_nothing_goes_ahead():
    """Stanzas behind a login that is refused end the stream. What asks first until a login has succeeded, asks then no
    more: that the server has changed once does not make it one that takes a step at a time."""
    talk = with_past()
    talk.client.store.save_note("offer", "inline_bind 2:PLAIN")
    assert talk.up().endswith(b"<presence/>")
    changed = d.HEADER + CSI
    talk.server(changed.replace(b"PLAIN", b"SCRAM-SHA-256") + REFUSAL)
    assert may_retry(talk.values(events.FAULT)[0])
    for _ in range(2):  # a line that drops meanwhile changes nothing
        talk.down()
        assert b"<authenticate" not in talk.up()
    assert b"mechanism='PLAIN'" in talk.server(changed)
    talk.server(SUCCESS % (BOUND % 1))
    assert talk.client.online()
    talk.client.log_out()
    talk.down()
    assert b"mechanism='PLAIN'" in talk.up()


def test_silence_after_what_was_sent_ahead_leads_to_caution_the_second_time():
    """A server that has nothing to say to it is not told apart from a line that is dead; once that is what it is."""
    for silence in (
        lambda talk: talk.wait(20_000) + talk.wait(20_000),
        lambda talk: talk.server(b"</stream:stream>"),
        lambda talk: None,  # the line drops
    ):
        talk = with_past()
        talk.client.store.save_note("offer", "inline_bind 2:PLAIN")
        for hasty in (True, True, False, False):
            assert (b"<authenticate" in talk.up()) == hasty
            talk.server(d.HEADER)
            silence(talk)
            talk.down()
        talk.up()
        talk.server(d.HEADER + PLAIN)
        talk.server(SUCCESS % (BOUND % 1))
        talk.client.log_out()
        talk.down()
        assert b"<authenticate" in talk.up()


def test_a_better_way_is_taken_the_next_time():
    talk = with_past(line=LineProfile(1_000_000, 100, 10_000))
    talk.client.store.save_note("offer", "inline_bind 2:SCRAM-SHA-1")
    assert b"mechanism='SCRAM-SHA-1'" in talk.up()
    assert talk.server(other(b"SCRAM-SHA-1</mechanism><mechanism>SCRAM-SHA-256", SM + BIND)) == b""
    talk.client.store.save_note("offer", talk.client.session.ladder._proving._offered.text())
    talk.reboot()
    assert b"mechanism='SCRAM-SHA-256'" in talk.up()


def test_a_weaker_login_than_before_needs_the_users_consent():
    """What was seen must not disappear silently: somebody in between may want the password."""
    for mechanism in (b"SCRAM-SHA-1", b"PLAIN"):
        talk = with_past()
        talk.client.store.save_note("offer", "2:SCRAM-SHA-256")
        for _ in range(2):
            assert b"mechanism='SCRAM-SHA-256'" in talk.up()
            assert talk.server(other(mechanism, BIND)) == b"" and not talk.client.online()
            talk.down()
        assert [fault.condition for fault in talk.values(events.FAULT)] == ["mechanism-too-weak"] * 2
        talk.client.accept_offer()
        assert b"<authenticate" not in talk.up()
        assert b"mechanism='%s'" % mechanism in talk.server(other(mechanism, BIND))


def test_a_line_that_is_not_trusted_any_more_gets_no_password_ahead():
    talk = with_past(line=LineProfile(1_000_000, 100, 10_000))
    talk.client.store.save_note("offer", "inline_bind 2:PLAIN")
    assert b"<authenticate" not in talk.up()
    talk.server(d.HEADER + PLAIN)
    assert talk.values(events.FAULT)[0].condition == "invalid-mechanism"


def test_a_server_that_binds_along_no_more_is_asked_first_the_next_time():
    talk = with_past()
    online(talk)
    talk.client.log_out()
    talk.said()
    talk.down()
    assert talk.up().endswith(b"<presence/>")
    talk.server(d.HEADER + BARE + SUCCESS % b"")
    assert may_retry(talk.values(events.FAULT)[0]) and not talk.client.online()
    talk.down()
    assert b"<authenticate" not in talk.up()
    talk.server(d.HEADER + BARE)
    talk.server(SUCCESS % b"")
    talk.server(d.BIND_OFFERED)
    talk.server(d.BOUND + d.ENABLED % 7)
    assert talk.client.online() and talk.client.session.acks.sent == 3


def test_a_stream_that_breaks_at_a_hasty_login_is_tried_again_more_slowly():
    gone = b"<stream:error><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    for answer in (
        gone,
        PLAIN + gone,
        d.PLAIN_OFFERED + b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>",
    ):
        talk = with_past()
        talk.client.store.save_note("offer", "inline_sm inline_bind inline_enable 2:PLAIN")
        talk.up()
        talk.server(d.HEADER + answer)
        assert may_retry(talk.values(events.FAULT)[0]), answer
        talk.down()
        assert b"<authenticate" not in talk.up()
        talk.server(d.HEADER + gone)  # but not for ever
        assert not may_retry(talk.values(events.FAULT)[1])
    talk = with_past()
    talk.client.store.save_note("offer", "inline_sm inline_bind inline_enable 2:PLAIN")
    talk.up()
    talk.server(d.HEADER + PLAIN + REFUSAL.replace(b"invalid-mechanism", b"not-authorized"))
    assert not may_retry(talk.values(events.FAULT)[0])  # the password is wrong


def test_stanzas_do_not_go_ahead_of_a_second_beginning():
    talk = with_past()
    talk.client.store.save_note("offer", "inline_bind 2:PLAIN")
    talk.client.link_up(0)
    talk.client.receive(d.HEADER + other(b"SCRAM-SHA-256", BIND)[len(d.HEADER) :] + REFUSAL, 0)
    said = talk.said()
    assert said.endswith(b"</authenticate>") and b"<iq" not in said


def test_more_than_was_sent_was_not_handled():
    talk = with_past()
    online(talk)
    seq = talk.client.send_message(d.PEER, "one")
    talk.said()
    talk.down()
    talk.up()
    failed = b"<failed xmlns='urn:xmpp:sm:3' h='1000'/>"
    talk.server(d.HEADER + PLAIN + SUCCESS % (failed + BOUND % 2))
    assert talk.client.online() and (seq, states.ON_SERVER) not in talk.values(events.STATE)


def test_a_long_id_of_a_session_is_not_resumed():
    talk = with_past(limits=ClientLimits(WireLimits(1024, 256), 2048))
    talk.up()
    talk.server(d.HEADER + PLAIN)
    enabled = b"<enabled xmlns='urn:xmpp:sm:3' id='%s' resume='true'/>" % (b"&amp;" * 140)
    talk.server(SUCCESS % (b"<bound xmlns='urn:xmpp:bind:0'>%s</bound>" % enabled))
    assert talk.client.online() and talk.client.store.sm_id == ""
    talk.down()
    assert b"<authenticate" in talk.up()


CSI = PLAIN.replace(b"<feature var=", b"<feature var='urn:xmpp:csi:0'/><feature var=")
ACTIVE, INACTIVE, ASK = (
    b"<active xmlns='urn:xmpp:csi:0'/>",
    b"<inactive xmlns='urn:xmpp:csi:0'/>",
    b"<r xmlns='urn:xmpp:sm:3'/>",
)


def test_the_server_is_told_whether_anybody_looks():
    """XEP-0352, with a request behind it that Prosody needs to answer at all; said again after a resumption (§5)."""
    talk = with_past()
    talk.up()
    talk.server(d.HEADER + CSI)
    talk.server(SUCCESS % (BOUND % 1))
    talk.server(b"<a xmlns='urn:xmpp:sm:3' h='3'/>")
    for active, words in ((False, INACTIVE + ASK), (False, b""), (True, ACTIVE + ASK), (False, INACTIVE + ASK)):
        talk.client.set_active(active)
        assert talk.said() == words
    talk.down()
    for active in (False, True):
        talk.client.set_active(active)
        talk.up()
        resumed = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='3'/>"
        assert talk.server(d.HEADER + CSI + SUCCESS % resumed) == (ACTIVE if active else INACTIVE) + ASK
        talk.down()
    talk.client.set_active(False)
    talk.client.store.save_session("", 0, "")
    talk.up()
    assert INACTIVE + ASK in talk.server(d.HEADER + CSI + SUCCESS % (BOUND % 2))  # a new session begins active


def test_a_server_that_does_not_ask_is_told_nothing():
    talk = with_past()
    online(talk)
    talk.client.set_active(False)
    assert talk.said() == b""


def test_a_device_without_a_past_binds_as_of_old():
    """XEP-0386 §5: with Bind2 what has waited would not be delivered, and such a device looks for it nowhere else."""
    talk = Dialogue()
    talk.up()
    said = talk.server(d.HEADER + PLAIN)
    assert (
        said.index(b"</authenticate><iq type='set' id='bind'>") < said.index(b"<enable ") < said.index(b"<presence/>")
    )
    assert said.count(b"<bind ") == 1
    assert talk.server(SUCCESS % b"") == b"" and talk.server(d.BIND_OFFERED) == b""
    said = talk.bind()
    assert talk.client.online() and talk.client.session.acks.sent == 3
    talk.server(d.LAST_PAGE % (talk.id_of(said, b"mam:2"), b""))
    talk.client.log_out()
    talk.down()
    assert b"<bind xmlns='urn:xmpp:bind:0'>" in talk.up()


def test_a_wrong_password_is_said_by_a_device_without_a_past_too():
    talk = Dialogue()
    talk.up()
    talk.server(d.HEADER + PLAIN)
    talk.server(
        b"<failure xmlns='urn:xmpp:sasl:2'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>"
    )
    fault = talk.values(events.FAULT)[0]
    assert fault.condition == "not-authorized" and not may_retry(fault)
