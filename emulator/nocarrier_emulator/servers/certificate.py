"""A certificate for a test server, and the root that it hangs from."""

import datetime
from pathlib import Path

import trustme

from nocarrier_emulator.servers.server import Server

_DAYS = 30  # ejabberd waits for a certificate's end with a timer that holds less than two months


class Authority:
    """Made anew in a folder. root: PEM of the root, for clients. server: key and certificate of the TLS domain."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root.pem"
        self.server = folder / "server.pem"
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.root)
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=_DAYS)
        certificate = authority.issue_cert(Server.tls_domain, not_after=end)
        certificate.private_key_and_cert_chain_pem.write_to_path(self.server)
