"""Under which address a session is bound while messages are in doubt: only the same one surely ends the old stream."""

from nocarrier.queue import records
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.sasl2 import BOUND, PLAIN, SUCCESS
from nocarrier_emulator.stanzas import fin, look_again


def with_a_doubt(resource):
    """Bound under that resource; a message is unacknowledged, and its session is not to be resumed."""
    talk = Dialogue()
    talk.client.store.save_floor("arch-1")
    said = talk.up() + talk.server(d.HEADER + PLAIN)
    said += talk.server((SUCCESS % (BOUND % 1)).replace(b"/nc<", b"/%s<" % resource))
    request = talk.id_of(said, b"mam:2")
    talk.server(d.ROSTER % talk.id_of(said, b"jabber:iq:roster") + fin(request, b"arch-1"))
    talk.client.send_message(d.PEER, "in doubt")
    assert b"in doubt" in talk.said()
    talk.down()
    talk.client.store.end_session()
    return talk


def settled(talk, said):
    """The archive does not have it; returns its flags when it has gone again."""
    said += talk.server(fin(talk.id_of(said, b"mam:2"), b"arch-1"))
    if b"in doubt" not in said:
        said = look_again(talk)
    assert b"in doubt" in said
    return talk.client.store.history(d.PEER, 1)[0].flags


def test_an_address_of_rfc_6120_is_bound_as_it_was_while_there_are_doubts():
    """XEP-0386 §5 lets the server choose another one, and the old stream would live on."""
    talk = with_a_doubt(b"nc")
    said = talk.up() + talk.server(d.HEADER + PLAIN)
    assert b"<authenticate" in said and b"urn:xmpp:bind:0" not in said
    said = talk.server(SUCCESS % b"" + d.BIND_OFFERED) + talk.bind()
    assert settled(talk, said) == 0
    talk.server(b"<a xmlns='urn:xmpp:sm:3' h='%d'/>" % talk.client.session.acks.sent)
    talk.down()
    talk.client.store.end_session()
    assert b"urn:xmpp:bind:0" in talk.up()  # without doubts the shorter way


def test_under_another_address_the_old_stream_may_still_deliver():
    for again, flags in ((b"nc.1", 0), (b"nc.2", records.MAY_ARRIVE_TWICE)):
        talk = with_a_doubt(b"nc.1")
        said = talk.up() + talk.server(d.HEADER + PLAIN)
        assert b"urn:xmpp:bind:0" in said
        said += talk.server((SUCCESS % (BOUND % 2)).replace(b"/nc<", b"/%s<" % again))
        assert settled(talk, said) == flags, again
