"""The roster on flash: what a device still knows of its contacts after a restart, wherever the power went."""

from nocarrier import ns
from nocarrier.chat.roster import Roster
from nocarrier.queue.limits import QueueLimits
from nocarrier.queue.storage import StorageError
from nocarrier.queue.store import Store
from nocarrier.wire.element import Element
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue
from nocarrier_emulator.flash import MemoryFlash, PowerCut
from nocarrier_emulator.stanzas import as_read

ONE = [("b@x", "Bert", "both"), ("c@x", "", "to"), ("d@x", "Dora", "none")]
TWO = [("b@x", "Bertie", "both"), ("d@x", "Dora", "none"), ("e@x", "Eve", "from")]


def query(version, people):
    items = [Element("item", ns.ROSTER, ("jid", j, "name", n or None, "subscription", s)) for j, n, s in people]
    return Element("query", ns.ROSTER, ("ver", version), items)


def push(version, *person):
    return as_read(Element("iq", ns.CLIENT, ("type", "set"), [query(version, [person])]))


def opened(flash, contacts=100, queue=None):
    store = Store(flash, queue or QueueLimits())
    store.open()
    roster = Roster(d.OWN, store, contacts)
    roster.open()
    return roster


def people(roster):
    return sorted([(c.jid, c.name, c.subscription) for c in roster.contacts()])


def test_a_roster_survives_with_its_version():
    flash = MemoryFlash()
    roster = opened(flash)
    assert roster.version() == "" and not roster.contacts()
    roster.replace(as_read(query("v1", ONE)))
    again = opened(flash)
    assert (again.version(), people(again)) == ("v1", ONE) and not again.known
    again.push(push("v2", "b@x", "Bertie", "both"))
    again.push(push("v3", "c@x", "", "remove"))
    again.push(push("v4", "e@x", "Eve", "from"))
    assert (again.version(), people(again)) == ("v4", TWO)
    last = opened(flash)
    assert (last.version(), people(last)) == ("v4", TWO)
    assert all([c.show == "offline" for c in last.contacts()])


def test_what_is_unchanged_is_not_written():
    flash = MemoryFlash()
    roster = opened(flash)
    roster.replace(as_read(query("v1", ONE)))
    written = flash.written_bytes
    roster.replace(None)
    roster.replace(as_read(query("v1", ONE)))
    assert flash.written_bytes == written and roster.known
    roster.replace(as_read(query("v2", ONE)))
    assert 0 < flash.written_bytes - written < 20  # the version alone


def test_a_version_stands_for_all_of_a_roster_wherever_the_power_goes():
    whole = MemoryFlash()
    opened(whole).replace(as_read(query("v1", ONE)))
    begin = whole.written_bytes
    opened(whole).replace(as_read(query("v2", TWO)))
    seen = set()
    for end in range(whole.written_bytes + 1):
        flash = MemoryFlash()
        flash.cut_after_bytes = end
        try:
            opened(flash).replace(as_read(query("v1", ONE)))
            opened(flash).replace(as_read(query("v2", TWO)))
        except PowerCut:
            pass
        flash.cut_after_bytes = None
        flash.power_off()
        roster = opened(flash)
        seen.add(roster.version())
        if roster.version():
            assert people(roster) == {"v1": ONE, "v2": TWO}[roster.version()], end
        roster.replace(as_read(query("v3", ONE)))
        assert people(opened(flash)) == ONE, end
    assert seen == {"", "v1", "v2"} and begin > 0


def test_a_push_makes_no_whole_of_what_is_not():
    flash = MemoryFlash()
    roster = opened(flash, contacts=2)
    roster.replace(as_read(query("v1", ONE)))
    again = opened(flash)  # what was left out is forgotten, not that something was
    again.push(push("v2", "e@x", "Eve", "from"))
    assert again.version() == "" and opened(flash).version() == ""
    assert opened(MemoryFlash()).push(push("v9", "e@x", "Eve", "from"))


