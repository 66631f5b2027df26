"""TLS on a desktop: CPython's ssl between two buffers."""

import ssl

from nocarrier_ports.links.certificate import Untrusted, end_point
from nocarrier_ports.links.link import Link, NetError, NoCarrier
from nocarrier_ports.links.tls import TlsBase

try:
    from typing import Optional

    from nocarrier_ports.links.link import Buffer
except ImportError:
    pass

_CHUNK_BYTES = 4096


class TlsLink(TlsBase):
    """context: the roots that are trusted and whatever else ssl can be told; by default the system's roots, with chain
    and name verified. The rest: see TlsBase.
    """

    def __init__(
        self,
        inner: Link,
        domain: str,
        starttls: bool = False,
        context: "Optional[ssl.SSLContext]" = None,
        silence_ms: int = 60_000,
    ) -> None:
        super().__init__(inner, domain, starttls, silence_ms)
        self._context = context or ssl.create_default_context()
        self._tls: "Optional[ssl.SSLObject]" = None
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._pending = b""

    def tls(self) -> "Optional[dict[str, bytes]]":
        verified = self._context.verify_mode == ssl.CERT_REQUIRED and self._context.check_hostname
        if self._tls is None or not self._secure or not verified:
            return None
        certificate = self._tls.getpeercert(True)
        data = end_point(certificate) if certificate else None
        return {"tls-server-end-point": data} if data is not None else {}

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

    def deadline_ms(self) -> "Optional[int]":
        """At once if something is deciphered, or enciphered, already: no byte from outside would tell."""
        if self._secure and self._tls is not None and (self._tls.pending() or self._pending):
            return self._now_ms
        return super().deadline_ms()

    def _begin(self) -> None:
        self._end()
        try:
            self._tls = self._context.wrap_bio(self._in, self._out, server_hostname=self._domain)
        except (ValueError, UnicodeError):  # not a name that a certificate can be for
            raise NetError("TLS: no such host") from None

    def _shaken(self) -> bool:
        assert self._tls is not None
        while True:
            try:
                self._tls.do_handshake()
                return True
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

    def _fill(self) -> bool:
        """Takes what the line has; True if it was anything."""
        buf = bytearray(_CHUNK_BYTES)
        size = self._inner.read_into(buf)
        if size:
            self._heard()
        self._in.write(memoryview(buf)[:size])
        return size > 0

    def _flush(self) -> None:
        while True:
            self._pending = self._pending or self._out.read(_CHUNK_BYTES)
            if not self._pending:
                return
            size = self._inner.write(self._pending)
            self._pending = self._pending[size:]
            if self._pending:
                return

    def _end(self) -> None:
        self._tls = None
        self._in, self._out, self._pending = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
