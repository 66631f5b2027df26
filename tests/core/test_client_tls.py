"""Logins on lines with TLS: STARTTLS (RFC 6120 §5), tokens (XEP-0484), channel bindings, and passwords not kept."""

import hashlib
from binascii import a2b_base64, b2a_base64

from nocarrier import events
from nocarrier.session.account import Account
from nocarrier.session.errors import AuthError, may_retry
from nocarrier.session.line import LineProfile
from nocarrier.session.pbkdf2 import Pbkdf2, hmac
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue

SECRET = b"WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm"
EXPORTED = b"exported keying material"
CB = (
    b"<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-server-end-point'/>"
    b"<channel-binding type='tls-exporter'/></sasl-channel-binding>"
)
INLINE = (
    b"<inline><sm xmlns='urn:xmpp:sm:3'/><bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline>"
    b"</bind><fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism><mechanism>HT-SHA-256-EXPR</mechanism>"
    b"</fast></inline>"
)
STARTTLS = b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
FAILURE = b"<failure xmlns='urn:xmpp:sasl:2'><%s xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></failure>"
OPEN_LINE = LineProfile(1_000_000, 100, 10_000)


def with_past(**more):
    """A device that knows where the archive ended: what waits for it comes from there, and it may bind by XEP-0386."""
    talk = Dialogue(**more)
    talk.client.store.save_floor("")
    return talk


def offered(*mechanisms, bindings=CB):
    """SASL2 with everything that rides along."""
    names = b"".join([b"<mechanism>%s</mechanism>" % name for name in mechanisms])
    sasl2 = b"<authentication xmlns='urn:xmpp:sasl:2'>%s%s</authentication>" % (names, INLINE)
    return d.HEADER + b"<stream:features>" + sasl2 + bindings + b"</stream:features>"


def success(extra=b"", data=b"", resumed=False):
    enabled = b"<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='sm-1' resume='true'/></bound>"
    session = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='0'/>" if resumed else enabled
    proof = b"<additional-data>%s</additional-data>" % b2a_base64(data).strip() if data else b""
    who = b"<authorization-identifier>%s/nc</authorization-identifier>" % d.OWN.encode()
    return b"<success xmlns='urn:xmpp:sasl:2'>" + proof + who + session + extra + b"</success>"


def token(secret=SECRET):
    return b"<token xmlns='urn:xmpp:fast:0' expiry='2030-01-01T00:00:00Z' token='%s'/>" % secret


def tls():
    return {"tls-exporter": EXPORTED}


def initial(said):
    return a2b_base64(said.split(b"<initial-response>")[1].split(b"<")[0])


def with_token(mechanism="HT-SHA-256-EXPR", **more):
    """A device that has a token, and knows what the server offers."""
    talk = with_past(line=OPEN_LINE, **more)
    talk.up(tls())
    talk.server(offered(b"SCRAM-SHA-256", b"PLAIN"))
    offer = talk.client.session.ladder._proving._offered.text()
    talk.down()
    talk.client.store.save_note("offer", offer)
    talk.client.store.save_note("token", mechanism + " " + SECRET.decode())
    return talk


def scram(talk, said, extra=b"", iterations=4096, final=b""):
    """Plays SCRAM-SHA-256's server for a SASL2 login; returns what the client says to its success."""
    client_first = initial(said).decode()
    gs2, bare = client_first[: client_first.find("n=")], client_first[client_first.find("n=") :]
    server_first = "%sx,s=QSXCR+Q6sek8bf92,i=%d%s" % (bare[bare.find("r=") :], iterations, extra.decode())
    talk.server(b"<challenge xmlns='urn:xmpp:sasl:2'>%s</challenge>" % b2a_base64(server_first.encode()).strip())
    said = b""
    for _ in range(1000):
        said = said or talk.wait(1)
    client_final = a2b_base64(said.split(b">")[1].split(b"<")[0]).decode()
    without_proof = client_final[: client_final.find(",p=")]
    derived = Pbkdf2("SHA-256", d.PASSWORD.encode(), a2b_base64("QSXCR+Q6sek8bf92"), iterations)
    assert derived.work(iterations)
    auth = ",".join((bare, server_first, without_proof)).encode()
    signature = hmac("SHA-256", hmac("SHA-256", derived.key(), b"Server Key"), auth)
    final = final or success(data=b"v=" + b2a_base64(signature).strip())
    return gs2, a2b_base64(without_proof[2 : without_proof.find(",")]), talk.server(final)


