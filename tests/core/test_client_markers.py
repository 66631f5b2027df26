"""What was read, both ways (XEP-0333): if the account wants it, among contacts, each for the own messages only."""

from nocarrier import events
from nocarrier.queue import states
from nocarrier.session.account import Account
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.stanzas import sent

ACK = b"<a xmlns='urn:xmpp:sm:3' h='%d'/>"
DISPLAYED = b"<displayed xmlns='urn:xmpp:chat-markers:0' id='%s'/>"
MARKABLE = b"<markable xmlns='urn:xmpp:chat-markers:0'/>"


def online(markers=True):
    talk = Dialogue(account=Account(d.OWN, d.PASSWORD, "nc", markers=markers))
    talk.log_in("arch-1")
    talk.server(ACK % 3)
    return talk


def message(message_id, extra=MARKABLE, sender=d.PEER):
    return b"<message from='%s/p' type='chat' id='%s'><body>hello</body>%s</message>" % (
        sender.encode(), message_id, extra,
    )  # fmt: skip


def marked(talk, sender, what):
    return talk.server(b"<message from='%s/p' type='chat' id='x'>%s</message>" % (sender, what))


def test_a_displayed_marker_makes_the_message_read():
    talk = online()
    for body in ("one", "two"):
        talk.client.send_message(d.PEER, body)
    said = talk.said()
    assert said.count(MARKABLE) == 2
    ids = [one for one, _ in sent(said)]
    talk.server(ACK % 5)
    marked(talk, b"eve@exchange.test", DISPLAYED % ids[1])
    assert states.READ not in [state for _, state in talk.values(events.STATE)]
    marked(talk, d.PEER.encode(), DISPLAYED % ids[1])
    # Of the first one nothing was said, and nothing is concluded.
    assert [item.state for item in talk.client.store.history(d.PEER, 9)] == [states.ON_SERVER, states.READ]
    marked(talk, d.PEER.encode(), b"<received xmlns='urn:xmpp:receipts' id='%s'/>" % ids[0])
    marked(talk, d.PEER.encode(), DISPLAYED % ids[0])
    talk.reboot()
    assert [item.state for item in talk.client.store.history(d.PEER, 9)] == [states.READ, states.READ]


def test_what_the_user_has_seen_is_told_once_to_a_contact_that_asks():
    talk = online()
    talk.server(message(b"m1") + message(b"m2") + message(b"m3", b""))
    talk.client.mark_seen(d.PEER)
    said = talk.said()
    assert said.count(b"<displayed") == 1 and DISPLAYED % b"m2" in said and b"to='%s'" % d.PEER.encode() in said
    talk.client.mark_seen(d.PEER)
    assert talk.said() == b""


def test_nobody_else_hears_of_it():
    talk = online()
    talk.server(message(b"m1", b""))
    talk.client.mark_seen(d.PEER)
    talk.server(message(b"m2", sender="eve@exchange.test"))
    talk.client.mark_seen("eve@exchange.test")
    assert b"<displayed" not in talk.said()
    talk.server(message(b"m3"))
    talk.down()
    talk.client.mark_seen(d.PEER)
    assert b"<displayed" not in talk.resume(3) and not talk.client.store.talks.unseen(d.PEER)


def test_an_account_that_does_not_want_markers_neither_asks_nor_tells():
    talk = online(False)
    talk.client.send_message(d.PEER, "one")
    assert MARKABLE not in talk.said()
    talk.server(message(b"m1"))
    talk.client.mark_seen(d.PEER)
    assert b"<displayed" not in talk.said() and not talk.client.store.talks.unseen(d.PEER)
