"""Getting online: every byte of the way up, whatever pieces the server's bytes come in, and what stops it."""

import hashlib
from binascii import a2b_base64, b2a_base64

from nocarrier import events
from nocarrier.client import Client
from nocarrier.errors import PeerError, UsageError, XmlError
from nocarrier.limits import ClientLimits
from nocarrier.queue import states
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier.session.account import Account
from nocarrier.session.errors import AuthError, StreamError, may_retry
from nocarrier.session.line import LineProfile
from nocarrier.wire.limits import WireLimits
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.flash import MemoryFlash

OPEN = (
    b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='exchange.test' "
    b"version='1.0'>"
)
SCRAM_OFFERED = d.PLAIN_OFFERED.replace(b"PLAIN", b"SCRAM-SHA-256")


def test_the_way_up_byte_for_byte():
    talk = Dialogue()
    assert talk.up() == OPEN
    assert talk.server(d.HEADER + d.PLAIN_OFFERED) == (
        b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFubmEAcGVuY2lsICYgw7xuc2FmZQ==</auth>"
    )
    said = talk.server(d.SUCCESS)
    assert said == OPEN + (
        b"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>nc</resource></bind></iq>"
        b"<enable xmlns='urn:xmpp:sm:3' resume='true'/>"
        b"<iq type='get' id='%s'><query xmlns='jabber:iq:roster' ver=''/></iq><presence/>"
    ) % talk.id_of(said, b"roster")
    assert talk.server(d.HEADER + d.BIND_OFFERED) == b""
    said = talk.bind()
    assert said == (
        b"<iq type='set' id='%s'><query xmlns='urn:xmpp:mam:2' queryid='%s'>"
        b"<set xmlns='http://jabber.org/protocol/rsm'><max>1</max><before/></set></query></iq>"
        b"<r xmlns='urn:xmpp:sm:3'/>"
    ) % (talk.id_of(said, b"mam:2"), said.split(b"queryid='")[1][:8])
    assert talk.client.online() and talk.events == [(events.ONLINE, False)]


def test_the_header_goes_first_so_that_the_features_come_while_the_login_is_on_its_way():
    talk = Dialogue()
    talk.client.store.save_note("offer", "sm 1:PLAIN")
    talk.client.link_up(0)
    assert talk.client.take(4096, 0) == OPEN
    assert talk.client.take(4096, 0).startswith(b"<auth ")


def test_presence_stands_before_the_archive():
    """Or else what comes between the archive's end and the presence would come neither way (Prosody's mod_mam)."""
    talk = Dialogue()
    said = talk.authenticate() + talk.bind()
    assert 0 < said.find(b"<presence/>") < said.find(b"urn:xmpp:mam:2")
    talk.server(d.ROSTER % talk.id_of(said, b"jabber:iq:roster"))
    assert [contact.name for contact in talk.client.roster.contacts()] == ["Bert"]


def test_nothing_depends_on_the_pieces():
    def whole_story(pieces):
        talk = Dialogue(pieces=pieces)
        said = [talk.log_in()]
        talk.client.send_message(d.PEER, "hello")
        said.append(talk.said())
        said.append(talk.server(b"<r xmlns='urn:xmpp:sm:3'/> <a xmlns='urn:xmpp:sm:3' h='3'/>"))
        return said, [(kind, value) for kind, value in talk.events]

    expected = whole_story(0)
    for pieces in (1, 2, 3, 7, 64):
        assert whole_story(pieces) == expected, pieces


def fault(talk):
    """The one fault that the client has reported; nothing is said after it."""
    found = talk.values(events.FAULT)
    assert len(found) == 1 and talk.said() == b"" and talk.server(b"<presence/>") == b"", found
    return found[0]


def test_the_password_never_leaves_in_clear_on_a_line_that_is_not_trusted():
    talk = Dialogue(line=LineProfile(1_000_000, 100, 10_000))
    talk.up()
    assert talk.server(d.HEADER + d.PLAIN_OFFERED) == b""
    error = fault(talk)
    assert isinstance(error, AuthError) and error.condition == "invalid-mechanism" and not may_retry(error)


