"""How a session ends by the server's doing. PeerErrors, as those of the XML in errors.py."""

from nocarrier import ns
from nocarrier.errors import NocarrierError, PeerError

try:
    from nocarrier.wire.node import Node
except ImportError:
    pass


class StreamError(PeerError):
    """The server closed the stream with <stream:error/> (RFC 6120 §4.9)."""


class AuthError(PeerError):
    """Login is impossible as things stand: wrong password, no common mechanism, a server that cannot prove itself."""


# AuthError's condition, ours and not the server's, when a password is needed that is not kept on the device.
PASSWORD_WANTED = "password-wanted"
# Stream errors that say nothing of what we have sent (RFC 6120 §4.9.3).
PASSING = (
    "closed", "conflict", "connection-timeout", "internal-server-error", "remote-connection-failed",
    "resource-constraint", "see-other-host", "system-shutdown",
)  # fmt: skip
# Stream errors after which calling again by oneself would only repeat them (RFC 6120 §4.9.3).
_FINAL = (
    "conflict", "host-unknown", "host-gone", "not-authorized", "unsupported-version", "invalid-namespace",
    "see-other-host",
)  # fmt: skip
# Those after which a call too soon would be in vain, with how long to wait.
_PATIENCE = (
    ("system-shutdown", 30_000), ("internal-server-error", 30_000), ("remote-connection-failed", 30_000),
    ("resource-constraint", 120_000), ("policy-violation", 120_000),
)  # fmt: skip
_HOST_CHARS = 255


def may_retry(error: NocarrierError) -> bool:
    """True if the call may be repeated without the user's doing."""
    if isinstance(error, AuthError):
        return error.condition == "temporary-auth-failure"
    return not (isinstance(error, PeerError) and error.condition in _FINAL)


def patience_ms(error: NocarrierError) -> int:
    """How long to wait at least before the call is repeated."""
    for condition, wait_ms in _PATIENCE:
        if isinstance(error, StreamError) and error.condition == condition:
            return wait_ms
    return 0


def stream_error(element: "Node") -> StreamError:
    """What <stream:error/> says. The text of "see-other-host" is the host's address (RFC 6120 §4.9.3.19)."""
    condition = "undefined-condition"
    for child in element.elements():
        if child.xmlns == ns.STREAM_ERRORS and child.name != "text":
            condition = child.name
            if condition == "see-other-host":
                return StreamError(condition, child.text()[:_HOST_CHARS])
    return StreamError(condition, (element.child_text("text", ns.STREAM_ERRORS) or "")[:80])
