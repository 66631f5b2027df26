"""The typed errors of the core.

Two families, never mixed: UsageError is the caller's mistake, PeerError is the other side's misbehaviour; what of it is
the session's matter is in session/errors.py. A third, StorageError, is the flash's (queue/storage.py). Anything else
that escapes the core is a bug in it.
"""


class NocarrierError(Exception):
    """Root of every error that the core raises on purpose."""


class UsageError(NocarrierError):
    """The caller broke a contract: wrong state, wrong argument, limit that the caller itself has set."""


class PeerError(NocarrierError):
    """The server or a contact broke the protocol.

    condition: the defined condition's name (RFC 6120 §4.9.3, §6.5, §8.3.3), e.g. "not-well-formed".
    """

    def __init__(self, condition: str, text: str = "") -> None:
        super().__init__(condition, text)
        self.condition = condition
        self.text = text

    def __str__(self) -> str:
        return "%s: %s" % (self.condition, self.text) if self.text else self.condition


class XmlError(PeerError):
    """The stream is not the XML that RFC 6120 §11 allows; fatal for the stream.

    offset: index of the offending byte, counted from the first byte of this stream.
    """

    def __init__(self, condition: str, text: str, offset: int) -> None:
        super().__init__(condition, text)
        self.offset = offset
