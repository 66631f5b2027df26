"""What the server wishes, and what its words mean: limits (XEP-0478), other hosts, patience; and our own presence."""

from nocarrier import events
from nocarrier.errors import PeerError, UsageError
from nocarrier.session.errors import AuthError, StreamError, may_retry, patience_ms
from nocarrier.session.line import LineProfile
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue

LIMITS = b"<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>%s</max-bytes><idle-seconds>%s</idle-seconds></limits>"
R = b"<r xmlns='urn:xmpp:sm:3'/>"


def online(words, **more):
    """Logged in at a server with these words among its features; nothing is unacknowledged."""
    talk = Dialogue(**more)
    talk.up()
    talk.server(d.HEADER + d.PLAIN_OFFERED.replace(b"</stream:features>", words + b"</stream:features>"))
    said = talk.server(d.SUCCESS) + talk.server(d.HEADER + d.BIND_OFFERED) + talk.bind()
    page = d.LAST_PAGE % (talk.id_of(said, b"mam:2"), b"")
    talk.server(d.ROSTER % talk.id_of(said, b"jabber:iq:roster") + page)
    talk.wait(1_000)
    talk.server(b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % talk.client.session.acks.sent)
    return talk


def stream_error(words):
    """The fault that these words in a stream error become."""
    talk = Dialogue()
    talk.log_in()
    talk.server(b"<stream:error>%s</stream:error>" % words)
    return talk.values(events.FAULT)[-1]


def condition(name, text=b""):
    return b"<%s xmlns='urn:ietf:params:xml:ns:xmpp-streams'>%s</%s>" % (name, text, name)


def test_the_server_is_asked_before_it_hangs_up_over_our_silence():
    for limits, idle_s in (
        (LIMITS % (b"10000", b"840"), 630),
        (LIMITS % (b"10000", b"9999"), 900),  # the line's own idle_ms comes first
        (LIMITS % (b"", b"x"), 900),
        (LIMITS % (b"10000", b"1"), 60),  # nobody makes us pay for a word a second
        (LIMITS % (b"-1", b"99999999999"), 900),
        (b"", 900),
    ):
        talk = online(limits)
        heard = sum([len(talk.wait(10_000)) for _ in range((idle_s - 20) // 10)])
        assert heard == 0, limits
        assert talk.wait(20_000) == R, limits


def test_limits_hold_for_this_connection_only_and_not_before_tls():
    talk = Dialogue()
    session = talk.client.session
    talk.up(None, True)
    words = LIMITS % (b"10000", b"100") + b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    talk.server(d.HEADER + b"<stream:features>%s</stream:features>" % words)
    assert session.alive._idle_ms == talk.line.idle_ms
    talk.server(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    talk.up({})
    talk.server(d.HEADER + b"<stream:features>%s</stream:features>" % words)
    assert session.alive._idle_ms == 75_000
    talk.down()
    talk.up({})
    assert session.alive._idle_ms == talk.line.idle_ms


def test_no_white_space_stands_where_tls_begins():
    talk = Dialogue(line=LineProfile(1_000_000, 100, 60_000))
    said = talk.up(None, True)
    words = b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
    for more in (b"", d.HEADER, words):
        said += talk.server(more) + b"".join([talk.wait(1_000) for _ in range(50)])
    assert said.endswith(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")


def test_another_host_is_named_and_not_called_by_the_core():
    fault = stream_error(condition(b"see-other-host", b"[2001:db8::1]:5222"))
    assert (fault.condition, fault.text, may_retry(fault)) == ("see-other-host", "[2001:db8::1]:5222", False)
    assert len(stream_error(condition(b"see-other-host", b"x" * 999)).text) == 255
    assert stream_error(condition(b"see-other-host")).text == ""


def test_how_soon_to_call_again():
    for name, wait_ms in ((b"system-shutdown", 30_000), (b"policy-violation", 120_000), (b"reset", 0)):
        fault = stream_error(condition(name))
        assert may_retry(fault) and patience_ms(fault) == wait_ms, name
    assert not may_retry(stream_error(condition(b"conflict")))
    for error in (PeerError("policy-violation"), AuthError("resource-constraint"), StreamError("connection-timeout")):
        assert patience_ms(error) == 0  # not the server's word


def test_our_presence_is_what_the_user_says_now_and_after_each_login():
    talk = Dialogue()
    talk.client.set_presence("away", "at the summit", -1)
    words = b"<presence><show>away</show><status>at the summit</status><priority>-1</priority></presence>"
    assert words in talk.authenticate() + talk.bind()
    talk.client.set_presence("dnd")
    assert b"<presence><show>dnd</show></presence>" in talk.said()
    talk.client.set_presence()
    assert b"<presence/>" in talk.said()


def test_presence_that_was_set_offline_is_told_in_a_resumed_session_too():
    talk = Dialogue()
    talk.log_in()
    talk.down()
    talk.client.set_presence("dnd")
    said = talk.resume(3)
    assert said.count(b"<presence><show>dnd</show></presence>") == 1
    talk.down()
    assert b"<presence>" not in talk.resume(4)


def test_presence_that_there_is_not():
    talk = Dialogue()
    for show, status, priority in (("busy", "", 0), ("", "", 128), ("", "", -129), ("", "x" * 41, 0)):
        try:
            talk.client.set_presence(show, status, priority)
            assert False, (show, status, priority)
        except UsageError:
            pass
    assert b"<presence/>" in talk.authenticate() + talk.bind()


def test_a_line_may_be_idle_for_days():
    line = LineProfile(1_000_000, 100, 10_000, True, idle_ms=0x0FFFFFFF)
    talk = Dialogue(line=line)
    talk.client.session.alive.limit_idle(999_999_999)
    assert talk.client.session.alive._idle_ms <= 0x0FFFFFFF
