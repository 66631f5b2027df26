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
from nocarrier_ports.clock import utc_s
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
_READ_BYTES = const(256)
_HEAD_BYTES = const(5)
_CHANGE_CIPHER, _HANDSHAKE, _DATA = const(20), const(22), const(23)  # kinds of records (RFC 5246 §6.2.1)
_PATIENCE_MS = const(60_000)
# What Mbed TLS wants in one piece for what it receives, and beside it for what it sends and while it computes; from
# MicroPython's heap, but on ports where the system has a heap of its own.
_MEMORY_BYTES = (17_000, 5_000, 12_000)
_OWN_HEAP = ("esp32", "linux")


class _Wire:
    """What a stream does, over the link underneath. It takes whatever it is given, so that no record is begun twice.

    Links want to fill more than the few bytes that Mbed TLS asks for; nothing may be raised through it, not for want of
    memory either. error: what should have been. finished: the handshake is over, as the kinds of records tell.
    """

    def __init__(self, inner: Link, heard: "Callable[[], None]") -> None:
        self._inner = inner
        self._heard = heard
        self._buf = memoryview(bytearray(_READ_BYTES))
        self._at = self._end = 0  # in it, what has not been asked for yet
        self._head = b""  # of the record that is being read
        self._left = 0  # bytes of its body
        self._ciphered = False
        self.pending = b""
        self.error: "Optional[LinkError]" = None
        self.finished = False

    def readinto(self, buf: "Buffer") -> "Optional[int]":
        try:
            if self._at == self._end:
                self._at, self._end = 0, self._inner.read_into(self._buf)
                if not self._end:
                    return None
                self._heard()
            part = self._buf[self._at : min(self._end, self._at + len(buf))]
            buf[: len(part)] = part
            self._at += len(part)
            if not self.finished:
                self._follow(part)
            return len(part)
        except LinkError as error:
            self.error = error
        except MemoryError:
            self.error = _no_memory()
        return 0

    def write(self, data: "Buffer") -> int:
        # In TLS 1.3 the client's last word of the handshake is the first that looks like data.
        self.finished = self.finished or data[0] == _DATA
        try:
            self.pending += bytes(data)
        except MemoryError:
            self.error = _no_memory()
        self.flush()
        return len(data)

    def flush(self) -> None:
        if self.pending and self.error is None:
            try:
                self.pending = self.pending[self._inner.write(self.pending) :]
            except LinkError as error:
                self.error = error

    def _follow(self, part: "Buffer") -> None:
        """In TLS 1.2 the server's first ciphered record, behind its ChangeCipherSpec, ends the handshake."""
        for byte in part:
            if self._left:
                self._left -= 1
                if not self._left:
                    self.finished = self._ciphered and self._head[0] == _HANDSHAKE
                    self._ciphered = self._ciphered or self._head[0] == _CHANGE_CIPHER
                    self._head = b""
            else:
                self._head += bytes((byte,))
                if len(self._head) == _HEAD_BYTES:
                    self._left = self._head[3] << 8 | self._head[4]

    def ioctl(self, request: int, flags: int) -> int:
        return flags if request == _POLL else 0

    def stream(self) -> "Any":
        """The same as one of MicroPython's streams; their class is no constant, and so this one is made here."""

        class Stream(io.IOBase):
            readinto, write, ioctl = self.readinto, self.write, self.ioctl

        return Stream()


def _no_memory() -> NetError:
    return NetError("TLS: too little memory", _PATIENCE_MS)


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
        self._inner = inner
        self._forget()
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
        names = [name for name in names if name.endswith(".der")]  # and not one that is half written
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
        size = self._guarded(True, buf)
        if size == 0:
            raise NoCarrier("closed by the server")
        return size or 0

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        if not self._begun:
            return self._inner.write(data)
        self._flush()
        if self._wire.pending:  # the line is behind: what comes now waits at its owner's
            return 0
        return self._guarded(False, memoryview(data)[:_RECORD_BYTES]) or 0

    # -- Mbed TLS ---------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._end()
        if not utc_s():  # as the clock of a board without a battery is, on a line that cannot ask for the time
            raise NetError("TLS: the clock is not set", _PATIENCE_MS)
        self._kept = ()
        gc.collect()
        try:
            self._tls = self._context.wrap_socket(
                self._wire.stream(), server_hostname=self._domain, do_handshake_on_connect=False
            )
        except (OSError, MemoryError):
            raise _no_memory() from None

    def _shaken(self) -> bool:
        if self._guarded(True, self._one) is not None:
            raise NetError("TLS: closed by the server")
        return self._wire.finished and self._bindings is not None

    def _certificate(self, der: "Buffer", depth: int) -> int:
        """Mbed TLS shows the chain, the server's own last; what it thinks of it is said by the call that it is in."""
        if depth == 0:
            try:
                data = end_point(bytes(der))
            except MemoryError:
                data = None
            self._bindings = {"tls-server-end-point": data} if data is not None else {}
        return 0

    def _guarded(self, reads: bool, buf: "Buffer") -> "Optional[int]":
        """What reading or writing returns: bytes, or None where it has to wait. Raises the LinkError that it means."""
        if self._tls is None:
            raise NoCarrier("not open")  # it has failed before
        try:
            size: "Optional[int]" = self._tls.readinto(buf) if reads else self._tls.write(buf)
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
        if self._wire.error is not None and not size:  # else first what has come
            raise self._wire.error
        return size

    def _flush(self) -> None:
        self._wire.flush()

    def _end(self) -> None:
        if self._tls is not None:
            self._tls.close()  # its memory is free at once
        self._tls = self._bindings = None
        self._wire = _Wire(self._inner, self._heard)
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
