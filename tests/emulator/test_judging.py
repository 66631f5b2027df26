"""The judge of what was lost, doubled and turned round, and the listener that tells him what a server gave late."""

import pytest

from nocarrier_emulator.clock import VirtualClock
from nocarrier_emulator.gremlins.hearing import Hearing
from nocarrier_emulator.judging import Comings, judge, turned
from nocarrier_emulator.modem.modem import Modem

SENT = ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "got, lost, duplicated, reordered",
    [
        (["1", "2", "3"], 0, 0, 0),
        (["1", "3"], 1, 0, 0),
        (["1", "2", "2", "3"], 0, 1, 0),
        (["1", "3", "2"], 0, 0, 2),
        (["1", "2", "3", "never sent"], 0, 1, 0),
        ([], 3, 0, 0),
    ],
)
def test_the_judge(got, lost, duplicated, reordered):
    assert judge(["1", "2", "3"], got) == {"lost": lost, "duplicated": duplicated, "reordered": reordered}


def comings(*rows):
    """Of rows (text, whether it is out of the archive, whether it was kept already)."""
    found = Comings()
    for row in rows:
        found.came(*row)
    return found


def live(*texts):
    return [(text, False, False) for text in texts]


@pytest.mark.parametrize(
    "came, got, late, reordered",
    [
        (live("1", "2", "3", "4"), ["1", "2", "3", "4"], 0, 0),
        (live("1", "3", "2", "4"), ["1", "3", "2", "4"], 1, 0),  # as the server gave them
        (live("3", "4", "1", "2"), ["3", "4", "1", "2"], 2, 0),
        (live("1", "2", "3", "4"), ["1", "3", "2", "4"], 0, 2),  # the device has turned them round
        (live("3", "1", "2", "4"), ["3", "2", "1", "4"], 2, 0),  # both are late, whatever their order
        (live("1", "2", "3", "4", "2"), ["1", "3", "2", "4"], 1, 0),  # it did not live to keep the first one
        ([*live("1", "2", "3", "4"), ("2", False, True)], ["1", "3", "2", "4"], 0, 2),  # it came again for nothing
        # The archive had 3 and not yet 2, though both had come live, in their order.
        ([*live("1", "2", "3"), ("3", True, True), ("2", True, False)], ["1", "3", "2", "4"], 1, 0),
        ([], ["2", "1"], 0, 2),  # nobody has heard them
    ],
)
def test_what_a_server_gave_late_is_not_the_devices_fault(came, got, late, reordered):
    wrong = judge(SENT, got, comings(*came))
    assert (wrong["late"], wrong["reordered"], wrong["duplicated"]) == (late, reordered, 0)
    assert bool(turned(SENT, got)) == bool(late or reordered)


def test_what_was_never_sent_is_neither_late_nor_in_the_way():
    wrong = judge(SENT, ["strange", "1", "2", "3", "4"], comings(*live("strange", "1", "2", "3", "4")))
    assert wrong == {"lost": 0, "duplicated": 1, "reordered": 0, "late": 0}


RESULT = (
    "<message to='a@x/r'><result xmlns='urn:xmpp:mam:2' id='7'><forwarded xmlns='urn:xmpp:forward:0'>"
    "<message xmlns='jabber:client' from='b@x/r' id='%s'><body>%s</body></message></forwarded></result></message>"
)


def test_a_listener_knows_messages_by_id_and_text_live_or_archived_in_any_pieces():
    modem = Modem(VirtualClock(), {})
    kept = []
    hearing = Hearing(modem, lambda key: key in kept)
    modem.on_call(True)
    header = "<stream:stream xmlns='jabber:client' xmlns:stream='s'>"
    said = header + "<message from='b@x/r' id='m1'><body>a&amp;b</body></message>"
    said += "<iq id='1' type='result'/>" + RESULT % ("m2", "two") + "<message id='m3'><body>th"
    for i in range(len(said)):
        modem.on_wire("down", said[i : i + 1].encode())
    modem.on_wire("up", b"<message id='m9'><body>ours</body></message>")
    assert hearing.comings.heard == {"m1 a&b": 1, "m2 two": 2} and hearing.comings.archived == {"m2 two": 2}
    modem.on_call(False)  # in the middle of the third
    kept.append("m1 a&b")
    modem.on_wire("down", header.encode())
    for number in ("m1", "m2"):
        text = "a&amp;b" if number == "m1" else "two"
        modem.on_wire("down", (RESULT % (number, text)).encode())
    assert hearing.comings.heard == {"m1 a&b": 1, "m2 two": 4} and hearing.comings.archived["m1 a&b"] == 3
