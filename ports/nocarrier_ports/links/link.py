"""What a link is, and how it fails.

A link is opened, carries bytes, and is closed; none of its methods waits. The run loop (runner.py) drives it.
"""

try:
    from typing import Optional, Union

    Buffer = Union[bytearray, memoryview]
except ImportError:
    pass


class LinkError(Exception):
    """The line could not be had, or is gone.

    text: for the user, in words. retry_ms: how long to wait at least before the next try; None: not without the user.
    """

    text = "the line failed"
    retry_ms: "Optional[int]" = 5_000

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return "%s (%s)" % (self.text, self.detail) if self.detail else self.text


class NoCarrier(LinkError):
    """The line dropped, or the other modem did not train."""

    text = "no carrier"
    retry_ms = 2_000


class Busy(LinkError):
    """Somebody else talks to that number."""

    text = "number is busy"
    retry_ms = 15_000


class NoAnswer(LinkError):
    """It rang, and nobody took the call."""

    text = "no answer"
    retry_ms = 30_000


class NoDialtone(LinkError):
    """The telephone line is dead, or not plugged in."""

    text = "no dial tone"
    retry_ms = 30_000


class Blacklisted(LinkError):
    """The modem refuses the number, as V.250 leaves it to the country; trying would make it worse."""

    text = "modem refuses the number"
    retry_ms = None


class SimError(LinkError):
    """The card is missing, locked or broken. Never retried alone: three wrong PINs lock it."""

    text = "SIM card"
    retry_ms = None


class LoginFailed(LinkError):
    """The terminal server did not say what the script expects. detail: what that was, never what was sent."""

    text = "terminal server"
    retry_ms = 30_000


class Timeout(LinkError):
    """Nothing at all was heard in the time that the step may take."""

    text = "the modem does not answer"
    retry_ms = 10_000


class NetError(LinkError):
    """The network, TCP or name resolution failed. retry_ms: where that is not as with every LinkError."""

    text = "network error"

    def __init__(self, detail: str = "", retry_ms: int = 5_000) -> None:
        super().__init__(detail)
        self.retry_ms = retry_ms


class Link:
    """A way to the server. open() begins; ready() says when bytes may pass; any call may raise LinkError."""

    def open(self, now_ms: int) -> None:
        """Begins to connect."""
        raise NotImplementedError

    def ready(self, now_ms: int) -> bool:
        """True once bytes may pass; to be called again and again after open()."""
        raise NotImplementedError

    def tls(self) -> "Optional[dict[str, bytes]]":
        """The channel bindings of the verified TLS that protects the bytes now; None if there is none."""
        return None

    def starts_tls(self) -> bool:
        """True if bytes pass in clear only until start_tls()."""
        return False

    def start_tls(self, now_ms: int) -> None:  # noqa: B027
        """The server has agreed to begin TLS (RFC 6120 §5); ready() says when bytes may pass again."""

    def stirred(self) -> bool:
        """True if bytes have come since the last call that cannot be read yet."""
        return False

    def doubtful(self) -> bool:
        """True once, when there is a hint that the line is gone, which only an answer of the server can disprove."""
        return False

    def poll(self, now_ms: int) -> None:  # noqa: B027
        """Tells the link the time while it stands; links that need no time ignore it."""

    def read_into(self, buf: "Buffer") -> int:
        """Fills the beginning of buf with what has arrived; returns how many bytes, 0 if there are none."""
        raise NotImplementedError

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        """Takes what it can of data now; returns how many bytes."""
        raise NotImplementedError

    def carrier(self) -> "Optional[bool]":
        """Whether the line stands, where the link can tell; None where it cannot."""
        return None

    def closing(self, now_ms: int) -> bool:
        """Hangs up, politely where that takes several steps: True while another call is needed."""
        self.close()
        return False

    def close(self) -> None:
        """Lets go of everything at once. May be called in any state, and twice."""
        raise NotImplementedError

    def deadline_ms(self) -> "Optional[int]":
        """When the link wants to be called again although no byte came; None: it does not."""
        return None

    def redirect(self, address: str) -> bool:
        """The next open(), and only that, goes to host, host:port or [IPv6]:port. False if the link cannot choose."""
        return False

    def status(self) -> str:
        """A word or two for the status line."""
        return ""
