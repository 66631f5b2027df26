"""SIMCom's modules for GSM: SIM800, SIM900. The data service goes through its states in a fixed order."""

import re

from nocarrier_emulator.gsm.simcom import SimCom
from nocarrier_emulator.gsm.sockets import Socket

_START = re.compile(r'=(?:(\d),)?"TCP","([^"]+)","?(\d+)"?$')


class Sim800(SimCom):
    """state: what +CIPSTATUS would say."""

    commands = {
        "+SPIC": "_spic",
        "+CGATT": "_cgatt",
        "+CIPMODE": "_cipmode",
        "+CIPMUX": "_cipmux",
        "+CIPRXGET": "_ciprxget",
        "+CSTT": "_cstt",
        "+CIICR": "_ciicr",
        "+CIFSR": "_cifsr",
        "+CIPSTART": "_cipstart",
        "+CIPSEND": "_cipsend",
        "+CIPCLOSE": "_cipclose",
        "+CIPSHUT": "_cipshut",
        "+CIPQSEND": "_flag",
    }

    def power_cycle(self) -> None:
        super().power_cycle()
        self.state = "IP INITIAL"
        self._many = False

    def _cgatt(self, argument: str) -> str:
        self.later(self.faults.attach_ms / 3, lambda: self.final("OK"))
        return ""

    def _cipmode(self, argument: str) -> str:
        if self.state != "IP INITIAL":
            return "ERROR"
        self.transparent = argument == "=1"
        return "OK"

    def _cipmux(self, argument: str) -> str:
        if self.state != "IP INITIAL" or self.transparent:
            return "ERROR"
        self._many = argument == "=1"
        return "OK"

    def _cstt(self, argument: str) -> str:
        if self.state != "IP INITIAL":
            return "ERROR"
        self.apn = argument.lstrip("=").split(",")[0].strip('"')
        self.state = "IP START"
        return "OK"

    def _ciicr(self, argument: str) -> str:
        if self.state != "IP START":
            return "ERROR"
        self.state = "IP CONFIG"
        self.later(self.faults.attach_ms, self._up)
        return ""

    def _up(self) -> None:
        self.attached = True
        self.state = "IP GPRSACT"
        self.final("OK")

    def _cifsr(self, argument: str) -> str:
        if not self.attached:
            return "ERROR"
        self.state = "IP STATUS"
        self._pending = ""
        self.say("10.17.3.4")  # and no OK
        return ""

    def _cipstart(self, argument: str) -> str:
        match = _START.match(argument)
        ready = self.attached if self._many else self.state in ("IP STATUS", "TCP CLOSED", "CONNECT OK")
        if match is None or not ready:
            return "ERROR"
        number = int(match.group(1) or 0)
        if number in self.sockets:
            return "ALREADY CONNECT"
        self.final("OK")
        self.state = "TCP CONNECTING"
        if self.transparent:
            self._pending = "+CIPSTART"  # it does not listen before it knows
        host, port = match.group(2), int(match.group(3))
        if self.faults.connect != "BUSY":
            self.later(self.faults.connect_ms, lambda: self._connected(number, host, port))
        return ""

    def _connected(self, number: int, host: str, port: int) -> None:
        prefix = "%d, " % number if self._many else ""
        socket = self.open_socket(number, host, port) if self.faults.connect == "OK" else None
        if socket is None:
            self.state = "TCP CLOSED"
            self.final(prefix + ("CONNECT FAIL" if self.faults.connect in ("OK", "FAIL") else self.faults.connect))
            return
        self.state = "CONNECT OK"
        if self.transparent:
            self.enter_data(socket)
        else:
            self.final(prefix + "CONNECT OK")

    def socket_closed(self, socket: Socket) -> None:
        self.state = "TCP CLOSED"
        super().socket_closed(socket)

    def say_closed(self, socket: Socket) -> None:
        self.say("%d, CLOSED" % socket.number if self._many else "CLOSED")

    def drop_network(self) -> None:
        super().drop_network()
        self.state = "PDP DEACT"
        self.say("+PDP: DEACT")

    def _cipsend(self, argument: str) -> str:
        number, _, size = argument.lstrip("=").rpartition(",")
        socket = self.sockets.get(int(number or 0))
        if socket is None or not size.isdigit() or not 0 < int(size) <= 1460:
            return "ERROR"
        return self.ask(int(size), lambda data: self._sent(socket, data))

    def _sent(self, socket: Socket, data: bytes) -> None:
        prefix = "%d, " % socket.number if self._many else ""
        if self.faults.reject or socket.room() < len(data):
            self.faults.reject = max(0, self.faults.reject - 1)
            self.final(prefix + "SEND FAIL")
            return
        socket.send(data)
        self.final(prefix + "SEND OK")

    def _cipclose(self, argument: str) -> str:
        number = argument.lstrip("=").split(",")[0] if self._many else "0"
        socket = self.sockets.pop(int(number or 0), None)
        if socket is None:
            return "ERROR"
        if socket is self.stream:
            self.stream = None
        socket.close()
        self.state = "TCP CLOSED"
        return "%s, CLOSE OK" % number if self._many else "CLOSE OK"

    def _cipshut(self, argument: str) -> str:
        self.close_all()
        self.attached = False
        self.state = "IP INITIAL"
        return "SHUT OK"
