"""TLS of a device, on 32-bit MicroPython with Mbed TLS: against OpenSSL's server, and a login at Prosody with it."""

import asyncio
import datetime
import hashlib
import json
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
import trustme

from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.modem.modem import Modem
from nocarrier_emulator.nameserver import NameServer
from nocarrier_emulator.phonebook import PhoneBook
from nocarrier_emulator.process import UnixHandheld
from nocarrier_emulator.servers.prosody import Prosody

SCRIPT = Path(__file__).parent / "tls_link.py"
DOMAIN = "tls.test"
LIMIT_S = 60


class Server(threading.Thread):
    """Echoes what it hears under TLS, until it hears `end`. starttls: TLS begins after `go` and `ok`.

    nonsense: what it says instead of all that.
    """

    def __init__(self, certificate, starttls=False, nonsense=b""):
        super().__init__(daemon=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate is not None:
            certificate.configure_cert(self._context)
        self._starttls, self._nonsense = starttls, nonsense
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.heard = b""

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.join()

    def run(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self._serve(connection)
                except OSError:
                    pass

    def _serve(self, connection):
        if self._nonsense:
            connection.sendall(self._nonsense)
            while connection.recv(4096):
                pass
            return
        if self._starttls:
            if connection.recv(2, socket.MSG_WAITALL) != b"go":
                return
            connection.sendall(b"ok")
        with self._context.wrap_socket(connection, server_side=True) as secure:
            while (data := secure.recv(4096)) not in (b"", b"end"):
                self.heard += data
                secure.sendall(data)
            if data:
                secure.unwrap()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def roots(folder, *authorities):
    """A folder with their certificates, and its path."""
    path = folder / "roots"
    path.mkdir()
    for number, authority in enumerate(authorities):
        der = ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())
        (path / ("%d.der" % number)).write_bytes(der)
    return path


def outcome(tool, server, folder, most=1 << 14, how="direct"):
    command = [tool("MICROPYTHON32"), "-X", "heapsize=96k", str(SCRIPT), str(server.port), DOMAIN, str(folder)]
    done = subprocess.run([*command, str(most), how], capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0 and done.stdout, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("most", [1, 100, 1 << 14])
@pytest.mark.parametrize("how", ["direct", "starttls"])
def test_what_is_said_arrives_whole_however_little_passes_at_a_time(tool, tmp_path, authority, how, most):
    certificate = authority.issue_cert(DOMAIN)
    der = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode())
    with Server(certificate, how == "starttls") as server:
        got = outcome(tool, server, roots(tmp_path, trustme.CA(), authority), most, how)
    assert got.pop("clear", True)
    end = {"error": "no carrier", "retry_ms": 2_000, "detail": "closed by the server"} if how == "direct" else {}
    binding = hashlib.sha256(der).hexdigest()
    bindings = {"tls-server-end-point": binding}
    assert got == {"status": "net TLS", "bindings": bindings, "whole": True, "closed": True, **end}


def test_only_a_good_certificate_of_the_domain_and_of_a_known_root_will_do(tool, tmp_path, authority):
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    folder = roots(tmp_path, authority)
    for certificate in (
        trustme.CA().issue_cert(DOMAIN),
        authority.issue_cert("other.test"),
        authority.issue_cert(DOMAIN, not_before=past, not_after=past + datetime.timedelta(days=90)),
    ):
        with Server(certificate) as server:
            got = outcome(tool, server, folder)
        assert got.pop("detail")
        assert got == {"error": "wrong certificate", "retry_ms": None} and server.heard == b""


def test_what_is_no_tls_is_an_error(tool, tmp_path, authority):
    folder = roots(tmp_path, authority)
    for nonsense in (b"<?xml version='1.0'?><stream:stream>", b"\x15\x03\x03\x00\x02\x02\x28"):
        with Server(None, nonsense=nonsense) as server:
            got = outcome(tool, server, folder)
        assert got["error"] == "network error" and got["detail"].startswith("TLS") and got["retry_ms"] == 5_000
    with Server(None, nonsense=b"\x16") as server:
        assert outcome(tool, server, folder)["error"] == "the modem does not answer"


def test_roots_that_are_none_are_refused(tool, tmp_path):
    with Server(None) as server:
        folder = roots(tmp_path)
        assert outcome(tool, server, folder)["refused"].startswith("no root certificates")
        (folder / "x.der").write_bytes(b"-----BEGIN CERTIFICATE-----")
        assert outcome(tool, server, folder)["refused"].startswith("no certificate in DER")


async def message(micropython, folder, settings):
    """Logs in with the handset and sends a message; returns its events up to the server's word for it."""
    device = UnixHandheld(micropython, Modem(ScaledClock(1), PhoneBook()), folder, settings, "128k")
    events, reached = [], asyncio.Event()

    def event(fields):
        events.append(fields)
        if fields.get("state") == "on server" or fields["event"] == "fault":
            reached.set()

    device.on_event = event
    await device.power_on()
    try:
        await device.ask("sent", send="bert@" + Prosody.tls_domain, body="over TLS")
        await asyncio.wait_for(reached.wait(), LIMIT_S)
        return events
    except Exception as error:
        raise AssertionError(device.last_words()) from error
    finally:
        await device.close()


@pytest.mark.parametrize("how", ["direct", "starttls", "", "SRV records"])
def test_the_handset_logs_in_at_prosody(tool, tmp_path, authority, how):
    """Without a word in the settings as with one: TLS is what there is on the board's own network.

    With SRV records: a server that refuses the connection comes first.
    """
    tool("PROSODY13")
    pem = tmp_path / "server.pem"
    certificate = authority.issue_cert(Prosody.tls_domain)
    pem.write_bytes(certificate.private_key_and_cert_chain_pem.bytes())
    prosody = Prosody(tool("PROSODY13"), {"anna": "pw", "bert": "pw"}, certificate=pem)
    try:
        prosody.start()
        port = prosody.tls_port if how == "direct" else prosody.port
        settings = {"jid": "anna@" + Prosody.tls_domain, "password": "pw", "number": "127.0.0.1:%d" % port}
        settings |= {"port": "net", "tls": how, "roots": str(roots(tmp_path, authority)), "rate_bps": 100_000}
        zone = "\n".join(
            "_%s-client._tcp.%s. 60 IN SRV %d 0 %d localhost." % (service, Prosody.tls_domain, priority, number)
            for service, priority, number in (("xmpps", 1, 9), ("xmpps", 2, prosody.tls_port), ("xmpp", 3, port))
        )
        with NameServer(zone) as names:
            if how == "SRV records":
                settings |= {"number": Prosody.tls_domain, "dns": "127.0.0.1:%d" % names.port, "tls": ""}
            events = asyncio.run(message(tool("MICROPYTHON32"), tmp_path, settings))
        assert bool(names.asked) == (how == "SRV records")
    finally:
        prosody.remove()
    assert [event for event in events if event["event"] == "online"] and events[-1].get("state") == "on server", events
