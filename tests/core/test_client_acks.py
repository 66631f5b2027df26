"""Acknowledgements and the end of a line: each of these has once broken something."""

from nocarrier import events
from nocarrier.queue import states
from nocarrier.session.line import LineProfile
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import FAILED, online

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
ASK = b"<r xmlns='urn:xmpp:sm:3'/>"
RESUMED = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='%d'/>"


def test_a_line_that_drops_again_while_it_resumes_forgets_no_request():
    talk = Dialogue()
    said = talk.authenticate() + talk.bind()
    first = said[said.find(b"<iq type='get'") :]
    for _ in range(3):
        talk.down()
        talk.authenticate()
        talk.server(RESUMED % 0)
    talk.down()
    assert talk.resume(0) == b"<r xmlns='urn:xmpp:sm:3'/>" + first


def test_requests_for_acknowledgement_do_not_pile_up():
    talk = online()
    talk.line.rate_bps = 20
    for _ in range(1000):
        talk.client.receive(ASK, talk.now_ms)
    assert talk.client.session.out.waiting() < 200


def test_a_server_that_never_acknowledges_makes_nothing_grow():
    talk = online()
    for i in range(500):
        talk.server(b"<iq from='bert@exchange.test/p' type='get' id='%d'><ping xmlns='urn:xmpp:ping'/></iq>" % i)
    assert talk.client.session.acks.unacknowledged() <= 16


def test_an_old_acknowledgement_does_not_end_the_watch():
    talk = online()
    talk.client.send_message(d.PEER, "hello")
    assert ASK in talk.said()
    talk.server(ACK % 3)  # was on its way before
    while not talk.values(events.FAULT):
        talk.wait(100)
    assert talk.values(events.FAULT)[0].condition == "connection-timeout" and talk.now_ms < 20_000


def test_a_black_hole_is_noticed_though_nothing_is_to_be_said():
    talk = Dialogue(line=LineProfile(1_000_000, 100, 10_000, True, idle_ms=60_000))
    talk.log_in()
    talk.server(ACK % 3)
    said = b""
    while not talk.values(events.FAULT):
        assert talk.client.deadline_ms() is not None
        said += talk.wait(1_000)
    assert ASK in said and 60_000 < talk.now_ms < 80_000


def test_a_fortnight_of_silence_does_not_stop_the_line():
    talk = Dialogue(line=LineProfile(1_000_000, 100, 10_000, True, idle_ms=200_000_000))
    talk.log_in()
    talk.server(ACK % 3)
    for _ in range(8):
        talk.wait(100_000_000)
        talk.server(ACK % talk.client.session.acks.sent)
    talk.client.send_message(d.PEER, "still here")
    assert b"still here" in talk.said()


def test_a_nonsense_h_of_a_failed_resumption_is_none():
    for h in (b"-1", b"x", b"99999999999"):
        talk = online()
        talk.down()
        talk.authenticate()
        assert b"<bind " in talk.server(FAILED % (b" h='%s'" % h)), h


def test_nothing_is_said_behind_the_end_of_the_stream():
    talk = online()
    talk.client.log_out()
    talk.client.send_message(d.PEER, "later")
    assert talk.said().endswith(b"</stream:stream>")
    assert talk.server(ACK % 3) == b""


def test_a_session_id_that_comes_twice_is_two_sessions():
    talk = online()
    talk.client.send_message(d.PEER, "in doubt")
    talk.said()
    talk.down()
    talk.authenticate()
    talk.server(FAILED % b"")
    talk._sm = 0  # the server gives the same id once more
    talk.bind()
    talk.down()
    talk.reboot()
    talk.authenticate()
    talk.server(RESUMED % 9 + ACK % 9)
    assert (1, states.ON_SERVER) not in talk.values(events.STATE)


def test_what_cannot_be_read_yet_is_a_sign_of_life_too():
    talk = online()
    talk.client.send_message(d.PEER, "hello")
    talk.said()
    for _ in range(10):
        talk.client.heard(talk.now_ms)
        talk.wait(4_000)
    assert not talk.values(events.FAULT)


def test_a_stall_that_the_line_is_known_for_drops_nothing():
    """A retrain of ten seconds, while an answer is due, at every moment of a call; with the profile's own stalls."""
    talk = Dialogue(line=LineProfile(1_000_000, 300, trusted=True))
    talk.log_in()
    for i in range(20):
        talk.client.send_message(d.PEER, "number %d" % i)
        for _ in range(i % 5):
            talk.wait(100)
        for _ in range(100):  # ten seconds in which nothing comes
            talk.wait(100)
        talk.server(ACK % talk.client.session.acks.sent)
        talk.wait(2_000)
    assert not talk.values(events.FAULT) and talk.client.online()