def test_a_roster_leaves_room_in_the_log():
    flash = MemoryFlash()
    many = [("%04d-%s@x" % (n, "n" * 60), "", "both") for n in range(30)]
    queue = QueueLimits(1024, 8)
    roster = opened(flash, queue=queue)
    roster.replace(as_read(query("v1", [])))
    for person in many:
        roster.push(push("v2", *person))
    left_out, roster = roster.left_out, None  # a heap of 82 KB holds one at a time
    again = opened(flash, queue=queue)
    assert len(again.contacts()) == 2 * left_out == 20 and again.version() == ""
    again = None
    store = Store(flash, queue)
    store.open()
    for h in range(2000):
        store.save_handled(h + 1)
    assert len(flash.names()) <= 9


def test_what_the_flash_has_refused_is_written_at_the_next_try():
    flash = MemoryFlash()
    roster = opened(flash)
    roster.replace(as_read(query("v1", ONE)))
    for change in (as_read(query("v2", TWO)), as_read(query("v3", ONE)), as_read(query("v4", []))):
        flash.read_only = True
        try:
            roster.replace(change)
            assert False, "not refused"
        except StorageError:
            pass
        flash.read_only = False
        roster.replace(change)
        again = opened(flash)
        assert (again.version(), people(again)) == (roster.version(), people(roster))


def test_a_roster_that_is_not_kept_as_a_whole_has_no_version():
    flash = MemoryFlash()
    roster = opened(flash, contacts=2)
    roster.replace(as_read(query("v1", ONE)))
    assert roster.version() == "" and roster.left_out == 1
    assert len(opened(flash).contacts()) == 2
    roster.replace(as_read(query("v2", TWO[1:])))  # those that have gone make room for those that have come
    assert roster.version() == "v2" and people(opened(flash)) == TWO[1:]
    roster.replace(as_read(query("é" * 33, TWO[1:])))
    assert roster.version() == "" and opened(flash).version() == ""
    roster.replace(as_read(query(None, TWO[1:])))  # a server without versions
    assert roster.version() == ""


def test_a_contact_that_fits_into_no_segment_is_left_out():
    flash = MemoryFlash()
    roster = opened(flash, queue=QueueLimits(64, 32))
    roster.replace(as_read(query("v1", [("b@x", "", "both"), ("c" * 60 + "@x", "", "both")])))
    assert len(roster.contacts()) == 1 and roster.left_out == 1
    again = opened(flash, queue=QueueLimits(64, 32))
    assert (again.version(), people(again)) == ("", [("b@x", "", "both")])


def test_contacts_outlive_the_segments_in_which_they_were_written():
    flash = MemoryFlash()
    queue = QueueLimits(512, 3)
    roster = opened(flash, queue=queue)
    roster.replace(as_read(query("v1", ONE)))
    store = Store(flash, queue)
    store.open()
    for h in range(400):
        store.save_handled(h + 1)
    assert sum([len(file) for file in flash.files.values()]) <= 4 * 512
    again = opened(flash, queue=queue)
    assert (again.version(), people(again)) == ("v1", ONE)


def test_an_unchanged_roster_is_not_asked_for_twice():
    talk = Dialogue()
    said = talk.authenticate() + talk.bind()
    answer = (d.ROSTER % talk.id_of(said, b"jabber:iq:roster")).replace(b"roster'>", b"roster' ver='v7'>")
    talk.server(answer)
    talk.down()
    talk.reboot()
    assert [c.name for c in talk.client.roster.contacts()] == ["Bert"]  # before anything was heard
    talk.client.store.save_session("", 0, "")
    said = talk.authenticate() + talk.bind()
    assert b"<query xmlns='jabber:iq:roster' ver='v7'/>" in said
    talk.server(b"<iq type='result' id='%s'/>" % talk.id_of(said, b"jabber:iq:roster"))
    assert talk.client.roster.known and talk.client.roster.find(d.PEER).name == "Bert"
