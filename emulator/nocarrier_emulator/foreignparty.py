"""Another library's client in a campaign of deliveries: a process that speaks JSON lines, on a line that can fail."""

import json
import os
import socket
import struct
import subprocess
import time

from nocarrier_emulator.faultylink import FaultyLink
from nocarrier_emulator.parties import Party
from nocarrier_emulator.servers.server import Server
from nocarrier_ports.links.link import LinkError
from nocarrier_ports.links.tcp import TcpLink

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_AGAIN_S = 0.2  # after a loss, or a call that came to nothing
_STUCK_S = 5.0  # a client that has not come online in so long on a line that is quiet is cut off
_STILL_S = 2.0  # a line that is quiet for so long has nothing under way


class ForeignParty(Party):
    """command: the driver's, without its arguments; tests/bench/peers/common.py says what it takes and tells.

    Nothing is typed twice: what is handed over is the client's to deliver, unless it is killed.
    """

    def __init__(self, server: Server, name: str, command: list[str]) -> None:
        super().__init__(server)
        self._came: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        port = str(self._listener.getsockname()[1])
        who = ("%s@%s/%s" % (name, server.domain, name), server.users[name])
        self._command = [*command, "127.0.0.1", port, "plain", *who]
        self.link = FaultyLink(TcpLink("127.0.0.1", server.port))
        self._client: socket.socket | None = None
        self._up, self._down = b"", b""  # on their way to the server, and to the client
        self._ready = self._online = False
        self._call_s = 0.0  # when to tell the client to call again; 0: it does so itself, or need not
        self._moved_s = time.monotonic()
        self._said = b""
        self._start()

    def type(self, to: str, body: str) -> None:
        self.typed.setdefault(to, []).append(body)
        self._do("send", to="%s@%s" % (to, self._server.domain), body=body)

    def step(self) -> None:
        super().step()
        self._listen()
        self._pump()
        now_s = time.monotonic()
        if self._client is not None and not self._online and now_s - self._moved_s > _STUCK_S:
            self._hang_up()
        if self._client is None and self._call_s and now_s >= self._call_s:
            self._call_s = now_s + _STUCK_S
            self._do("reconnect")

    def kill(self) -> None:
        self._process.kill()
        self._end()
        self._start()

    def connected(self) -> bool:
        return self._client is not None and self._online

    def ready(self) -> bool:
        return self._ready

    def idle(self) -> bool:
        return self._online and time.monotonic() - self._moved_s > _STILL_S

    def received(self) -> list[str]:
        return self._came

    def arrived(self) -> int:
        return len(self._came)

    def acknowledged(self, to: str, body: str) -> bool:
        return True  # nobody knows; and nothing brings it any more

    def close(self) -> None:
        self._process.kill()
        self._end()
        self._listener.close()

    def _start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = subprocess.Popen(
            self._command, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, env=environment, bufsize=0
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def _end(self) -> None:
        self._listen()  # its last words
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._hang_up()
        self._said, self._call_s = b"", 0.0

    def _do(self, what: str, **more: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        except BrokenPipeError:  # it has crashed
            self.kill()

    def _listen(self) -> None:
        """What the client tells."""
        assert self._process.stdout is not None
        while data := self._process.stdout.read(65536):
            self._said += data
        *lines, self._said = self._said.split(b"\n")
        for line in lines:
            event = json.loads(line)
            kind = event["event"]
            if kind == "message":
                self._came.append(event["body"])
            elif kind in ("ready", "resumed"):
                self._ready = self._online = True
            elif kind in ("lost", "error"):
                self._online = self._online and kind != "lost"
                if self._client is None:
                    self._call_s = time.monotonic() + _AGAIN_S

    def _pump(self) -> None:
        try:
            client, _ = self._listener.accept()
            self._hang_up()
            client.setblocking(False)
            self._client, self._moved_s = client, time.monotonic()
            self.link.open(0)
        except BlockingIOError:
            pass
        except LinkError:
            self._hang_up()
        if self._client is None:
            return
        try:
            self._copy(self._client)
        except (LinkError, OSError):
            self._hang_up()

    def _copy(self, client: socket.socket) -> None:
        """A piece each way. Raises LinkError or OSError when one end is gone."""
        if not self.link.failed and not self.link.ready(0):
            return
        buf = bytearray(4096)
        try:
            data = client.recv(4096)
            if not data:
                raise ConnectionResetError
            self._up += data
        except BlockingIOError:
            data = b""
        self._up = self._up[self.link.write(self._up) :] if self._up else b""
        size = self.link.read_into(buf)
        self._down += buf[:size]
        if self._down:
            self._down = self._down[client.send(self._down) :]
        if data or size:
            self._moved_s = time.monotonic()

    def _hang_up(self) -> None:
        """The line is gone, on both sides."""
        self.link.close()
        if self._client is not None:
            self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            self._client.close()
            self._call_s = time.monotonic() + _AGAIN_S
        self._client = None
        self._online = False
        self._up = self._down = b""
