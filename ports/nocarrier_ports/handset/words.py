"""What went wrong, in words."""

from nocarrier.errors import PeerError, XmlError
from nocarrier.queue import records, states
from nocarrier.queue.storage import StorageFull
from nocarrier.session.errors import AuthError

try:
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from nocarrier.queue.history import HistoryItem
except ImportError:
    pass

# Pairs, not a dictionary: those lie in the firmware.
_CONDITIONS = (
    ("not-authorized", "wrong name or password"),
    ("encryption-required", "server insists on TLS"),
    ("invalid-mechanism", "no safe way to log in"),
    ("mechanism-too-weak", "weaker login: F1 accepts it"),
    ("password-wanted", "F1: type your password"),
    ("see-other-host", "server sends us elsewhere"),
    ("resource-constraint", "server is full"),
    ("incorrect-encoding", "server's login is broken"),
    ("malformed-request", "server's login is broken"),
    ("host-unknown", "server has no such domain"),
    ("invalid-namespace", "that is no XMPP server"),
    ("unsupported-version", "server is too old"),
    ("conflict", "logged in elsewhere"),
    ("system-shutdown", "server is going down"),
    ("connection-timeout", "line went silent"),
    ("policy-violation", "server refuses"),
    ("closed", "server hung up"),
    ("item-not-found", "no such address"),
    ("service-unavailable", "address takes no messages"),
    ("recipient-unavailable", "recipient is away"),
    ("remote-server-not-found", "no such server"),
    ("forbidden", "not allowed"),
    ("not-acceptable", "not accepted"),
)


def of_error(error: "Exception | None") -> str:
    """A line for the status bar; "" for no error."""
    if error is None:
        return ""
    if isinstance(error, MemoryError):
        return "too little memory for that"
    if isinstance(error, XmlError):
        return "server sent bad data"
    if isinstance(error, StorageFull):
        return "memory is full"
    if isinstance(error, AuthError) and error.condition == "not-authorized" and "signature" in error.text:
        return "server cannot prove itself"
    if isinstance(error, PeerError):
        return of_condition(error.condition)
    return str(error)


def of_condition(condition: str) -> str:
    """An error condition in words; an unknown one as it is."""
    for name, words in _CONDITIONS:
        if name == condition:
            return words
    return condition.replace("-", " ")


def of_state(item: "HistoryItem") -> str:
    """An outgoing message's state, as the user reads it under the message."""
    words = states.NAMES[item.state]
    if item.state == states.FAILED:
        return "failed: " + of_condition(item.reason)
    if item.flags & records.MAY_ARRIVE_TWICE:
        return words + ", may arrive twice"
    return words
