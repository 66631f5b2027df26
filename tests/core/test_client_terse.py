"""A server that need not be asked for its features again: streams without version, and messages behind <resume/>."""

from nocarrier import events
from nocarrier.session.errors import AuthError, StreamError, may_retry
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.terse import ASKING, AUTH, BARE, BIND_OFFERED, HEADER, RESUME, known

REFUSED = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"


def test_a_login_without_features_byte_for_byte_in_any_pieces():
    for pieces in (0, 1, 7):
        talk = known(pieces=pieces)
        assert talk.up() == BARE + AUTH
        said = talk.server(HEADER + d.SUCCESS)
        assert said.startswith(BARE + b"<iq type='set' id='bind'>") and b"<enable " in said and b"<presence/>" in said
        talk.server(HEADER + d.BOUND + d.ENABLED % 1)
        assert talk.client.online() and talk.client.session.acks.active
        talk.down()
        assert talk.up() == BARE + AUTH
        assert talk.server(HEADER + d.SUCCESS) == BARE + RESUME % 0


def test_it_outlives_a_restart():
    talk = known()
    talk.reboot()
    assert talk.up() == BARE + AUTH


def test_now_and_then_the_features_are_asked_for():
    """Or nobody would ever hear that the server offers more by now."""
    talk = known()
    asked = []
    for _ in range(40):
        asked.append(talk.up() == ASKING + AUTH)
        talk.down()
        talk.client._caution = 0  # a line that only drops makes a client cautious
        talk.client._silent = 0
    assert asked.count(True) == 2 and asked[15] and asked[31]


def test_a_server_that_has_become_another_one_is_asked_after_all():
    talk = known()
    talk.up()
    assert talk.server(d.HEADER) == b""  # a version, so features follow
    talk.server(d.PLAIN_OFFERED + d.SUCCESS)
    said = talk.server(d.HEADER + d.BIND_OFFERED) + talk.bind()
    assert b"jabber:iq:roster" in said or talk.client.online()
    talk.down()
    assert talk.up().startswith(ASKING)


def test_what_is_refused_is_tried_again_with_all_that_is_to_be_asked():
    talk = known()
    talk.up()
    talk.server(HEADER + REFUSED)
    fault = talk.values(events.FAULT)[-1]
    assert may_retry(fault) and not isinstance(fault, AuthError)
    talk.down()
    assert talk.up() == ASKING
    assert talk.server(d.HEADER + d.PLAIN_OFFERED) == AUTH
    talk.server(REFUSED)
    assert isinstance(talk.values(events.FAULT)[-1], AuthError)


def test_a_server_that_wants_a_version_gets_one():
    talk = known()
    talk.up()
    error = b"<stream:error><unsupported-version xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"
    talk.server(HEADER + error)
    assert may_retry(talk.values(events.FAULT)[-1])
    talk.down()
    assert talk.up() == ASKING


def test_a_version_that_is_missing_unasked_is_refused():
    talk = Dialogue()
    talk.up()
    talk.server(HEADER)
    error = talk.values(events.FAULT)[-1]
    assert isinstance(error, StreamError) and error.condition == "unsupported-version"


def test_a_channel_is_not_bound_without_features():
    talk = known()
    words = "sm binds terse 1:PLAIN 1:SCRAM-SHA-256 1:SCRAM-SHA-256-PLUS c:tls-server-end-point"
    talk.client.store.save_note("offer", words)
    assert b"version='1.0'" in talk.up({"tls-server-end-point": b"x" * 32})
    talk.down()
    assert talk.up() == BARE + AUTH


def test_what_is_known_of_client_state_outlives_it():
    talk = known()
    talk.client.store.save_note("offer", "sm csi terse rides 1:PLAIN")
    talk.up()
    talk.server(HEADER + d.SUCCESS)
    talk.server(HEADER + d.BOUND + d.ENABLED % 1)
    assert talk.client.session.ladder.binding.csi and "csi" in talk.client.store.notes["offer"].split()


def test_a_server_that_only_seems_to_be_like_that_is_asked_from_then_on():
    talk = known()
    talk.up()
    talk.server(HEADER + REFUSED)
    talk.down()
    assert talk.up() == ASKING
    talk.server(d.HEADER + d.PLAIN_OFFERED)
    talk.server(d.SUCCESS)
    talk.server(d.HEADER + BIND_OFFERED)
    talk.bind()
    assert talk.client.online()
    talk.client.log_out()
    talk.said()
    talk.down()
    assert talk.up() == ASKING + AUTH