def test_starttls_byte_for_byte():
    """One round trip, nothing of the user in it; what is said in clear behind <proceed/> was not said at all."""
    talk = with_past(line=OPEN_LINE)
    talk.client.store.save_note("offer", "inline_bind 2:PLAIN")
    assert talk.up(starttls=True) == (
        b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='exchange.test' "
        b"version='1.0'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
    )
    assert talk.server(d.HEADER + STARTTLS) == b"" and not talk.client.wants_tls()
    injected = d.PLAIN_OFFERED + d.SUCCESS + d.BOUND
    assert talk.server(PROCEED + injected) == b"" and talk.client.wants_tls()
    assert talk.server(injected) == b"" and talk.client.wants_tls() and talk.client.deadline_ms() is None
    said = talk.up(tls())
    assert said.startswith(b"<stream:stream ") and b" from='anna@exchange.test' to='exchange.test'" in said
    assert b"PLAIN" in said and not talk.client.wants_tls()  # under TLS what was known before is offered ahead


def test_starttls_that_was_stripped_ends_the_call():
    """CVE-2016-10027: whoever wants TLS says nothing without it."""
    for words, condition in (
        (d.HEADER + d.PLAIN_OFFERED, "encryption-required"),
        (d.HEADER + offered(b"SCRAM-SHA-256")[len(d.HEADER) :], "encryption-required"),
        (d.HEADER + STARTTLS + b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "encryption-required"),
        (d.HEADER + STARTTLS + d.SUCCESS, "unsupported-stanza-type"),
        (d.HEADER + PROCEED, "unsupported-stanza-type"),
        (d.HEADER + STARTTLS + b"<iq type='result' id='bind'/>", "unsupported-stanza-type"),
    ):
        talk = with_past(line=LineProfile(1_000_000, 100, 10_000, True))
        talk.up(starttls=True)
        assert talk.server(words) == b"" and not talk.client.wants_tls()
        assert talk.values(events.FAULT)[0].condition == condition, words


def test_a_token_is_asked_for_and_kept():
    talk = with_past(line=OPEN_LINE)
    talk.up(tls())
    said = talk.server(offered(b"SCRAM-SHA-256", b"PLAIN"))
    assert b"<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-EXPR'/>" in said and b"SCRAM-SHA-256" in said
    scram(talk, said)
    assert talk.client.online() and talk.client.store.notes.get("token", "") == ""  # the server gave none
    talk.client.log_out()
    talk.said()
    talk.down()
    said = talk.up(tls()) + talk.server(offered(b"PLAIN"))
    assert b"<request-token" in said
    talk.down()
    talk.client.accept_offer()
    talk.up(tls())
    talk.server(offered(b"PLAIN") + success(token()))
    assert talk.client.online()
    assert talk.client.store.notes.get("token", "") == "HT-SHA-256-EXPR " + SECRET.decode()


def test_a_token_needs_one_flight_and_proves_the_server():
    """XEP-0484 §4.3, the hash with what only the two ends of this TLS know (RFC 9266)."""
    talk = with_token()
    said = talk.up(tls())
    assert b"mechanism='HT-SHA-256-EXPR'" in said and b"<fast xmlns='urn:xmpp:fast:0'/>" in said
    assert b"<request-token" not in said and said.endswith(b"<presence/>")
    proof = hmac("SHA-256", SECRET, b"Initiator" + EXPORTED)
    assert initial(said) == b"anna\0" + proof
    answer = hmac("SHA-256", SECRET, b"Responder" + EXPORTED)
    talk.server(offered(b"SCRAM-SHA-256", b"PLAIN") + success(data=answer))
    assert talk.client.online()
    impostor = with_token()
    impostor.up(tls())
    impostor.server(offered(b"SCRAM-SHA-256", b"PLAIN") + success(data=hmac("SHA-256", b"guess", b"Responder")))
    assert impostor.values(events.FAULT)[0].condition == "not-authorized" and not impostor.client.online()


def test_a_new_token_is_kept_at_once_and_the_old_one_until_then():
    """Rotation: the server keeps both until the new one is used, so that the new one may be lost on its way."""
    talk = with_token()
    talk.up(tls())  # the line drops before the answer
    talk.down()
    assert initial(talk.up(tls())).startswith(b"anna\0")
    answer = hmac("SHA-256", SECRET, b"Responder" + EXPORTED)
    talk.server(offered(b"SCRAM-SHA-256", b"PLAIN") + success(token(b"new-secret"), answer))
    assert talk.client.store.notes.get("token", "") == "HT-SHA-256-EXPR new-secret"
    for bad in (b"", b"two words", b"x" * 257, "ä".encode()):
        talk.down()
        talk.client.store.save_note("token", "HT-SHA-256-EXPR " + SECRET.decode())
        talk.client.log_out()
        talk.up(tls())
        talk.server(offered(b"SCRAM-SHA-256", b"PLAIN") + success(token(bad), answer))
        assert talk.client.store.notes.get("token", "") == "HT-SHA-256-EXPR " + SECRET.decode()


