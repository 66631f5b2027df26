"""TLS on a desktop, over any link: TCP, a modem's line, a wire. It is CPython's ssl between two buffers."""

import ssl

from nocarrier.modular import ticks_diff
from nocarrier_ports.links.certificate import Untrusted, end_point
from nocarrier_ports.links.link import Link, NetError, NoCarrier, Timeout

try:
    from typing import Optional

    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass

_CHUNK_BYTES = 4096


class TlsLink(Link):
    """inner: what carries the bytes. domain: of the account, which the certificate must be for (RFC 6120 §13.7.2).

    starttls: TLS begins when the server has agreed, not with the connection. context: the roots that are trusted and
    whatever else ssl can be told; by default the system's roots, with chain and name verified.
    silence_ms: how long a handshake may go without hearing anything.
    """

    def __init__(
        self,
        inner: Link,
        domain: str,
        starttls: bool = False,
        context: "Optional[ssl.SSLContext]" = None,
        silence_ms: int = 60_000,
    ) -> None:
        self._inner = inner
        self._domain = domain
        self._starttls = starttls
        self._context = context or ssl.create_default_context()
        self._in = self._out = ssl.MemoryBIO()
        self._tls: "Optional[ssl.SSLObject]" = None  # None: bytes pass in clear
        self._secure = False
        self._pending = b""
        self._silence_ms = silence_ms
        self._heard_ms = self._now_ms = 0
        self._stirred = False

    def open(self, now_ms: int) -> None:
        self._tls, self._secure, self._pending = None, False, b""
        self._inner.open(now_ms)

    def ready(self, now_ms: int) -> bool:
        self._now_ms = now_ms
        if self._tls is None and not self._inner.ready(now_ms):
            return False
        if self._tls is None and not self._starttls:
            self.start_tls(now_ms)
        if self._tls is None or self._shaken():
            return True
        self._inner.poll(now_ms)
        if self._inner.carrier() is False:
            raise NoCarrier()
        if ticks_diff(now_ms, self._heard_ms) >= self._silence_ms:
            raise Timeout("TLS")
        return False

    def starts_tls(self) -> bool:
        return self._starttls and self._tls is None

    def start_tls(self, now_ms: int) -> None:
        self._now_ms = self._heard_ms = now_ms
        self._in, self._out, self._pending = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
        try:
            self._tls = self._context.wrap_bio(self._in, self._out, server_hostname=self._domain)
        except (ValueError, UnicodeError):  # not a name that a certificate can be for
            raise NetError("TLS: no such host") from None

    def tls(self) -> "Optional[dict[str, bytes]]":
        verified = self._context.verify_mode == ssl.CERT_REQUIRED and self._context.check_hostname
        if self._tls is None or not self._secure or not verified:
            return None
        certificate = self._tls.getpeercert(True)
        data = end_point(certificate) if certificate else None
        return {"tls-server-end-point": data} if data is not None else {}

    def stirred(self) -> bool:
        stirred, self._stirred = self._stirred, False
        return stirred

    def poll(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._inner.poll(now_ms)
        if self._tls is not None:
            self._flush()

    def read_into(self, buf: "Buffer") -> int:
        if self._tls is None:
            return self._inner.read_into(buf)
        while True:
            try:
                data = self._tls.read(len(buf))
            except ssl.SSLWantReadError:
                if not self._fill():
                    return 0
                continue
            except ssl.SSLError as error:
                raise NoCarrier(str(error.reason)) from None
            if not data:
                raise NoCarrier("closed by the server")
            buf[: len(data)] = data
            return len(data)

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        if self._tls is None:
            return self._inner.write(data)
        self._flush()
        if self._pending:  # the line is behind: what comes now waits at its owner's
            return 0
        try:
            written = self._tls.write(data)
        except ssl.SSLError as error:
            raise NoCarrier(str(error.reason)) from None
        self._flush()
        return written

    def carrier(self) -> "Optional[bool]":
        return self._inner.carrier()

    def closing(self, now_ms: int) -> bool:
        return self._inner.closing(now_ms)

    def close(self) -> None:
        self._tls, self._secure = None, False
        self._inner.close()

    def deadline_ms(self) -> "Optional[int]":
        """At once if something is deciphered, or enciphered, already: no byte from outside would tell."""
        if self._secure and self._tls is not None and (self._tls.pending() or self._pending):
            return self._now_ms
        return self._inner.deadline_ms()

    def redirect(self, address: str) -> bool:
        """As every link; the certificate must still be the domain's."""
        return self._inner.redirect(address)

    def status(self) -> str:
        return self._inner.status() + (" TLS" if self.tls() is not None else "")

    def _shaken(self) -> bool:
        """The handshake, as far as it goes now."""
        assert self._tls is not None
        while not self._secure:
            try:
                self._tls.do_handshake()
                self._secure = True
            except ssl.SSLWantReadError:
                self._flush()
                if not self._fill():
                    return False
            except ssl.SSLCertVerificationError as error:
                self._flush()
                raise Untrusted(error.verify_message) from None
            except ssl.SSLError as error:
                self._flush()  # the alert that says why
                raise NetError("TLS: %s" % error.reason) from None
        self._flush()
        return True

    def _fill(self) -> bool:
        """Takes what the line has; True if it was anything."""
        buf = bytearray(_CHUNK_BYTES)
        size = self._inner.read_into(buf)
        if size:
            self._heard_ms = self._now_ms
            self._stirred = True
        self._in.write(memoryview(buf)[:size])
        return size > 0

    def _flush(self) -> None:
        """Hands out what the line takes."""
        while True:
            self._pending = self._pending or self._out.read(_CHUNK_BYTES)
            if not self._pending:
                return
            size = self._inner.write(self._pending)
            self._pending = self._pending[size:]
            if self._pending:
                return
