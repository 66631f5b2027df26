"""TLS over any link: TCP, a modem's line, a wire. Who does the ciphering: desktop_tls.py, device_tls.py."""

from nocarrier.modular import ticks_diff
from nocarrier_ports.links.link import Link, NoCarrier, Timeout

try:
    from typing import Optional
except ImportError:
    pass


class TlsBase(Link):
    """inner: what carries the bytes. domain: of the account, which the certificate must be for (RFC 6120 §13.7.2).

    starttls: TLS begins when the server has agreed, not with the connection. silence_ms: how long a handshake may go
    without hearing anything.
    """

    def __init__(self, inner: Link, domain: str, starttls: bool, silence_ms: int) -> None:
        self._inner = inner
        self._domain = domain
        self._starttls = starttls
        self._silence_ms = silence_ms
        self._begun = self._secure = False  # not begun: bytes pass in clear
        self._heard_ms = self._now_ms = 0
        self._stirred = False

    # -- what the two kinds do in their own way ---------------------------------------------------------------------

    def _begin(self) -> None:
        """TLS from here on, with nothing kept of any before. Raises LinkError."""
        raise NotImplementedError

    def _shaken(self) -> bool:
        """The handshake, as far as it goes now; True when the server is who it says. Raises LinkError."""
        raise NotImplementedError

    def _flush(self) -> None:
        """Hands out what the line takes."""
        raise NotImplementedError

    def _end(self) -> None:
        """Forgets everything of the connection."""
        raise NotImplementedError

    # -- what is common ---------------------------------------------------------------------------------------------

    def open(self, now_ms: int) -> None:
        self._forget()
        self._inner.open(now_ms)

    def ready(self, now_ms: int) -> bool:
        self._now_ms = now_ms
        if not self._begun and not self._inner.ready(now_ms):
            return False
        if not self._begun and not self._starttls:
            self.start_tls(now_ms)
        if not self._begun or self._secure:
            return True
        self._secure = self._shaken()
        self._flush()
        if self._secure:
            return True
        self._inner.poll(now_ms)
        if self._inner.carrier() is False:
            raise NoCarrier()
        if ticks_diff(now_ms, self._heard_ms) >= self._silence_ms:
            raise Timeout("TLS")
        return False

    def starts_tls(self) -> bool:
        return self._starttls and not self._begun

    def start_tls(self, now_ms: int) -> None:
        self._now_ms = self._heard_ms = now_ms
        self._begin()
        self._begun = True

    def stirred(self) -> bool:
        stirred, self._stirred = self._stirred, False
        return stirred

    def doubtful(self) -> bool:
        return self._inner.doubtful()

    def poll(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._inner.poll(now_ms)
        if self._begun:
            self._flush()

    def carrier(self) -> "Optional[bool]":
        return self._inner.carrier()

    def closing(self, now_ms: int) -> bool:
        return self._inner.closing(now_ms)

    def close(self) -> None:
        self._forget()
        self._inner.close()

    def deadline_ms(self) -> "Optional[int]":
        return self._inner.deadline_ms()

    def redirect(self, address: str) -> bool:
        """As every link; the certificate must still be the domain's."""
        return self._inner.redirect(address)

    def status(self) -> str:
        return self._inner.status() + (" TLS" if self.tls() is not None else "")

    def _forget(self) -> None:
        self._begun = self._secure = False
        self._end()

    def _heard(self) -> None:
        """Something has come, if only part of a record."""
        self._heard_ms = self._now_ms
        self._stirred = True