def test_a_token_that_is_refused_is_forgotten_and_the_password_goes_on():
    """Expired, or the device was thrown out: with a session to resume on the same stream, else with the next call."""
    talk = with_token()
    talk.client.store.save_session("sm-1", 0, d.FULL)
    said = talk.up(tls())
    assert b"<resume " in said and b"HT-SHA-256-EXPR" in said and b"<iq" not in said
    said = talk.server(offered(b"SCRAM-SHA-256") + FAILURE % b"credentials-expired")
    assert b"mechanism='SCRAM-SHA-256'" in said and b"<request-token" in said and b"<resume " in said
    talk.down()
    assert talk.client.store.notes.get("token", "") == ""
    talk = with_token()
    assert talk.up(tls()).endswith(b"<presence/>")
    talk.server(offered(b"SCRAM-SHA-256") + FAILURE % b"not-authorized")
    assert may_retry(talk.values(events.FAULT)[0])
    talk.down()
    assert talk.client.store.notes.get("token", "") == ""
    talk.up(tls())
    assert b"mechanism='SCRAM-SHA-256'" in talk.server(offered(b"SCRAM-SHA-256"))


def test_no_token_crosses_a_line_without_verified_tls():
    for line in (OPEN_LINE, LineProfile(1_000_000, 100, 10_000, True)):
        talk = with_token()
        talk.line = line
        talk.reboot()
        said = talk.up()
        said += talk.server(offered(b"SCRAM-SHA-256", b"PLAIN"))
        assert b"HT-SHA" not in said and b"fast" not in said and SECRET not in said
        assert (b"mechanism='PLAIN'" in said) == line.trusted


