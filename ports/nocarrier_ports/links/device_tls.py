"""TLS on a device: MicroPython's tls module, which is Mbed TLS, over a stream that is a link.

TLS 1.2 as a rule, since MicroPython's ports have no other; a certificate needs a clock that is set (netclock.py), and
its root as a DER file on the flash.
"""

import gc
import io
import os
import sys

import tls

from nocarrier.compat import const
from nocarrier.errors import UsageError
from nocarrier_ports.links.certificate import Untrusted, end_point
from nocarrier_ports.links.link import Link, LinkError, NetError, NoCarrier
from nocarrier_ports.links.tls import TlsBase

try:
    from typing import Any, Callable, Optional

    from nocarrier_ports.links.link import Buffer
    from nocarrier_ports.netclock import NetClock
except ImportError:
    pass

_POLL = const(3)  # ioctl of MicroPython's streams
# Written at once: one record, which is copied while the line is behind.
_RECORD_BYTES = const(512)
# What Mbed TLS wants in one piece for what it receives, and beside it for what it sends and while it computes; from
# MicroPython's heap, but on ports where the system has a heap of its own.
_MEMORY_BYTES = (17_000, 5_000, 12_000)
_OWN_HEAP = ("esp32", "linux")


class _Wire:
    """What a stream does, over the link underneath. It takes whatever it is given, so that no record is begun twice.

    error: what the link has raised, which must not fly through Mbed TLS.
    """

    def __init__(self, inner: Link, heard: "Callable[[], None]") -> None:
        self._inner = inner
        self._heard = heard
        self.pending = b""
        self.error: "Optional[LinkError]" = None

    def readinto(self, buf: "Buffer") -> "Optional[int]":
        if self.error is not None:
            return 0
        try:
            size = self._inner.read_into(buf)
        except LinkError as error:
            self.error = error
            return 0
        if size:
            self._heard()
        return size or None

    def write(self, data: "Buffer") -> int:
        self.pending += bytes(data)
        self.flush()
        return len(data)

    def flush(self) -> None:
        if self.pending and self.error is None:
            try:
                self.pending = self.pending[self._inner.write(self.pending) :]
            except LinkError as error:
                self.error = error

    def ioctl(self, request: int, flags: int) -> int:
        return flags if request == _POLL else 0

    def stream(self) -> "Any":
        """The same as one of MicroPython's streams; their class is no constant, and so this one is made here."""

        class Stream(io.IOBase):
            readinto, write, ioctl = self.readinto, self.write, self.ioctl

        return Stream()


class TlsLink(TlsBase):
    """roots: folder with the certificates that are trusted, one a file, in DER. clock: sets the board's, if there is a
    way to. The rest: see TlsBase. There is one for all connections, of which around() says the next.

    Raises UsageError if there are no roots, or not as much memory as TLS takes, which is kept for it from here on.
    """

    def __init__(self, domain: str, roots: str, clock: "Optional[NetClock]" = None, silence_ms: int = 60_000) -> None:
        super().__init__(Link(), domain, False, silence_ms)
        self._clock = clock
        self._bindings: "Optional[dict[str, bytes]]" = None
        self._one = bytearray(1)
        self._kept: "tuple[bytearray, ...]" = ()
        self._tls: "Any" = None
        self._wire = _Wire(self._inner, self._heard)
        self._context = self._strict()  # once: with it go the roots
        self._load(roots)
        if not self._keep_memory():
            raise UsageError("too little memory for TLS: %d bytes are needed" % sum(_MEMORY_BYTES))

    def around(self, inner: Link, direct: bool) -> "TlsLink":
        """inner: what carries the bytes. direct: TLS begins with the connection, and not when the server has agreed."""
        self._forget()
        self._inner = inner
        self._wire = _Wire(inner, self._heard)
        self._starttls = not direct
        return self

    def _strict(self) -> "Any":
        context: "Any" = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_REQUIRED
        context.verify_callback = self._certificate
        return context

    def _load(self, folder: str) -> None:
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            names = []
        for name in names:
            try:
                with open(folder + "/" + name, "rb") as file:
                    self._context.load_verify_locations(file.read())
            except ValueError:
                raise UsageError("no certificate in DER: %s/%s" % (folder, name)) from None
        if not names:
            raise UsageError("no root certificates in " + folder)

    def open(self, now_ms: int) -> None:
        super().open(now_ms)
        if self._clock is not None:
            self._clock.begin(now_ms)

    def ready(self, now_ms: int) -> bool:
        return (self._clock is None or self._clock.ready(now_ms)) and super().ready(now_ms)

    def close(self) -> None:
        super().close()
        if self._clock is not None:
            self._clock.close()

    def tls(self) -> "Optional[dict[str, bytes]]":
        return self._bindings if self._secure else None

    def read_into(self, buf: "Buffer") -> int:
        if not self._begun:
            return self._inner.read_into(buf)
        size = self._guarded(self._tls.readinto, buf)
        if size == 0:
            raise NoCarrier("closed by the server")
        return size or 0

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        if not self._begun:
            return self._inner.write(data)
        self._flush()
        if self._wire.pending:  # the line is behind: what comes now waits at its owner's
            return 0
        return self._guarded(self._tls.write, memoryview(data)[:_RECORD_BYTES]) or 0

    def deadline_ms(self) -> "Optional[int]":
        return self._inner.deadline_ms()

    # -- Mbed TLS ---------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._end()
        self._kept = ()
        gc.collect()
        try:
            self._tls = self._context.wrap_socket(
                self._wire.stream(), server_hostname=self._domain, do_handshake_on_connect=False
            )
        except (OSError, MemoryError):
            raise NetError("TLS: too little memory", 60_000) from None

    def _shaken(self) -> bool:
        """True when the certificate is found good; the handshake goes on with the first bytes that are written, none of
        which leave before its end."""
        if self._guarded(self._tls.readinto, self._one) is not None:
            raise NetError("TLS: closed by the server")
        return self._bindings is not None

    def _certificate(self, der: "Buffer", depth: int) -> int:
        """Mbed TLS shows the chain, the server's own last; what it thinks of it is said by the call that it is in."""
        if depth == 0:
            data = end_point(bytes(der))
            self._bindings = {"tls-server-end-point": data} if data is not None else {}
        return 0

    def _guarded(self, call: "Callable[[Buffer], Optional[int]]", buf: "Buffer") -> "Optional[int]":
        """What reading or writing returns: bytes, or None where it has to wait. Raises the LinkError that it means."""
        try:
            size = call(buf)
        except ValueError as error:  # how MicroPython tells that a certificate is not good, a line for each reason
            self._flush()
            self._end()
            raise Untrusted(str(error).strip().split("\n")[0]) from None
        except OSError as error:
            self._flush()  # the alert that says why
            broken, secure = self._wire.error, self._secure
            self._end()
            if broken is not None:
                raise broken from None
            raise (NoCarrier if secure else NetError)("TLS: %s" % error) from None
        if self._wire.error is not None:
            raise self._wire.error
        return size

    def _flush(self) -> None:
        self._wire.flush()

    def _end(self) -> None:
        self._tls = self._bindings = None
        self._wire.pending, self._wire.error = b"", None
        gc.collect()
        if not self._kept:
            self._keep_memory()

    def _keep_memory(self) -> bool:
        """Asks for the memory before anything else does, and gives it back for the connection; False: there is none."""
        if sys.platform not in _OWN_HEAP:
            try:
                self._kept = tuple([bytearray(size) for size in _MEMORY_BYTES])
            except MemoryError:
                return False
        return True
