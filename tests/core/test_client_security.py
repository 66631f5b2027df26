"""The known flaws of XMPP clients, each as an attack that must fail: a stranger's word about others is not believed."""

from nocarrier import events
from nocarrier.queue import states
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue

ROSTER_SET = (
    b"<iq%s type='set' id='p1'><query xmlns='jabber:iq:roster'><item jid='eve@evil.test' subscription='both'/></query>"
    b"</iq>"
)
STRANGERS = ("eve@evil.test", "eve@evil.test/x", d.PEER, d.PEER + "/phone", "exchange.test", d.OWN + ".evil.test")


def online():
    talk = Dialogue()
    talk.log_in("arch-1")
    talk.server(b"<a xmlns='urn:xmpp:sm:3' h='3'/>")
    talk.events = []
    return talk


def test_roster_pushes_count_only_from_the_own_account():
    """CVE-2015-8688, CVE-2014-0364, CVE-2019-16236; RFC 6121 §2.1.6."""
    for sender in STRANGERS:
        talk = online()
        said = talk.server(ROSTER_SET % (b" from='%s'" % sender.encode()))
        assert talk.client.roster.find("eve@evil.test") is None and events.ROSTER not in talk.kinds(), sender
        assert b"type='error'" in said, sender
    for sender in (b"", b" from='anna@exchange.test'"):
        talk = online()
        assert b"<iq type='result' id='p1'/>" in talk.server(ROSTER_SET % sender)
        assert talk.client.roster.find("eve@evil.test") is not None


def test_answers_count_only_from_whom_was_asked():
    """jdev, January 2014; RFC 6120 §8.1.2.1."""
    for sender in STRANGERS:
        talk = Dialogue()
        said = talk.authenticate() + talk.bind()
        forged = (d.ROSTER % talk.id_of(said, b"jabber:iq:roster")).replace(
            b"<iq ", b"<iq from='%s' " % sender.encode()
        )
        talk.server(forged)
        assert not talk.client.roster.known and talk.client.roster.contacts() == [], sender


def test_ids_are_not_reused_and_not_counted_up():
    seen = []
    for _ in range(3):
        talk = online()
        for i in range(3):
            talk.client.send_message(d.PEER, "m%d" % i)
        seen.append(talk.said())
    # The entropy of the test counts; in life it is the board's. What matters is that every id asks it.
    tokens = [part.split(b"'")[0].split(b"-")[1] for part in seen[0].split(b"type='chat' id='")[1:]]
    assert len(set(tokens)) == 3 and min([len(token) for token in tokens]) >= 8


def archive_result(query, sender):
    return (
        b"<message from='%s'><result xmlns='urn:xmpp:mam:2' queryid='%s' id='arch-9'>"
        b"<forwarded xmlns='urn:xmpp:forward:0'>"
        b"<message xmlns='jabber:client' from='bert@exchange.test/p' type='chat' id='f1'><body>forged</body></message>"
        b"</forwarded></result></message>"
    ) % (sender, query)


def test_archive_entries_count_only_from_the_own_archive_and_for_the_open_query():
    """CVE-2019-16237, CVE-2020-26547; XEP-0313 §8."""
    for sender in STRANGERS:
        talk = Dialogue()
        talk.log_in("arch-1")
        talk.down()
        talk.authenticate()
        talk.server(b"<failed xmlns='urn:xmpp:sm:3' h='3'/>")
        said = talk.bind()
        query = said.split(b"queryid='")[1].split(b"'")[0]
        talk.server(archive_result(query, sender.encode()))
        talk.server(archive_result(b"guessed", d.OWN.encode()))
        assert talk.values(events.MESSAGE) == [], sender
        # Nor does a forged end of the page count (the archive's own would).
        fin = d.LAST_PAGE % (talk.id_of(said, b"mam:2"), b"")
        talk.server(fin.replace(b"<iq ", b"<iq from='%s' " % sender.encode()))
        talk.server(archive_result(query, d.OWN.encode()))
        assert [m.body for m in talk.values(events.MESSAGE)] == ["forged"], sender
    talk = online()
    talk.server(archive_result(b"", d.OWN.encode()))  # nothing was asked
    assert talk.values(events.MESSAGE) == []


