"""Listens at a handheld's line: which messages a server has given it, and in which order."""

from collections.abc import Callable

from defusedxml import ElementTree

from nocarrier_emulator.judging import Comings
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.trace.stanzas import StanzaCutter


class Hearing:
    """comings: of messages, each known by its id and text. kept(key): whether the handheld has that one already."""

    def __init__(self, modem: Modem, kept: Callable[[str], bool]) -> None:
        self.comings = Comings()
        self._kept = kept
        self._cutter = StanzaCutter()
        self._before = modem.on_wire, modem.on_call
        modem.on_wire, modem.on_call = self._wire, self._call

    def _wire(self, way: str, data: bytes) -> None:
        if way == "down":
            for piece in self._cutter.feed(data):
                if piece.lstrip().startswith(b"<message"):
                    self._message(piece)
        self._before[0](way, data)

    def _call(self, stands: bool) -> None:
        self._cutter.cut()
        self._before[1](stands)

    def _message(self, piece: bytes) -> None:
        stanza = ElementTree.fromstring(piece)
        inside = stanza.find("{*}result/{*}forwarded/{*}message")
        message = stanza if inside is None else inside
        key = "%s %s" % (message.get("id"), message.findtext("{*}body"))
        self.comings.came(key, inside is not None, self._kept(key))
