"""Prosody, 13 or 0.12: its configuration, and accounts and contacts as the files that it keeps."""

import os
import shutil
from pathlib import Path

from nocarrier_emulator.servers.server import Server

_CONFIG = """-- loopback instance of a test
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{ {tls_port} }}
legacy_ssl_ports = {{ }}
s2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "{authentication}"
storage = "internal"
archive_expires_after = "1w"
default_archive_policy = true
smacks_hibernation_time = {hibernation_s}
unbound = {{ resolvconf = false }} -- else a machine without /etc/resolv.conf ends it
modules_enabled = {{
  "roster"; "saslauth"; "tls"; "disco"; "carbons"; "pep"; "blocklist"; "smacks"; "mam"; "csi"; "csi_simple"; "private";
  "ping"; "time"; "version"; "vcard4"; "vcard_legacy"; "offline"; "presence"; "message"; "iq"; "c2s"; "legacyauth";
  {more}
}}
modules_disabled = {{ "s2s" }}
log = {{ info = "{folder}/prosody.log" }}
{ssl}
VirtualHost "{tls_domain}"
VirtualHost "{domain}"
  modules_disabled = {{ "tls" }}
"""

# Community modules, of Debian's prosody-modules; for Prosody 13 only.
_SASL2 = '"sasl2"; "sasl2_bind2"; "sasl2_sm"; "sasl2_fast";'


class Prosody(Server):
    """program: the prosody executable. sasl2: with SASL2, Bind2, FAST and stream management along with them.

    hashed: passwords are stored hashed: the salt stays, and only SCRAM-SHA-1 is offered beside PLAIN.
    """

    def __init__(
        self,
        program: str,
        users: dict[str, str],
        certificate: Path | None = None,
        hibernation_s: int = 600,
        sasl2: bool = False,
        hashed: bool = False,
        contacts: dict[str, list[str]] | None = None,
    ) -> None:
        super().__init__(users, certificate, contacts)
        self._program = program
        self.sasl2 = sasl2
        ssl = 'ssl = {{ certificate = "{0}"; key = "{0}" }}'.format(certificate) if certificate else ""
        config = _CONFIG.format(
            folder=self.folder,
            port=self.port,
            tls_port=self.tls_port if certificate else "",
            domain=self.domain,
            tls_domain=self.tls_domain,
            hibernation_s=hibernation_s,
            authentication="internal_hashed" if hashed else "internal_plain",
            more=_SASL2 * sasl2,
            ssl=ssl,
        )
        (self.folder / "prosody.cfg.lua").write_text(config)
        for domain in (self.domain, self.tls_domain):
            for user, password in users.items():
                self._put(domain, "accounts", user, 'return {\n\t["password"] = "%s";\n};\n' % password)
                self._put(domain, "roster", user, _roster([name + "@" + domain for name in self.contacts(user)]))

    def start(self) -> None:
        self._run(self._program, "--config", str(self.folder / "prosody.cfg.lua"), "-F")
        self._await_port(self.port)

    def _put(self, domain: str, store: str, user: str, text: str) -> None:
        folder = self.folder / "data" / _escaped(domain) / store
        folder.mkdir(parents=True, exist_ok=True)
        (folder / (_escaped(user) + ".dat")).write_text(text)


def find_program() -> str | None:
    """The prosody that the set-up has put in place, or the machine's own."""
    return os.environ.get("PROSODY13") or shutil.which("prosody")


def _escaped(text: str) -> str:
    """As Prosody names its files."""
    return "".join(char if char.isalnum() else "%%%02x" % ord(char) for char in text)


def _roster(jids: list[str]) -> str:
    item = (
        '\t["%s"] = {\n\t\t["subscription"] = "both";\n\t\t["name"] = "Contact %s";\n'
        '\t\t["groups"] = {\n\t\t\t["Friends"] = true;\n\t\t};\n\t};\n'
    )
    items = "".join(item % (jid, jid.split("@")[0]) for jid in jids)
    return 'return {\n\t[false] = {\n\t\t["version"] = 1;\n\t\t["pending"] = {};\n\t};\n' + items + "};\n"