def test_carbons_are_not_taken_from_anybody():
    """CVE-2017-5589 and its relatives; XEP-0280 §11. Carbons are never asked for, so none is believed."""
    for direction in (b"received", b"sent"):
        for sender in STRANGERS + (d.OWN,):
            talk = online()
            talk.server(
                b"<message from='%s' type='chat'><%s xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
                b"<message xmlns='jabber:client' from='bert@exchange.test/p' type='chat'><body>forged</body></message>"
                b"</forwarded></%s></message>" % (sender.encode(), direction, direction)
            )
            assert talk.values(events.MESSAGE) == [], sender


def test_receipts_count_only_from_the_recipient():
    """XEP-0184 §8, XEP-0359 §5."""
    talk = online()
    talk.client.send_message(d.PEER, "hello")
    message_id = talk.said().split(b" id='")[1].split(b"'")[0]
    talk.server(b"<a xmlns='urn:xmpp:sm:3' h='4'/>")
    receipt = b"<message from='%s'><received xmlns='urn:xmpp:receipts' id='%s'/></message>"
    for sender in STRANGERS:
        if not sender.startswith(d.PEER):
            talk.server(receipt % (sender.encode(), message_id))
    talk.server(receipt % (d.PEER.encode(), b"1-guessed"))
    assert talk.values(events.STATE)[-1] == (1, states.ON_SERVER)
    talk.server(receipt % (d.PEER.encode(), message_id))
    assert talk.values(events.STATE)[-1] == (1, states.DELIVERED)


def test_no_command_is_open_to_anybody():
    """CVE-2016-10376: remote control by a contact."""
    for payload in (
        b"<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/rc#set-status'/>",
        b"<query xmlns='jabber:iq:roster'/>",
        b"<query xmlns='jabber:iq:last'/>",
        b"<query xmlns='jabber:iq:version'/>",
    ):
        said = online().server(b"<iq from='bert@exchange.test/p' type='get' id='c1'>%s</iq>" % payload)
        assert b"type='error'" in said and b"<service-unavailable " in said and b"id='c1'" in said, payload


def test_pings_are_answered_and_floods_of_requests_are_not():
    ping = b"<iq from='bert@exchange.test/p' type='get' id='%d'><ping xmlns='urn:xmpp:ping'/></iq>"
    said = online().server(ping % 7)
    assert b"<iq to='bert@exchange.test/p' id='7' type='result'/>" in said
    talk = online()
    # A line so slow that nothing leaves meanwhile: what waits stays bounded.
    talk.line.rate_bps = 10
    for i in range(100):
        talk.client.receive(ping % i, talk.now_ms)
    assert len(talk.client._sender._posts) <= 8


def test_an_answer_that_would_be_longer_than_the_limit_is_not_given():
    talk = online()
    long_id = b"'" * 150  # each of them would be written as six
    request = b'<iq from="%s@x/%s" type="get" id="%s"><x xmlns="u"/></iq>' % (long_id, long_id, long_id * 3)
    assert b"<iq" not in talk.server(request) and talk.values(events.FAULT) == []
    assert b"id='ok'" in talk.server(b"<iq from='b@x/y' type='get' id='ok'><x xmlns='u'/></iq>")


def test_entity_bombs_and_tricks_of_encoding_end_the_stream():
    """CVE-2011-1753, CVE-2022-25313, CVE-2022-25235, CVE-2022-25236: refused, never repaired."""
    for attack, condition in (
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>", "restricted-xml"),
        (b"<message><body>&a;</body></message>", "restricted-xml"),
        (b"<message><body>\xed\xa0\x80</body></message>", "not-well-formed"),
        (b"<mess\xc3age/>", "not-well-formed"),
        (b"<message xmlns='jabber:client\xe2'/>", "not-well-formed"),
        (b"<a>" * 100, "policy-violation"),
    ):
        talk = online()
        talk.server(attack)
        assert talk.values(events.FAULT)[0].condition == condition, attack


def test_a_stanza_cannot_be_smuggled_through_a_namespace():
    """CVE-2022-22784: what is not in jabber:client is no stanza."""
    for smuggled in (
        b"<message xmlns='jabber:client evil'><body>x</body></message>",
        b"<x:message xmlns:x='u' from='bert@exchange.test'><body xmlns='jabber:client'>x</body></x:message>",
    ):
        talk = online()
        talk.server(smuggled)
        assert talk.values(events.MESSAGE) == [] and talk.values(events.FAULT), smuggled
