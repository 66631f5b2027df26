"""Copies of what other devices of the account send and get (XEP-0280): once, on the right side, from nobody else."""

from nocarrier import events
from nocarrier.session.account import Account
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import STANZA_ID, message, shown


def online(carbons=True):
    talk = Dialogue(account=Account(d.OWN, d.PASSWORD, "nc", carbons=carbons))
    said = talk.authenticate() + talk.bind()
    talk.server(d.ROSTER % talk.id_of(said, b"jabber:iq:roster") + d.LAST_PAGE % (talk.id_of(said, b"mam:2"), b""))
    return talk, said


def copy(which, inner, sender=d.OWN):
    return (
        b"<message from='%s' to='%s'><%s xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>%s"
        b"</forwarded></%s></message>"
    ) % (sender.encode(), d.FULL.encode(), which, inner, which)  # fmt: skip


def chat(sender, to, message_id, body, extra=b""):
    return (
        b"<message xmlns='jabber:client' from='%s' to='%s' type='chat' id='%s'><body>%s</body>"
        b"<request xmlns='urn:xmpp:receipts'/>%s</message>"
    ) % (sender.encode(), to.encode(), message_id, body, extra)


def lines(talk):
    return [(item.body, item.incoming) for item in talk.client.store.history(d.PEER, 9)]


def test_they_are_asked_for_only_if_the_account_wants_them():
    assert b"<enable xmlns='urn:xmpp:carbons:2'/>" in online()[1]
    assert b"urn:xmpp:carbons:2" not in online(False)[1]


def test_what_was_sent_and_got_elsewhere_is_in_the_conversation_once_and_gets_no_receipt():
    talk, _ = online()
    sent = copy(b"sent", chat(d.OWN + "/desk", d.PEER + "/p", b"m1", b"mine", STANZA_ID % b"a1"))
    got = copy(b"received", chat(d.PEER + "/p", d.OWN + "/desk", b"m2", b"answer", STANZA_ID % b"a2"))
    said = talk.server(sent + got)
    assert b"urn:xmpp:receipts" not in said
    assert lines(talk) == [("mine", False), ("answer", True)] and talk.client.store.cursor == "a2"
    assert talk.client.store.talks.unseen(d.PEER) == 1
    talk.server(sent + got + message(b"answer", b"m2", STANZA_ID % b"a2"))
    assert len(lines(talk)) == 2


def test_nobody_else_is_believed():
    talk, _ = online()
    for sender in (d.PEER, d.PEER + "/p", "exchange.test", d.OWN + "/desk", d.OWN + ".evil"):
        talk.server(copy(b"sent", chat(d.OWN + "/desk", d.PEER, b"m1", b"forged"), sender))
        talk.server(copy(b"received", chat(d.PEER, d.OWN, b"m2", b"forged"), sender))
    assert lines(talk) == [] and talk.values(events.MESSAGE) == []


def test_without_them_a_copy_says_nothing():
    talk, _ = online(False)
    talk.server(copy(b"received", chat(d.PEER + "/p", d.OWN + "/desk", b"m2", b"copy")))
    assert shown(talk) == []


def test_copies_without_a_text_or_an_address_are_nothing():
    talk, _ = online()
    for inner in (
        b"<message xmlns='jabber:client' from='%s' type='chat'><body>nowhere</body></message>" % d.OWN.encode(),
        b"<message xmlns='jabber:client' from='%s' to='%s' type='chat'/>" % (d.OWN.encode(), d.PEER.encode()),
        b"<message xmlns='jabber:client' from='%s' to='%s' type='groupchat'><body>room</body></message>"
        % (d.OWN.encode(), d.PEER.encode()),
    ):
        talk.server(copy(b"sent", inner))
    assert talk.values(events.MESSAGE) == []
