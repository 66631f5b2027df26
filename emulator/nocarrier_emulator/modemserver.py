"""`nocarrier-emulator modem`: a modem for real terminals, that dials TCP and TLS addresses by a phone book.

Or a module for GSM and LTE, which connects to addresses that it is told.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Protocol

from nocarrier_emulator import phonefile
from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.dte.port import Dce
from nocarrier_emulator.dte.tcp import KINDS, TcpPort
from nocarrier_emulator.gsm.modules import MODULES, on_the_network
from nocarrier_emulator.line.profile import Profile, named, plain
from nocarrier_emulator.modem.modem import Modem

_DIRECT = "direct"
_DIRECT_BUFFER_BYTES = 2048


class _Port(Protocol):
    def close(self) -> None: ...


def options(parser: Any) -> None:
    """Of the command line."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--serial", metavar="DEVICE", help="a serial port, with a null-modem cable to the terminal")
    where.add_argument("--pty", action="store_true", help="a pseudo-terminal, whose path is printed")
    where.add_argument("--listen", metavar="KIND:PORT", help="a TCP port; KIND is one of: " + ", ".join(KINDS))
    parser.add_argument("--host", default="127.0.0.1", help="that --listen binds")
    parser.add_argument("--book", type=Path, metavar="FILE", help="phone book in TOML; see emulator/README.md")
    parser.add_argument("--module", choices=MODULES, help="be one for GSM or LTE, that is told addresses, not numbers")
    parser.add_argument("--rate", type=int, default=9600, dest="rate_bps", help="of the serial port, in bit/s")
    parser.add_argument("--no-lines", action="store_true", help="the cable has neither DTR nor carrier detect")
    parser.add_argument("--rtscts", action="store_true", help="the cable has RTS and CTS")
    parser.add_argument("--profile", default=_DIRECT, help="a kind of line; direct: as fast as the serial port")


def run(chosen: Any) -> int:
    """Serves until interrupted. Raises ValueError or OSError for what is wrong with the options."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(chosen))
    return 0


def _profile(chosen: Any) -> Profile:
    if chosen.profile == _DIRECT:
        return plain(chosen.rate_bps, 0, buffer_bytes=_DIRECT_BUFFER_BYTES)
    return named(chosen.profile)


async def _serve(chosen: Any) -> None:
    clock = ScaledClock()
    port = await _port(_dce(chosen, clock), chosen)
    try:
        await asyncio.Event().wait()
    finally:
        port.close()


def _dce(chosen: Any, clock: ScaledClock) -> Dce:
    if chosen.module:
        if chosen.book:
            raise ValueError("a module is told addresses: it has no use for --book")
        return on_the_network(chosen.module, clock, _profile(chosen))
    entries = phonefile.read(chosen.book) if chosen.book else []
    for entry in entries:
        print("%-12s %-16s %s  %s" % (entry.number, entry.name, entry.to, entry.notes))
    return Modem(clock, phonefile.book(entries, clock), _profile(chosen))


async def _port(modem: Dce, chosen: Any) -> _Port:
    if chosen.serial:
        from nocarrier_emulator.dte.serialport import SerialPort

        port: _Port = SerialPort(modem, chosen.serial, chosen.rate_bps, not chosen.no_lines, chosen.rtscts)
        print("modem at %s, %d bit/s  (Ctrl-C ends it)" % (chosen.serial, chosen.rate_bps), flush=True)
        return port
    if chosen.pty:
        from nocarrier_emulator.dte.pty import PtyPort

        pty = PtyPort(modem)
        print("modem at %s  (Ctrl-C ends it)" % pty.path, flush=True)
        return pty
    kind, _, number = chosen.listen.partition(":")
    if kind not in KINDS or not number.isdigit() or int(number) > 65535:
        raise ValueError("--listen takes KIND:PORT, and KIND is one of: " + ", ".join(KINDS))
    tcp = TcpPort(modem, kind)
    await tcp.start(chosen.host, int(number))
    print("modem at %s:%d, %s  (Ctrl-C ends it)" % (chosen.host, tcp.port, kind), flush=True)
    return tcp