def test_channel_binding():
    """RFC 5802 §6, RFC 9266: the GS2 header names it, and its data is in what both ends sign."""
    talk = with_past(line=OPEN_LINE)
    talk.up(tls())
    said = talk.server(offered(b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256"))
    assert b"mechanism='SCRAM-SHA-256-PLUS'" in said
    gs2, sent, _ = scram(talk, said)
    assert gs2 == "p=tls-exporter,," and sent == gs2.encode() + EXPORTED and talk.client.online()


def test_the_server_is_told_that_we_could_have_bound_the_channel():
    """RFC 5802 §6 and XEP-0440 §4: "y" only if we can and the server offers nothing of it; else it would refuse us."""
    for link, bindings, gs2 in (
        (tls(), b"", "y,,"),
        (tls(), CB, "n,,"),  # it offers types, but this mechanism does not bind
        ({}, b"", "n,,"),
        (None, b"", "n,,"),
    ):
        talk = with_past(line=OPEN_LINE)
        talk.up(link)
        said = talk.server(offered(b"SCRAM-SHA-256", bindings=bindings))
        got, sent, _ = scram(talk, said)
        assert got == gs2 and sent == gs2.encode() and talk.client.online()


def test_a_list_of_mechanisms_that_was_changed_on_its_way_is_noticed():
    """XEP-0474: the hash over what the server has offered is in what the password signs."""
    full = b"SCRAM-SHA-1\x1eSCRAM-SHA-256\x1eSCRAM-SHA-256-PLUS\x1ftls-exporter\x1etls-server-end-point"
    stripped = b"SCRAM-SHA-256\x1ftls-exporter\x1etls-server-end-point"
    for listed, names, online in (
        (full, (b"SCRAM-SHA-256", b"SCRAM-SHA-1", b"SCRAM-SHA-256-PLUS"), True),
        (full, (b"SCRAM-SHA-256",), False),
        (stripped, (b"SCRAM-SHA-256",), True),
    ):
        talk = with_past(line=OPEN_LINE)
        talk.up({})
        said = talk.server(offered(*names))
        h = b",h=" + b2a_base64(hashlib.sha256(listed).digest()).strip()
        if online:
            scram(talk, said, h)
            assert talk.client.online()
        else:
            first = initial(said)[3:].decode()
            server_first = first[first.find("r=") :].encode() + b"x,s=QSXCR+Q6sek8bf92,i=4096" + h
            challenge = b2a_base64(server_first).strip()
            assert talk.server(b"<challenge xmlns='urn:xmpp:sasl:2'>%s</challenge>" % challenge) == b""
            assert talk.values(events.FAULT)[0].condition == "mechanism-too-weak"


def test_a_password_that_is_not_kept_is_asked_for_only_when_it_is_needed():
    account = Account(d.OWN, None, "nc")
    talk = with_token(account=account)
    assert b"HT-SHA-256-EXPR" in talk.up(tls())  # a token does
    talk = with_past(line=LineProfile(1_000_000, 100, 10_000, True), account=account)
    talk.up()
    talk.server(d.HEADER + d.PLAIN_OFFERED)
    fault = talk.values(events.FAULT)[0]
    assert isinstance(fault, AuthError) and fault.condition == "password-wanted" and not may_retry(fault)
    talk = with_past(line=OPEN_LINE, account=account)
    talk.up(tls())
    said = talk.server(offered(b"SCRAM-SHA-256"))
    first = initial(said).decode()
    server_first = first[first.find("r=") :] + "x,s=QSXCR+Q6sek8bf92,i=4096"
    talk.server(b"<challenge xmlns='urn:xmpp:sasl:2'>%s</challenge>" % b2a_base64(server_first.encode()).strip())
    assert talk.values(events.FAULT)[0].condition == "password-wanted"


def test_the_user_may_prefer_the_quickest_way_under_tls():
    for quick, mechanism in ((True, b"PLAIN"), (False, b"SCRAM-SHA-256")):
        talk = with_past(line=OPEN_LINE, account=Account(d.OWN, d.PASSWORD, "nc", quick))
        talk.up({})
        assert b"mechanism='%s'" % mechanism in talk.server(offered(b"SCRAM-SHA-256", b"PLAIN"))
    talk = with_past(line=OPEN_LINE, account=Account(d.OWN, d.PASSWORD, "nc", True))
    talk.up()
    assert b"PLAIN'" not in talk.server(offered(b"SCRAM-SHA-256", b"PLAIN"))


def test_nothing_said_in_clear_before_starttls_reaches_a_login_of_before():
    """Who injects a refusal there must not make the device forget its token."""
    talk = with_token()
    talk.up(tls())
    talk.down()
    talk.up(starttls=True)
    talk.server(d.HEADER + FAILURE % b"credentials-expired")
    talk.down()
    assert talk.client.store.notes["token"]


def test_a_refused_token_costs_no_later_login_its_speed():
    talk = with_token()
    talk.up(tls())
    talk.server(offered(b"SCRAM-SHA-256", b"PLAIN") + FAILURE % b"credentials-expired")
    talk.down()
    talk.up(tls())
    scram(talk, talk.server(offered(b"SCRAM-SHA-256", b"PLAIN")))
    assert talk.client.online()
    talk.client.log_out()
    talk.down()
    assert b"<authenticate" in talk.up(tls())


def test_what_an_open_line_offers_is_no_promise_for_tls():
    """Anybody may have written it: it must not stop a login later on."""
    talk = with_past(line=OPEN_LINE)
    talk.up()
    scram(talk, talk.server(offered(b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256")))
    talk.client.log_out()
    talk.down()
    said = talk.up(tls())
    assert b"mechanism='SCRAM-SHA-256'" in said
    talk.server(offered(b"SCRAM-SHA-256", bindings=b""))
    assert not talk.values(events.FAULT)


def test_another_word_on_channel_binding_is_another_login():
    """Ahead it was said that the server binds no channel; it does by now, and refuses what may be an attack."""
    talk = with_past(line=OPEN_LINE)
    talk.client.store.save_note("offer", "inline_bind 2:SCRAM-SHA-256")
    link = {"tls-server-end-point": b"x"}
    assert initial(talk.up(link)).startswith(b"y,,")
    types = CB.replace(b"<channel-binding type='tls-server-end-point'/>", b"")
    talk.server(offered(b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256", bindings=types))
    assert initial(talk.server(FAILURE % b"not-authorized")).startswith(b"n,,")


def test_a_kept_key_does_where_the_password_is_not_kept():
    account = Account(d.OWN, None, "nc")
    talk = with_past(line=LineProfile(1_000_000, 100, 10_000, True), account=account)
    talk.up()
    assert b"mechanism='SCRAM-SHA-256'" in talk.server(offered(b"PLAIN", b"SCRAM-SHA-256"))
