"""nocarrier-emulator: the command line."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from nocarrier_emulator import modemserver
from nocarrier_emulator.gremlins import tool as gremlins
from nocarrier_emulator.script import tool as scripts
from nocarrier_emulator.web import tool as page

_TOOLS = {"modem": modemserver.run, "gremlins": gremlins.run, "run": scripts.run, "serve": page.run}


def main() -> int:
    """Parses the command line and runs what it asks for; the exit status says how it ended."""
    # As Ctrl-C: what was started, a server say, is ended too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run()
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nocarrier-emulator")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("demo", help="two handhelds talk over lines that drop; no window")
    show.add_argument("--seed", type=int, default=1)
    show.add_argument("--speed", type=int, default=8, help="of the devices' clock and the line; 1 is life")
    show.add_argument("--messages", type=int, default=20, help="each way")
    show.add_argument("--drops", type=int, default=6)
    show.add_argument("--kills", type=int, default=2)
    show.add_argument("--span", type=float, default=0, dest="span_s", help="seconds of the devices' time that it takes")
    show.add_argument("--server", choices=("exchange", "prosody"), default="exchange")
    show.add_argument("--peer", choices=("nocarrier", "slixmpp"), default="nocarrier")
    show.add_argument("--micropython", default=os.environ.get("MICROPYTHON32", ""))
    show.add_argument("--heap", default="64k", help="of the handheld that runs on MicroPython")
    show.add_argument("--page", type=int, default=2, help="lines of its history that are asked for at once")
    show.add_argument("--firmware", default="", help="the handheld is this one, of ports/boards/mps2, in QEMU")
    show.add_argument("--qemu", default=os.environ.get("QEMU_ARM", "qemu-system-arm"))
    show.add_argument("--segments", type=int, default=8, help="of 8 KB of flash, for all that is kept")
    show.add_argument("--rate", type=int, default=2400, dest="rate_bps", help="of the lines, in bit/s")
    show.add_argument("--latency", type=int, default=300, dest="latency_ms", help="of the lines, in ms")
    show.add_argument("--trusted", action="store_true", help="the password may cross the lines in clear")
    show.add_argument("--contacts", type=int, default=0, help="in the first one's roster, besides the other")
    serve = commands.add_parser("serve", help="the page with two handhelds, or with a flashed board")
    page.options(serve)
    modem = commands.add_parser("modem", help="a modem for real terminals, which dials TCP and TLS addresses")
    modemserver.options(modem)
    loose = commands.add_parser("gremlins", help="lets gremlins at two handhelds, by number")
    gremlins.options(loose)
    script = commands.add_parser("run", help="plays scenarios in virtual time")
    scripts.options(script)
    reader = commands.add_parser("journal", help="shows and verifies what is on a handheld's flash")
    reader.add_argument("folder", type=Path)
    return parser


def _run() -> int:
    parser = _parser()
    options = parser.parse_args()
    if options.command == "journal":
        from nocarrier_emulator import journaltool

        return journaltool.show(options.folder)
    if options.command in _TOOLS:
        try:
            return _TOOLS[options.command](options)
        except (ValueError, OSError) as error:  # a phone book, a port, a profile or a file that is none
            parser.error(str(error))
    if options.peer == "slixmpp" and options.server != "prosody":
        parser.error("slixmpp needs a real server: --server prosody")
    # Here and not above: `make run` has no slixmpp.
    from nocarrier_emulator.demo import play
    from nocarrier_emulator.demo.stage import Options

    if not options.micropython and not options.firmware:
        parser.error("there is no 32-bit MicroPython: make demo sets it up")
    chosen = vars(options)
    del chosen["command"]
    return asyncio.run(play.run(Options(**chosen)))


if __name__ == "__main__":
    sys.exit(main())
