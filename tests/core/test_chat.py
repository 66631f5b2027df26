"""Addresses, the roster, times, requests and message keys: the small parts of chat/."""

from nocarrier import ns
from nocarrier.chat.iq import IqTracker
from nocarrier.chat.messages import delay_s, incoming, parse_utc
from nocarrier.chat.roster import Roster
from nocarrier.errors import UsageError
from nocarrier.jid import bare, checked
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.store import Store
from nocarrier.wire.element import Element
from nocarrier_emulator.flash import MemoryFlash
from nocarrier_emulator.stanzas import as_read

OWN = "anna@exchange.test"


def test_addresses_are_folded_and_checked():
    for text, jid in (
        ("Bert@Exchange.TEST", "bert@exchange.test"),
        ("  b@x ", "b@x"),
        ("ünder@x", "ünder@x"),
        ("b@[::1]", "b@[::1]"),
        ("a" * 250 + "@x.y", "a" * 250 + "@x.y"),
    ):
        assert checked(text) == jid
    for text in (
        "", "b", "@x", "b@", "b@@x", "b@x@y", "b@x/r", 'b"@x', "b&@x", "b'@x", "b/c@x", "b:c@x", "b<@x", "b>@x",
        "b c@x", "b\x00@x", "b\x7f@x", "b@x y", "b@x'y", "b@x\ny", "a" * 252 + "@x.y",
    ):  # fmt: skip
        try:
            checked(text)
            assert False, text
        except UsageError:
            pass
    assert bare("b@x/r/s") == "b@x" and bare("b@x") == "b@x"


def item(jid, name=None, subscription="both"):
    return Element("item", ns.ROSTER, ("jid", jid, "name", name, "subscription", subscription))


def roster_with(*items, contacts=100):
    roster = Roster(OWN, Store(MemoryFlash(), QueueLimits()), contacts)
    roster.replace(as_read(Element("query", ns.ROSTER, (), items)))
    return roster


def presence(sender, kind=None, show=None, status=None):
    children = []
    for name, text in (("show", show), ("status", status)):
        if text is not None:
            children.append(Element(name, ns.CLIENT, (), [text]))
    return as_read(Element("presence", ns.CLIENT, ("from", sender, "type", kind), children))


def test_a_roster_keeps_names_and_is_bounded():
    roster = roster_with(item("b@x", "Bert"), item("c@x"), item("d@x", "n" * 99), item("e@x"), contacts=3)
    assert [(c.jid, c.name) for c in roster.contacts()] == [("b@x", "Bert"), ("c@x", ""), ("d@x", "n" * 40)]
    assert roster.left_out == 1 and roster.known
    push = Element("iq", ns.CLIENT, ("type", "set"), [Element("query", ns.ROSTER, (), [item("b@x", None, "remove")])])
    assert roster.push(as_read(push)) and roster.find("b@x") is None


def test_only_contacts_that_are_subscribed_may_learn_that_we_are_here():
    roster = roster_with(*[item(s + "@x", None, s) for s in ("none", "to", "from", "both")])
    assert [s for s in ("none", "to", "from", "both", "eve") if roster.sees_us(s + "@x")] == ["from", "both"]


def test_presence_of_contacts():
    roster = roster_with(item("b@x"))
    assert roster.presence(presence("eve@x/1")) is None
    assert roster.presence(presence("b@x/1", None, "away", "lunch")).show == "away"
    assert roster.presence(presence("b@x/1", None, "away", "lunch")) is None  # nothing new
    assert roster.presence(presence("b@x/1", None, "nonsense")).show == "online"
    assert roster.presence(presence("b@x/2", "unavailable")) is None  # another device of theirs
    assert roster.presence(presence("b@x/1", "unavailable")).show == "offline"
    roster.presence(presence("b@x/1", None, None, "s" * 99))
    assert roster.find("b@x").status == "s" * 40
    roster.new_session()
    assert roster.find("b@x").show == "offline" and not roster.known


def test_those_online_stand_first():
    roster = roster_with(item("a@x"), item("b@x", "Zoe"), item("c@x", "Adam"))
    roster.presence(presence("b@x/1"))
    assert [c.jid for c in roster.contacts()] == ["b@x", "a@x", "c@x"]


def test_requests_are_bounded_and_answered_once():
    tracker = IqTracker(OWN, 2)
    tracker.request(1, "get", Element("x", "u"), "t1")
    tracker.request(2, "get", Element("x", "u"), "t2", "b@x/r")
    try:
        tracker.request(3, "get", Element("x", "u"), "t3")
        assert False, "accepted"
    except UsageError:
        pass

    def answer(token, sender):
        iq = as_read(Element("iq", ns.CLIENT, ("type", "result", "id", token, "from", sender)))
        kind = tracker.answers(iq)
        assert tracker.answers(iq) == kind  # until it has been dealt with
        tracker.close(iq)
        return kind

    assert answer("t2", None) is None and answer("t2", "b@x") is None and answer("t1", "b@x/r") is None
    assert answer("t2", "b@x/r") == 2 and answer("t2", "b@x/r") is None
    assert answer("t1", OWN + "/nc") == 1


def test_times_of_xep_0082():
    for stamp, utc_s in (
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01Z", 1),
        ("2001-09-05T12:34:56Z", 999693296),
        ("2001-09-05T12:34:56.789Z", 999693296),
        ("2001-09-05T14:34:56+02:00", 999693296),
        ("2001-09-05T07:04:56-05:30", 999693296),
        ("2000-02-29T00:00:00Z", 951782400),
        ("2100-03-01T00:00:00Z", 4107542400),
        ("2001-13-05T12:34:56Z", 0),
        ("2001-00-05T12:34:56Z", 0),
        ("20010905T12:34:56", 0),
        ("yesterday", 0),
        ("", 0),
    ):
        assert parse_utc(stamp) == utc_s, stamp
    delayed = Element("message", ns.CLIENT, (), [Element("delay", ns.DELAY, ("stamp", "1970-01-01T00:00:09Z"))])
    assert delay_s(as_read(delayed)) == 9 and delay_s(as_read(Element("message", ns.CLIENT))) == 0


def kept(attrs, body, now_s=0):
    stanza = as_read(Element("message", ns.CLIENT, attrs))
    return incoming(stanza, body, "", False, now_s)


def test_what_is_no_message_to_keep():
    for attrs, body in ((("from", "b@x"), None), ((), "x"), (("from", "b" * 256), "x")):
        assert kept(attrs, body) is None
    message = kept(("from", "b@x", "id", "i" * 300), "x", 7)
    assert (message.message_id, message.utc_s, message.body) == ("", 7, "x")
