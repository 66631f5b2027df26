"""What a server or a stranger may send without breaking anything: each of these has once broken something."""

from binascii import a2b_base64, b2a_base64

from nocarrier import events
from nocarrier.errors import PeerError, UsageError
from nocarrier.session.account import Account
from nocarrier.session.errors import may_retry
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import archived, fin, message, new_session, online, query_in, shown

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
ASK = b"<r xmlns='urn:xmpp:sm:3'/>"
RESUMED = b"<resumed xmlns='urn:xmpp:sm:3' previd='sm-1' h='%d'/>"


def test_a_message_from_before_1970_or_after_2106():
    for stamp in (b"1970-01-01T00:00:00+01:00", b"2105-12-31T23:59:59-99:00", b"1969-12-31T00:00:00Z"):
        talk = online()
        talk.server(message(b"old", b"m", b"<delay xmlns='urn:xmpp:delay' stamp='%s'/>" % stamp))
        assert shown(talk) == ["old"] and 0 <= talk.values(events.MESSAGE)[0].utc_s <= 0xFFFFFFFF


def test_a_text_of_nothing_but_references_fits_into_memory():
    talk = online()
    talk.server(message(b"&#65;" * 380, b"m"))
    assert shown(talk) == ["A" * 380]


def test_a_session_id_that_does_not_fit_on_flash():
    talk = Dialogue()
    talk.authenticate()
    talk.server(d.BOUND + b"<enabled xmlns='urn:xmpp:sm:3' id='%s' resume='true'/>" % (b"i" * 300))
    assert talk.client.online() and talk.client.store.sm_id == ""


def test_archive_ids_that_do_not_fit_on_flash():
    talk = online()
    request, query, _ = query_in(new_session(talk))
    talk.server(archived(query, b"i" * 300, d.PEER + "/p", b"m2", b"two"))
    talk.server(fin(request, b"&gt;" * 300, False))
    talk.server(message(b"three", b"m3"))
    assert shown(talk) == ["two", "three"] and talk.values(events.FAULT) == []
    talk.down()
    talk.reboot()
    assert talk.client.store.cursor == "" and talk.authenticate()


def test_a_message_from_a_long_address_is_kept():
    talk = online()
    talk.server(message(b"hello", b"m", b"", b"bert@exchange.test/" + b"r" * 300))
    assert talk.values(events.MESSAGE)[0].sender == d.PEER


def test_a_challenge_too_long_to_answer_ends_the_login_and_not_the_device():
    talk = Dialogue()
    talk.up()
    said = talk.server(d.HEADER + d.PLAIN_OFFERED.replace(b"PLAIN", b"SCRAM-SHA-256"))
    nonce = a2b_base64(said.split(b">")[1].split(b"<")[0]).split(b"r=")[1]
    challenge = b2a_base64(b"r=%s%s,s=QUFB,i=4096" % (nonce, b"x" * 1420)).strip()
    talk.server(b"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%s</challenge>" % challenge)
    assert talk.values(events.FAULT)[0].condition == "malformed-request"


def test_answers_to_strangers_survive_a_resumption_whatever_their_size():
    talk = online()
    asks = b"<iq from='mallory@x/%s' type='get' id='%s'><x xmlns='u'/></iq>" % (b"r" * 120, b"i" * 120)
    for _ in range(5):
        talk.server(asks)
    talk.down()
    said = talk.resume(3)
    assert talk.values(events.FAULT) == [] and said.count(b"type='error'") >= 1
    said += talk.server(ACK % talk.client.session.acks.sent)
    assert said.count(b"type='error'") == 5


def test_what_is_too_large_gets_no_receipt():
    talk = online()
    talk.client.store.limits.body_bytes = 100
    said = talk.server(message(b"x" * 200, b"m", b"<request xmlns='urn:xmpp:receipts'/>"))
    assert b"<received" not in said and shown(talk) == ["too large (200 bytes)"]


def test_only_chat_messages_leave_a_notice():
    for kind in (b"headline", b"groupchat", b"error"):
        talk = online()
        talk.server(b"<message from='bert@exchange.test' type='%s'><body>%s</body></message>" % (kind, b"x" * 2100))
        assert shown(talk) == [] and talk.values(events.FAULT) == []
        del talk  # two at once would be too much for 64 KB


def test_only_stanzas_count():
    talk = online()
    handled = talk.client.session.acks.handled
    talk.server(b"<x xmlns='urn:x'>" + b"x" * 2100 + b"</x>")
    assert talk.values(events.FAULT) and talk.client.session.acks.handled == handled


def test_faults_that_pass_are_tried_again():
    talk = Dialogue()
    talk.up()
    talk.server(d.HEADER + d.PLAIN_OFFERED)
    talk.server(b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><temporary-auth-failure/></failure>")
    assert may_retry(talk.values(events.FAULT)[0])
    talk = Dialogue()
    talk.authenticate()
    talk.server(b"<iq type='error' id='bind'><error type='wait'/></iq>")
    assert isinstance(talk.values(events.FAULT)[0], PeerError) and may_retry(talk.values(events.FAULT)[0])


def test_accounts_and_texts_with_half_a_letter_or_control_characters_are_refused():
    for make in (
        lambda: Account("anna@exchange.test", "pass\nword", "nc"),
        lambda: Account("anna@exchange.test", "\ud800", "nc"),
        lambda: Account("\ud800@exchange.test", "x", "nc"),
        lambda: online().client.send_message("\ud800@x", "hello"),
    ):
        try:
            make()
            assert False, "accepted"
        except UsageError:
            pass
