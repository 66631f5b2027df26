"""Who logs in, where."""

from nocarrier.errors import UsageError
from nocarrier.jid import checked
from nocarrier.session.scram import prepared


class Account:
    """jid: bare JID; resource: the device's own, the same at every login (RFC 6120 §7.7). Raises UsageError."""

    def __init__(self, jid: str, password: str, resource: str) -> None:
        if not resource:
            raise UsageError("an account has a resource")
        prepared(password)
        self.jid = jid = checked(jid)
        at = jid.find("@")
        self.username = jid[:at]
        self.domain = jid[at + 1 :]
        self.password = password
        self.resource = resource