def test_where_nobody_listens_the_password_is_the_quickest_proof():
    """No key derivation: 14 to 28 s of it on a small processor; and everywhere else never the password."""
    both = d.PLAIN_OFFERED.replace(b"</mechanisms>", b"<mechanism>SCRAM-SHA-256</mechanism></mechanisms>")
    for trusted, mechanism in ((True, b"PLAIN"), (False, b"SCRAM-SHA-256")):
        talk = Dialogue(line=LineProfile(1_000_000, 100, 10_000, trusted))
        talk.up()
        said = talk.server(d.HEADER + both)
        assert said.startswith(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='%s'>" % mechanism)


def scram_up_to_the_proof(talk):
    """Logs in with SCRAM up to what the client answers to the challenge; how many ticks that took."""
    said = talk.up() + talk.server(d.HEADER + SCRAM_OFFERED)
    said = said[said.find(b"<auth ") :]
    first = a2b_base64(said[said.find(b">") + 1 : said.find(b"</")]).decode()
    server_first = "r=%sx,s=QSXCR+Q6sek8bf92,i=4096" % first[first.find("r=") + 2 :]
    challenge = b2a_base64(server_first.encode()).strip()
    talk.server(b"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%s</challenge>" % challenge)
    ticks = 1
    while not talk.wait(1).startswith(b"<response"):
        ticks += 1
        assert ticks < 10_000
    return ticks


def test_features_instead_of_success_prove_nothing():
    """A server that has not shown its signature gets no resource bound, and no message."""
    talk = Dialogue(line=LineProfile(1_000_000, 100, 10_000))
    talk.client.store.save_note("offer", "1:SCRAM-SHA-256")
    talk.client.send_message(d.PEER, "secret")
    scram_up_to_the_proof(talk)
    assert talk.server(d.BIND_OFFERED) == b"" and not talk.client.online()
    assert "unsupported-stanza-type" in str(fault(talk))
    talk.down()
    assert talk.client.store.notes.get("offer", "")


def test_the_key_is_derived_once_and_forgotten_when_it_is_refused():
    talk = Dialogue(line=LineProfile(1_000_000, 100, 10_000))
    assert scram_up_to_the_proof(talk) > 10
    key = talk.client.session.ladder._proving._login.key()
    talk.down()
    assert talk.client.store.notes.get("key", "") == ""  # nobody has said yet that it is right
    talk.client.store.save_note("key", key)
    talk.reboot()
    assert scram_up_to_the_proof(talk) == 3
    talk.server(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>")
    error = talk.values(events.FAULT)[-1]
    assert isinstance(error, AuthError) and may_retry(error)  # the password may be right, and is tried next
    talk.down()
    assert talk.client.store.notes.get("key", "") == "" and scram_up_to_the_proof(talk) > 10
    talk.server(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>")
    error = talk.values(events.FAULT)[-1]
    assert error.condition == "not-authorized" and not may_retry(error)


def test_a_server_that_says_success_before_the_proof_is_not_believed():
    talk = Dialogue()
    talk.up()
    talk.server(d.HEADER + SCRAM_OFFERED)
    talk.server(d.SUCCESS)
    assert isinstance(fault(talk), AuthError) and not talk.client.online()


def test_a_success_without_the_servers_signature_is_not_believed():
    talk = Dialogue()
    talk.up()
    said = talk.server(d.HEADER + SCRAM_OFFERED)
    nonce = a2b_base64(said.split(b">")[1].split(b"<")[0]).split(b"r=")[1]
    challenge = b2a_base64(b"r=%sx,s=QUFB,i=4096" % nonce).strip()
    talk.server(b"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%s</challenge>" % challenge)
    said = b""
    while not said:
        said = talk.wait(1)
    assert said.startswith(b"<response ") and b"pencil" not in said
    talk.server(d.SUCCESS)
    error = fault(talk)
    assert isinstance(error, AuthError) and error.text == "the server's signature is wrong"


def test_a_server_that_demands_tls_is_told_in_words():
    talk = Dialogue()
    talk.up()
    talk.server(
        d.HEADER
        + d.PLAIN_OFFERED.replace(
            b"<mechanisms", b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls><mechanisms", 1
        )
    )
    assert fault(talk).condition == "encryption-required"


def state(talk):
    return states.NAMES[talk.client.store.history(d.PEER, 1)[0].state]


FAILURES = (
    # what the server says to <auth/>, class, condition, whether to call again
    (
        b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>",
        AuthError,
        "not-authorized",
        False,
    ),
    (b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", AuthError, "not-authorized", False),
    (
        b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        StreamError,
        "host-unknown",
        False,
    ),
    (
        b"<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        StreamError,
        "system-shutdown",
        True,
    ),
    (
        b"<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        StreamError,
        "conflict",
        False,
    ),
    (b"</stream:stream>", StreamError, "closed", True),
    (b"<message><body>who are you?</body></message>", StreamError, "unsupported-stanza-type", True),
    (b"<enabled xmlns='urn:xmpp:sm:3'/>", StreamError, "unsupported-stanza-type", True),
    (b"<x></y>", XmlError, "not-well-formed", True),
    (b"<x>\xff</x>", XmlError, "not-well-formed", True),
    (b"<!-- -->", XmlError, "restricted-xml", True),
    (b"<x a='" + b"y" * 2500 + b"'/>", PeerError, "policy-violation", True),
)


def test_what_goes_wrong_is_a_typed_error_and_what_is_queued_stays_queued():
    for words, cls, condition, again in FAILURES:
        talk = Dialogue()
        talk.client.send_message(d.PEER, "kept")
        talk.up()
        talk.server(d.HEADER + d.PLAIN_OFFERED)
        talk.server(words)
        error = fault(talk)
        assert isinstance(error, cls) and error.condition == condition and may_retry(error) == again, words
        talk.down()
        talk.reboot()
        assert state(talk) == "queued", words
        talk.log_in()
        assert state(talk) == "sent", words


def test_a_stream_that_is_no_xmpp_is_refused():
    for header, condition in (
        (b"<html>", "invalid-namespace"),
        (d.HEADER.replace(b"version='1.0'", b""), "unsupported-version"),
        (d.HEADER.replace(b"version='1.0'", b"version='2.0'"), "unsupported-version"),
    ):
        talk = Dialogue()
        talk.up()
        talk.server(header)
        assert fault(talk).condition == condition, header


def test_a_refused_resource_is_told():
    talk = Dialogue()
    talk.authenticate()
    talk.server(b"<iq type='error' id='bind'><error type='cancel'/></iq>")
    assert fault(talk).condition == "conflict"


def test_a_server_without_stream_management_or_archive_is_used_as_it_is():
    """Nearly all have it, and it is asked for ahead; one that has not is taken step by step from the second call on."""
    talk = Dialogue()
    no_sm = d.BIND_OFFERED.replace(b"<sm xmlns='urn:xmpp:sm:3'/>", b"")
    for enables, last in ((True, False), (False, False), (False, True)):
        said = talk.up()
        said += talk.server(d.HEADER + d.PLAIN_OFFERED)
        said += talk.server(d.SUCCESS)
        assert (b"<bind " in said) == (b"<enable" in said) == enables
        said = talk.server(d.HEADER + no_sm)
        assert (b"<bind " in said) == (not enables) and b"enable" not in said
        said = talk.server(d.BOUND)
        if enables:
            assert may_retry(fault(talk)) and talk.values(events.FAULT)[0].condition == "reset"
        if not last:
            talk.down()
    assert talk.client.online() and b"<r " not in said
    archive = talk.id_of(said, b"mam:2")
    assert talk.server(b"<iq type='error' id='%s'><error type='cancel'/></iq>" % archive) == b""
    talk.client.send_message(d.PEER, "hello")
    assert b"<body>hello</body>" in talk.said()


def test_without_entropy_there_is_no_client():
    try:
        Client(Account(d.OWN, "x", "nc"), Store(MemoryFlash(), QueueLimits()), LineProfile(), None)
        assert False, "accepted"
    except UsageError:
        pass


def test_limits_and_accounts_that_make_no_sense_are_the_callers_mistake():
    for make in (
        lambda: ClientLimits(WireLimits(stanza_bytes=4096), out_bytes=4095),
        lambda: ClientLimits(window=0),
        lambda: WireLimits(depth=0),
        lambda: LineProfile(0),
        lambda: Account("anna", "x", "nc"),
        lambda: Account("anna@", "x", "nc"),
        lambda: Account("an na@exchange.test", "x", "nc"),
        lambda: Account("anna@exchange'.test", "x", "nc"),
        lambda: Account("anna@exchange.test", "x", ""),
    ):
        try:
            make()
            assert False, "accepted"
        except UsageError:
            pass


LEGACY_HEADER = d.HEADER.replace(b" version='1.0'", b"")
AUTH = (
    b"<iq type='set' id='auth'><query xmlns='jabber:iq:auth'><username>anna</username>%s<resource>nc</resource>"
    b"</query></iq>"
)


def legacy(line, password=d.PASSWORD):
    return Dialogue(line=line, account=Account(d.OWN, password, "nc", legacy=True))


def test_the_way_in_of_2001_byte_for_byte():
    """XEP-0078, in two flights: the server of then takes nothing behind the login before it has answered."""
    talk = legacy(LineProfile(1_000_000, 100, 10_000, True))
    header = OPEN.replace(b" version='1.0'", b"")
    assert talk.up() == header + AUTH % "<password>pencil &amp; \u00fcnsafe</password>".encode()
    assert talk.server(LEGACY_HEADER) == b"" and not talk.client.online()
    said = talk.server(b"<iq type='result' id='auth'/>")
    assert said.startswith(b"<iq type='get' id='") and b"<presence/>" in said and talk.client.online()
    assert talk.client.session.jid == d.FULL and b"<r " not in said and b"<enable" not in said


def test_on_a_line_that_is_not_trusted_a_digest_goes_instead_of_the_password():
    talk = legacy(LineProfile(1_000_000, 100, 10_000))
    assert talk.up() == OPEN.replace(b" version='1.0'", b"")
    digest = hashlib.sha1(b"s" + d.PASSWORD.encode()).digest().hex().encode()
    assert talk.server(LEGACY_HEADER) == AUTH % (b"<digest>%s</digest>" % digest)
    talk.server(b"<iq type='result' id='auth'/>")
    assert talk.client.online()


def test_what_stops_a_legacy_login():
    error = b"<iq type='error' id='auth'><error %s</error></iq>"
    for words, condition in (
        (error % b"code='401'>Unauthorized", "not-authorized"),
        (error % b"code='409'>Conflict", "conflict"),
        (error % b"type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>", "forbidden"),
        (b"<iq type='error' id='auth'/>", "not-authorized"),
        (d.SUCCESS, "unsupported-stanza-type"),
        (b"<iq type='result' id='other'/>", "unsupported-stanza-type"),
        (d.PLAIN_OFFERED + d.SUCCESS, "unsupported-stanza-type"),  # Prosody offers something there too
    ):
        talk = legacy(LineProfile(1_000_000, 100, 10_000, True))
        talk.up()
        assert talk.server(LEGACY_HEADER + words) == b"" and fault(talk).condition == condition, words
    talk = legacy(LineProfile(1_000_000, 100, 10_000, True), None)
    assert b"iq:auth" not in talk.up() and fault(talk).condition == "password-wanted"


def test_nobody_goes_the_legacy_way_unasked():
    talk = Dialogue()
    talk.up()
    assert talk.server(LEGACY_HEADER) == b"" and fault(talk).condition == "unsupported-version"


def test_a_whole_login_in_one_write_that_is_refused_ends_the_call():
    """There is no way back from a stream that was begun in the stream; the next call asks first."""
    talk = Dialogue()
    talk.client.store.save_note("offer", "sm pipelines 1:PLAIN")
    talk.client.store.save_session("sm-1", 0, d.FULL)
    said = talk.up()
    assert said.count(b"<stream:stream") == 2 and said.count(b"<auth ") == said.count(b"<resume ") == 1
    scram = d.HEADER + d.PLAIN_OFFERED.replace(b"PLAIN", b"SCRAM-SHA-256")
    refusal = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><invalid-mechanism/></failure>"
    assert talk.server(scram + refusal) == b"" and may_retry(fault(talk))
    talk.down()
    assert b"<auth" not in talk.up()


def test_a_flash_that_refuses_the_first_note_is_a_fault_and_no_more():
    flash = MemoryFlash()
    talk = Dialogue(flash=flash)
    flash.read_only = True
    assert talk.up() == b"" and len(talk.values(events.FAULT)) == 1


def test_stream_management_that_is_offered_after_all_is_begun():
    talk = Dialogue()
    talk.client.store.save_note("offer", "1:PLAIN")
    talk.up()
    talk.server(d.HEADER + d.PLAIN_OFFERED)
    talk.server(d.SUCCESS)
    said = talk.server(d.HEADER + d.BIND_OFFERED)
    assert said.count(b"<enable ") == 1
    talk.bind()
    assert talk.client.online() and talk.client.session.acks.active


def test_a_server_cannot_fill_the_flash_with_what_it_offers():
    talk = Dialogue(queue=QueueLimits(512, 3))
    talk.log_in()
    for i in range(200):
        talk.server(d.BIND_OFFERED if i % 2 else d.BIND_OFFERED.replace(b"urn:xmpp:sm:3", b"urn:other"))
    assert len(talk.flash.names()) <= 4 and talk.client.online()


def test_the_legacy_way_is_not_gone_in_clear_where_tls_is_wanted():
    """Streams of 2001 have no STARTTLS: neither the password nor a digest of it leaves, trusted or not."""
    for trusted in (True, False):
        talk = legacy(LineProfile(1_000_000, 100, 10_000, trusted))
        assert talk.up(starttls=True) == b"" and talk.server(LEGACY_HEADER) == b""
        assert talk.values(events.FAULT)[0].condition == "encryption-required"
