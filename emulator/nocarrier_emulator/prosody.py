"""A real Prosody for tests and demonstrations: own folder, loopback only, accounts and contacts as files."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

_CONFIG = """-- loopback instance of a test
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ }}
legacy_ssl_ports = {{ }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
archive_expires_after = "1w"
default_archive_policy = true
smacks_hibernation_time = {hibernation_s}
modules_enabled = {{
  "roster"; "saslauth"; "disco"; "carbons"; "pep"; "blocklist"; "smacks"; "mam"; "csi"; "csi_simple"; "private";
  "ping"; "time"; "version"; "vcard4"; "vcard_legacy"; "offline"; "presence"; "message"; "iq"; "c2s"; {more}
}}
modules_disabled = {{ "s2s", "posix", "tls" }}
log = {{ info = "{folder}/prosody.log" }}
VirtualHost "{domain}"
"""


_SASL2 = '"sasl2"; "sasl2_bind2"; "sasl2_sm"; "sasl2_fast";'  # community modules, of Debian's prosody-modules


class Prosody:
    """users: name to password; all are each other's contacts. program: the prosody executable.

    sasl2: with SASL2, Bind2, FAST and stream management along with them; else as RFC 6120 has it.
    """

    def __init__(
        self,
        program: str,
        users: dict[str, str],
        domain: str = "plain.test",
        hibernation_s: int = 600,
        sasl2: bool = False,
    ) -> None:
        self._program = program
        self.domain = domain
        self.sasl2 = sasl2
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="nocarrier-prosody-"))
        self._process: subprocess.Popen[bytes] | None = None
        config = _CONFIG.format(
            folder=self.folder, port=self.port, domain=domain, hibernation_s=hibernation_s, more=_SASL2 * sasl2
        )
        (self.folder / "prosody.cfg.lua").write_text(config)
        for user, password in users.items():
            self._put("accounts", user, 'return {\n\t["password"] = "%s";\n};\n' % password)
            others = [other for other in users if other != user]
            self._put("roster", user, _roster(["%s@%s" % (other, domain) for other in others]))

    def start(self) -> None:
        """Starts it and waits until it listens; raises RuntimeError with its last words if it does not."""
        with (self.folder / "out.log").open("ab") as out:
            self._process = subprocess.Popen(
                [self._program, "--config", str(self.folder / "prosody.cfg.lua"), "-F"],
                stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        for _ in range(200):
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)  # a process of its own: there is no clock to inject
        raise RuntimeError("Prosody did not start: " + (self.folder / "out.log").read_text()[-500:])

    def stop(self) -> None:
        """Ends it in order."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def remove(self) -> None:
        """Ends it and forgets everything."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _put(self, store: str, user: str, text: str) -> None:
        folder = self.folder / "data" / _escaped(self.domain) / store
        folder.mkdir(parents=True, exist_ok=True)
        (folder / (_escaped(user) + ".dat")).write_text(text)


def find_program() -> str | None:
    """The prosody that the set-up has put in place, or the machine's own."""
    return os.environ.get("PROSODY13") or shutil.which("prosody")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _escaped(text: str) -> str:
    """As Prosody names its files."""
    return "".join(char if char.isalnum() else "%%%02x" % ord(char) for char in text)


def _roster(jids: list[str]) -> str:
    items = "".join('\t["%s"] = {\n\t\t["subscription"] = "both";\n\t\t["groups"] = {};\n\t};\n' % jid for jid in jids)
    return 'return {\n\t[false] = {\n\t\t["version"] = 1;\n\t\t["pending"] = {};\n\t};\n' + items + "};\n"
