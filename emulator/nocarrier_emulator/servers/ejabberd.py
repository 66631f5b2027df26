"""ejabberd: its configuration; accounts and contacts by its HTTP API, since its files are Erlang's."""

import http.client
import json
from pathlib import Path

from nocarrier_emulator.servers.server import Server, free_port

_CONFIG = """loglevel: warning
acme: {{auto: false}}
hosts: [{domain}, {tls_domain}]
{tls}
auth_password_format: {password_format}
auth_method: [internal]
disable_sasl_mechanisms: ["X-OAUTH2"]
listen:
{listeners}
acl:
  loopback: {{ip: [127.0.0.0/8]}}
access_rules:
  local: {{allow: all}}
api_permissions:
  "local http":
    who: {{ip: 127.0.0.1/8}}
    what: "*"
shaper_rules:
  max_user_sessions: 100
  max_user_offline_messages: 5000
modules:
  mod_adhoc: {{}}
  mod_admin_extra: {{}}
  mod_auth_fast: {{}}
  mod_blocking: {{}}
  mod_caps: {{}}
  mod_carboncopy: {{}}
  mod_client_state: {{}}
  mod_disco: {{}}
  mod_http_api: {{}}
  mod_last: {{}}
  mod_legacy_auth: {{}}
  mod_mam: {{default: always}}
  mod_offline: {{access_max_user_messages: max_user_offline_messages}}
  mod_ping: {{}}
  mod_privacy: {{}}
  mod_private: {{}}
  mod_pubsub: {{plugins: [flat, pep]}}
  mod_roster: {{versioning: true}}
  mod_stream_mgmt: {{resend_on_timeout: if_offline, resume_timeout: {hibernation_s}}}
  mod_vcard: {{search: false}}
  mod_version: {{}}
"""
_C2S = '  - {port: %d, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, shaper: none, access: all, %s}'
_API = '  - {port: %d, ip: "127.0.0.1", module: ejabberd_http, request_handlers: {/api: mod_http_api}}'


class Ejabberd(Server):
    """program: takes configuration, spool folder and log folder. hashed: as Prosody's."""

    def __init__(
        self,
        program: str,
        users: dict[str, str],
        certificate: Path | None = None,
        hibernation_s: int = 600,
        hashed: bool = False,
        contacts: dict[str, list[str]] | None = None,
    ) -> None:
        super().__init__(users, certificate, contacts)
        self._program = program
        self._api_port = free_port()
        self._filled = False
        listeners = [_C2S % (self.port, "starttls: false"), _API % self._api_port]
        if certificate:
            self.starttls_port = free_port()
            listeners += [_C2S % (self.starttls_port, "starttls: true"), _C2S % (self.tls_port, "tls: true")]
        config = _CONFIG.format(
            domain=self.domain,
            tls_domain=self.tls_domain,
            tls='certfiles: ["{0}"]\nca_file: "{0}"'.format(certificate) if certificate else "",
            password_format="scram" if hashed else "plain",
            listeners="\n".join(listeners),
            hibernation_s=hibernation_s,
        )
        (self.folder / "ejabberd.yml").write_text(config)
        for name in ("spool", "log"):
            (self.folder / name).mkdir()

    def start(self) -> None:
        spool, log = str(self.folder / "spool"), str(self.folder / "log")
        self._run(self._program, str(self.folder / "ejabberd.yml"), spool, log)
        self._await_port(self.port)
        self._await_port(self._api_port)
        if not self._filled:
            self._fill()
            self._filled = True

    def _fill(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._api_port, timeout=20)
        for domain in (self.domain, self.tls_domain):
            for user, password in self.users.items():
                self._call(connection, "register", user=user, host=domain, password=password)
            for user in self.users:
                for other in self.contacts(user):
                    self._call(
                        connection, "add_rosteritem", localuser=user, localhost=domain, user=other, host=domain,
                        nick="Contact " + other, groups=["Friends"], subs="both",
                    )  # fmt: skip
        connection.close()

    def _call(self, connection: http.client.HTTPConnection, command: str, **arguments: object) -> None:
        # Without one of its own hosts each call leaves a warning in the log.
        headers = {"Content-Type": "application/json", "Host": self.domain}
        connection.request("POST", "/api/" + command, json.dumps(arguments), headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError("ejabberd refuses %s: %s" % (command, body[:200]))
