"""The modem at a TCP port, for one terminal at a time: raw, as telnet, or with a serial port's lines (RFC 2217)."""

import asyncio

from serial.rfc2217 import PortManager

from nocarrier_emulator.dte.port import Dce, DtePort
from nocarrier_emulator.dte.telnet import Coding, Raw, Telnet

_LOOK_S = 0.05  # between two looks at the modem's lines
_BUSY = b"somebody else is at this modem\r\n"


class SerialOverTcp:
    """RFC 2217, by pyserial. A terminal sets DTR, and sees carrier, ring, DSR and CTS."""

    greeting = b""

    def __init__(self, port: DtePort) -> None:
        self._answers = bytearray()
        self._lines = _Lines(port)
        self._manager = PortManager(self._lines, self)

    def write(self, data: bytes) -> None:
        """What the manager has to say."""
        self._answers += data

    def encoded(self, data: bytes) -> bytes:
        return b"".join(self._manager.escape(data))

    def decoded(self, data: bytes) -> tuple[bytes, bytes]:
        return b"".join(self._manager.filter(data)), self.looked()

    def looked(self) -> bytes:
        """What is to be told of the modem's lines, if they have changed."""
        self._manager.check_modem_lines()
        answers, self._answers = bytes(self._answers), bytearray()
        return answers


class _Lines:
    """The serial port that PortManager wants to see."""

    def __init__(self, port: DtePort) -> None:
        self._port = port
        self.baudrate, self.bytesize, self.parity, self.stopbits = 9600, 8, "N", 1
        self.rtscts = self.xonxoff = self.rts = self.break_condition = False

    @property
    def dtr(self) -> bool:
        return self._port.modem.dtr

    @dtr.setter
    def dtr(self, on: bool) -> None:
        self._port.modem.set_dtr(on)

    @property
    def cd(self) -> bool:
        return self._port.lines()["cd"]

    @property
    def ri(self) -> bool:
        return self._port.lines()["ri"]

    @property
    def dsr(self) -> bool:
        return self._port.lines()["dsr"]

    @property
    def cts(self) -> bool:
        return self._port.lines()["cts"]

    def reset_input_buffer(self) -> None:
        pass

    def reset_output_buffer(self) -> None:
        pass


RAW, TELNET, RFC2217 = "raw", "telnet", "rfc2217"
KINDS = (RAW, TELNET, RFC2217)


class TcpPort:
    """kind: one of KINDS. port: where it listens, once started."""

    def __init__(self, modem: Dce, kind: str = RAW) -> None:
        self._modem = modem
        self._kind = kind
        self._taken = False
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = await asyncio.start_server(self._visit, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._taken:
            writer.write(_BUSY)
            writer.close()
            return
        self._taken = True
        try:
            await _Visit(self._modem, self._kind, reader, writer).run()
        except ConnectionError:
            pass
        finally:
            self._taken = False
            writer.close()


class _Visit:
    """One terminal's connection."""

    def __init__(self, modem: Dce, kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._room = asyncio.Event()
        self._room.set()
        self._port = DtePort(modem, self._to_terminal, self._wanted)
        self._coding: Coding = Raw() if kind == RAW else Telnet() if kind == TELNET else SerialOverTcp(self._port)

    async def run(self) -> None:
        self._port.modem.set_dtr(True)
        self._writer.write(self._coding.greeting)
        looking = asyncio.create_task(self._look())
        try:
            while True:
                await self._room.wait()
                coded = await self._reader.read(max(1, self._port.room()))
                if not coded:
                    return
                data, answer = self._coding.decoded(coded)
                if answer:
                    self._writer.write(answer)
                if data:
                    self._port.received(data)
        finally:
            looking.cancel()
            self._port.closed()

    def _wanted(self, more: bool) -> None:
        if more:
            self._room.set()
        else:
            self._room.clear()

    def _to_terminal(self, data: bytes) -> None:
        self._writer.write(self._coding.encoded(data))

    async def _look(self) -> None:
        while isinstance(self._coding, SerialOverTcp):
            self._writer.write(self._coding.looked())
            await asyncio.sleep(_LOOK_S)
