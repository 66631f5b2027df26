"""How a session ends by the server's doing. PeerErrors, as those of the XML in errors.py."""

from nocarrier.errors import NocarrierError, PeerError


class StreamError(PeerError):
    """The server closed the stream with <stream:error/> (RFC 6120 §4.9)."""


class AuthError(PeerError):
    """Login is impossible as things stand: wrong password, no common mechanism, a server that cannot prove itself."""


# AuthError's condition, ours and not the server's, when a password is needed that is not kept on the device.
PASSWORD_WANTED = "password-wanted"
# Stream errors after which calling again by oneself would only repeat them (RFC 6120 §4.9.3).
_FINAL = ("conflict", "host-unknown", "host-gone", "not-authorized", "unsupported-version", "invalid-namespace")


def may_retry(error: NocarrierError) -> bool:
    """True if the call may be repeated without the user's doing."""
    if isinstance(error, AuthError):
        return error.condition == "temporary-auth-failure"
    return not (isinstance(error, PeerError) and error.condition in _FINAL)
