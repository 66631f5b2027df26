"""Nothing larger is written than the server takes (XEP-0478). Not on MicroPython: it is ten thousand bytes at least."""

from nocarrier.errors import UsageError
from nocarrier.limits import ClientLimits
from nocarrier.queue.limits import QueueLimits
from nocarrier.wire.limits import WireLimits
from nocarrier_emulator import dialogue as d
from nocarrier_emulator.dialogue import Dialogue

LIMITS = b"<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>%s</max-bytes></limits></stream:features>"


def test_nothing_larger_is_written_than_the_server_takes():
    limits = ClientLimits(WireLimits(12_000, 256), 12_000)
    for words, refused in ((LIMITS % b"10000", True), (LIMITS % b"1", True), (b"</stream:features>", False)):
        talk = Dialogue(limits=limits, queue=QueueLimits(16_384, 4, body_bytes=11_000))
        talk.up()
        talk.server(d.HEADER + d.PLAIN_OFFERED.replace(b"</stream:features>", words))
        talk.server(d.SUCCESS)
        talk.server(d.HEADER + d.BIND_OFFERED)
        talk.bind()
        talk.client.send_message(d.PEER, "x" * 9_000)
        talk.said()
        try:
            talk.client.send_message(d.PEER, "y" * 10_000)
            assert not refused, words
        except UsageError:
            assert refused, words
        assert talk.client.online()
