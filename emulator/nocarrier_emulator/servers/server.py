"""What all real servers have in common: a folder, ports, processes, and an end."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

START_S = 30.0  # the slowest, ejabberd, takes two on an idle machine
STOP_S = 20.0


class Server:
    """users: name to password, on both domains. contacts: of each name; None: all are each other's.

    certificate: PEM file with the key and the certificate of TLS_DOMAIN, or None: then there is no TLS.

    domain:     "plain.test", which offers no TLS; tls_domain: "tls.test", which does.
    port:       of plain TCP. starttls_port: of TCP with STARTTLS, the same or another one. tls_port: of direct TLS.
    """

    domain = "plain.test"
    tls_domain = "tls.test"

    def __init__(
        self,
        users: dict[str, str],
        certificate: Path | None = None,
        contacts: dict[str, list[str]] | None = None,
    ) -> None:
        self.users = users
        self.certificate = certificate
        self.port = self.starttls_port = free_port()
        self.tls_port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="nocarrier-%s-" % type(self).__name__.lower()))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._contacts = contacts

    def start(self) -> None:
        """Starts it and waits until it serves. Raises RuntimeError with its last words if it does not."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ends it in order; what it has stored stays."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes = []

    def kill(self) -> None:
        """Ends it as a crash does."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes = []

    def remove(self) -> None:
        """Ends it and forgets everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def contacts(self, user: str) -> list[str]:
        """The names of a user's contacts."""
        if self._contacts is not None:
            return self._contacts.get(user, [])
        return [other for other in self.users if other != user]

    def _run(self, *command: str) -> None:
        with (self.folder / "out.log").open("ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder)
        self._processes.append(process)

    def _await_port(self, port: int) -> None:
        self._await(lambda: _answers(port))

    def _await_line(self, log: str, words: str) -> None:
        path = self.folder / log
        self._await(lambda: path.exists() and words in path.read_text(errors="replace"))

    def _await(self, condition: Callable[[], bool]) -> None:
        began = time.monotonic()  # a process of its own: there is no clock to inject
        while time.monotonic() - began < START_S and all(process.poll() is None for process in self._processes):
            if condition():
                return
            time.sleep(0.02)
        last_words = (self.folder / "out.log").read_text(errors="replace")[-1000:]
        self.stop()
        raise RuntimeError("%s did not start: %s" % (type(self).__name__, last_words))


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
