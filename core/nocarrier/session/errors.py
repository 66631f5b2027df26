"""How a session ends by the server's doing. PeerErrors, as those of the XML in errors.py."""

from nocarrier.errors import PeerError


class StreamError(PeerError):
    """The server closed the stream with <stream:error/> (RFC 6120 §4.9)."""


class AuthError(PeerError):
    """Login is impossible as things stand: wrong password, no common mechanism, a server that cannot prove itself."""
