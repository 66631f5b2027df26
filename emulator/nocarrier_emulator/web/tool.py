"""`nocarrier-emulator serve`: the page with handhelds at the exchange or a real server, or with a flashed board."""

import asyncio
import contextlib
import os
import sys
import webbrowser
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import serial
from aiohttp import web

from nocarrier_emulator import outside, programs
from nocarrier_emulator.clock import ScaledClock
from nocarrier_emulator.servers.prosody import Prosody, find_program
from nocarrier_emulator.web.desk import Desk
from nocarrier_emulator.web.device import DeviceDesk
from nocarrier_emulator.web.server import Server, Shown

_USERS = {"anna": "anna-pw", "bert": "bert-pw"}  # of a Prosody that is started for them


class _CannotServe(Exception):
    pass


def options(parser: Any) -> None:
    """Of the command line."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8201, help="0: any that is free")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--headless", action="store_true", help="only serve, open no browser")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--device", default="", metavar="PORT", help="a flashed board's serial port, to be seen instead")
    where.add_argument("--prosody", action="store_true", help="start one, and have the handhelds call it")
    where.add_argument(
        "--account", action="append", metavar="JID", help="a handheld for an account of yours; may be given again"
    )
    parser.add_argument("--server", default="", metavar="HOST[:PORT]", help="of the accounts, if not their domain")
    parser.add_argument("--ca", default="", metavar="FILE", help="the root, in PEM, that its certificate hangs on")
    programs.options(parser)
    parser.add_argument("--rate", type=int, default=115_200, dest="rate_bps", help="of that port, in bit/s")


def run(chosen: Any) -> int:
    """Serves until interrupted. The address is printed; unless headless, a browser is opened where there is one.

    Raises ValueError for options that do not go together.
    """
    if (chosen.server or chosen.ca) and not chosen.account:
        raise ValueError("a server is called for an --account")
    if chosen.on and (chosen.account or chosen.device):
        raise ValueError("--on is for anna or bert")
    try:
        asyncio.run(_serve(chosen))
    except KeyboardInterrupt:
        pass
    except (serial.SerialException, _CannotServe, RuntimeError) as error:  # the last: a Prosody that does not start
        print(error, file=sys.stderr)
        return 1
    return 0


@contextlib.asynccontextmanager
async def _laid(desk: Desk) -> AsyncIterator[Desk]:
    try:
        yield desk
    finally:
        await desk.close()


@contextlib.asynccontextmanager
async def _shown(chosen: Any) -> AsyncIterator[Shown]:
    """What the page is to show, as long as it does."""
    clock, on = ScaledClock(), programs.chosen(chosen)
    if chosen.device:
        device = DeviceDesk(chosen.device, chosen.rate_bps)
        try:
            yield device
        finally:
            device.close()
    elif chosen.prosody:
        program = find_program()
        if program is None:
            raise ValueError("there is no prosody on this machine")
        server = Prosody(program, _USERS)
        try:
            server.start()
            async with _laid(Desk(clock, chosen.seed, outside.started(server, clock), on)) as desk:
                yield desk
        finally:
            server.remove()
    elif chosen.account:
        accounts = outside.of_accounts(chosen.account, chosen.server, chosen.ca, clock)
        async with _laid(Desk(clock, chosen.seed, accounts)) as desk:
            yield desk
    else:
        async with _laid(Desk(clock, chosen.seed, None, on)) as desk:
            yield desk


def _broken(desk: Shown, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An alarm of the world has raised: the page says so, and the terminal has the rest."""
    if isinstance(context.get("exception"), Exception):
        desk.raised(context["exception"])
    loop.default_exception_handler(context)


async def _start(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise _CannotServe("cannot serve on %s port %d: %s" % (host, port, error.strerror)) from None


async def _serve(chosen: Any) -> None:
    async with _shown(chosen) as desk:
        asyncio.get_running_loop().set_exception_handler(partial(_broken, desk))
        runner = web.AppRunner(Server(desk, chosen.host).app(), access_log=None)
        await runner.setup()
        try:
            await _start(runner, chosen.host, chosen.port)
            url = "http://%s:%d/" % (chosen.host, runner.addresses[0][1])
            print("nocarrier emulator: %s  (Ctrl-C ends it)" % url, flush=True)
            if not chosen.headless and (
                sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
            ):
                webbrowser.open(url)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
