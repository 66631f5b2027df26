"""Quectel's modules: BG95, BG96, EC2x. Contexts are activated, connections opened in a mode each."""

import re

from nocarrier_emulator.gsm.modem import GsmModem
from nocarrier_emulator.gsm.sockets import Socket

_OPEN = re.compile(r'=1,(\d+),"TCP","([^"]+)",(\d+),0,([012])')
_TRANSPARENT = 2
_REFUSED = 566  # "open socket failed" of the vendor's list


class Quectel(GsmModem):
    commands = {
        "+QPINC": "_qpinc",
        "+QICSGP": "_qicsgp",
        "+QIACT": "_qiact",
        "+QIDEACT": "_qideact",
        "+QIOPEN": "_qiopen",
        "+QISEND": "_qisend",
        "+QIRD": "_qird",
        "+QICLOSE": "_qiclose",
    }
    closed_words = ("NO CARRIER",)

    def power_cycle(self) -> None:
        super().power_cycle()
        self._failed: set[int] = set()  # numbers that must be closed before they are used again

    def _qicsgp(self, argument: str) -> str:
        self.apn = argument.split(",")[2].strip('"')
        return "OK"

    def _qiact(self, argument: str) -> str:
        if argument == "?":
            if self.attached:
                self.say('+QIACT: 1,1,1,"10.17.3.4"')
            return "OK"
        if self.attached:
            return "ERROR"
        self.later(self.faults.attach_ms, self._active)
        return ""

    def _active(self) -> None:
        self.attached = True
        self.final("OK")

    def _qideact(self, argument: str) -> str:
        self.close_all()
        self._failed.clear()
        self.attached = False
        return "OK"

    def _qiopen(self, argument: str) -> str:
        match = _OPEN.match(argument)
        if match is None or not self.attached:
            return "ERROR"
        number, host, port = int(match.group(1)), match.group(2), int(match.group(3))
        if number in self.sockets or number in self._failed:
            self.later(50, lambda: self.say("+QIOPEN: %d,563" % number))
            return "OK"
        transparent = int(match.group(4)) == _TRANSPARENT
        if not transparent:
            self.final("OK")
        if self.faults.connect != "BUSY":
            self.later(self.faults.connect_ms, lambda: self._connected(number, host, port, transparent))
        return ""

    def _connected(self, number: int, host: str, port: int, transparent: bool) -> None:
        if self.faults.connect not in ("OK", "FAIL"):
            self.final(self.faults.connect)
            return
        socket = self.open_socket(number, host, port) if self.faults.connect == "OK" else None
        if socket is None:
            self._failed.add(number)
            if transparent:
                self.final("OK")
            self.say("+QIOPEN: %d,%d" % (number, _REFUSED))
        elif transparent:
            self.enter_data(socket)
        else:
            self.say("+QIOPEN: %d,0" % number)

    def say_closed(self, socket: Socket) -> None:
        self._failed.add(socket.number)
        self.say('+QIURC: "closed",%d' % socket.number)

    def drop_network(self) -> None:
        super().drop_network()
        self.say('+QIURC: "pdpdeact",1')

    def say_arrived(self, socket: Socket) -> None:
        self.say('+QIURC: "recv",%d' % socket.number)

    def _qird(self, argument: str) -> str:
        number, size = (int(field) for field in argument.lstrip("=").split(","))
        socket = self.sockets.get(number)
        if socket is None:
            return "ERROR"
        data = socket.read(min(1500, size))
        self.say("+QIRD: %d" % len(data))
        self.on_dte(data + b"\r\n" if data else b"")
        return "OK"

    def _qisend(self, argument: str) -> str:
        number, size = (int(field) for field in argument.lstrip("=").split(","))
        socket = self.sockets.get(number)
        if socket is None or size > 1460:
            return "ERROR"
        if size == 0:
            self.say("+QISEND: 0,0,0")
            return "OK"
        return self.ask(size, lambda data: self._sent(socket, data))

    def _sent(self, socket: Socket, data: bytes) -> None:
        if self.faults.reject or socket.room() < len(data):
            self.faults.reject = max(0, self.faults.reject - 1)
            self.final("SEND FAIL")
            return
        socket.send(data)
        self.final("SEND OK")

    def _qiclose(self, argument: str) -> str:
        number = int(argument.lstrip("=").split(",")[0])
        self._failed.discard(number)
        socket = self.sockets.pop(number, None)
        if socket is not None:
            if socket is self.stream:
                self.stream = None
            socket.close()
        return "OK"
