"""What SIMCom's modules have in common: how data that has arrived is told of, and read."""

from nocarrier_emulator.gsm.modem import GsmModem
from nocarrier_emulator.gsm.sockets import Socket

_MOST_BYTES = 1_500


class SimCom(GsmModem):
    """_ciprxget: +CIPRXGET=1 holds data back, =2,n,size reads it, =4,n says how much there is."""

    def say_arrived(self, socket: Socket) -> None:
        self.say("+CIPRXGET: 1,%d" % socket.number)

    def _ciprxget(self, argument: str) -> str:
        mode, *numbers = argument.lstrip("=").split(",")
        if mode == "1":
            return "OK"
        socket = self.sockets.get(int(numbers[0]))
        if socket is None or mode not in ("2", "4"):
            return "ERROR"
        data = socket.read(min(_MOST_BYTES, int(numbers[1]))) if mode == "2" else b""
        self.say("+CIPRXGET: %s,%d,%d,%d" % (mode, socket.number, len(data), len(socket.received)))
        self.on_dte(data)
        return "OK"
