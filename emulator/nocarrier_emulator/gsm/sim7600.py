"""SIMCom's modules for LTE: SIM7500, SIM7600, A76xx. The data service is opened as a whole; reports come later."""

import re

from nocarrier_emulator.gsm.simcom import SimCom
from nocarrier_emulator.gsm.sockets import Socket

_OPEN = re.compile(r'=(\d),"TCP","([^"]+)",(\d+)')


class Sim7600(SimCom):
    commands = {
        "+SPIC": "_spic",
        "+CGDCONT": "_cgdcont",
        "+CGAUTH": "_flag",
        "+CIPMODE": "_cipmode",
        "+CIPRXGET": "_ciprxget",
        "+NETOPEN": "_netopen",
        "+NETCLOSE": "_netclose",
        "+CIPOPEN": "_cipopen",
        "+CIPSEND": "_cipsend",
        "+CIPCLOSE": "_cipclose",
    }

    def _cgdcont(self, argument: str) -> str:
        self.apn = argument.split(",")[2].strip('"')
        return "OK"

    def _cipmode(self, argument: str) -> str:
        if self.attached and (argument == "=1") != self.transparent:
            return "ERROR"
        self.transparent = argument == "=1"
        return "OK"

    def _netopen(self, argument: str) -> str:
        if self.attached:
            self.say("+IP ERROR: Network is already opened")
            return "ERROR"
        self.later(self.faults.attach_ms, self._opened)
        return "OK"

    def _opened(self) -> None:
        self.attached = "+NETOPEN:" not in self.faults.failing
        self.say("+NETOPEN: %d" % (0 if self.attached else 4))

    def _netclose(self, argument: str) -> str:
        if not self.attached:
            self.say("+NETCLOSE: 2")
            return "ERROR"
        self.close_all()
        self.later(200, lambda: self.say("+NETCLOSE: 0"))
        self.attached = False
        return "OK"

    def _cipopen(self, argument: str) -> str:
        match = _OPEN.match(argument)
        if match is None or not self.attached:
            return "ERROR"
        number, host, port = int(match.group(1)), match.group(2), int(match.group(3))
        if number in self.sockets:
            self.say("+CIPOPEN: %d,4" % number)
            return "ERROR"
        if not self.transparent:
            self.final("OK")
        if self.faults.connect != "BUSY":
            self.later(self.faults.connect_ms, lambda: self._connected(number, host, port))
        return ""

    def _connected(self, number: int, host: str, port: int) -> None:
        if self.faults.connect not in ("OK", "FAIL"):
            self.final(self.faults.connect)
            return
        socket = self.open_socket(number, host, port) if self.faults.connect == "OK" else None
        if socket is not None and self.transparent:
            self.enter_data(socket)
        elif self.transparent:
            self.final("CONNECT FAIL")
        else:
            self.say("+CIPOPEN: %d,%d" % (number, 0 if socket is not None else 10))

    def say_closed(self, socket: Socket) -> None:
        self.say("+IPCLOSE: %d,1" % socket.number)

    def drop_network(self) -> None:
        super().drop_network()
        self.say("+CIPEVENT: NETWORK CLOSED UNEXPECTEDLY")

    def _cipsend(self, argument: str) -> str:
        number, size = (int(field) for field in argument.lstrip("=").split(","))
        socket = self.sockets.get(number)
        if socket is None or not 0 < size <= 1500:
            return "ERROR"
        return self.ask(size, lambda data: self._sent(socket, data))

    def _sent(self, socket: Socket, data: bytes) -> None:
        self.final("OK")
        if self.faults.reject:
            self.faults.reject -= 1
            self.say("+CIPSEND: %d,%d,0" % (socket.number, len(data)))
            return
        taken = socket.send(data)
        self.say("+CIPSEND: %d,%d,%d" % (socket.number, len(data), taken))

    def _cipclose(self, argument: str) -> str:
        number = int(argument.lstrip("="))
        socket = self.sockets.pop(number, None)
        if socket is None:
            self.say("+CIPCLOSE: %d,4" % number)
            return "ERROR"
        if socket is self.stream:
            self.stream = None
        socket.close()
        self.later(100, lambda: self.say("+CIPCLOSE: %d,0" % number))
        return "OK"
