"""nocarrier-flash PORT BOARD: checks the board, copies what it needs, writes its settings, and starts it.

It may be interrupted at any moment and run again: main.py goes first and comes back last, so that a board with half of
the files starts nothing. What is there already, by its hash, is not sent again; what the device itself may start from,
or the user has typed, gets its name only when it is whole.
"""

import argparse
import getpass
import hashlib
import json
import posixpath
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nocarrier.errors import UsageError
from nocarrier_emulator.flasher import payload
from nocarrier_emulator.flasher.board import Board, Facts
from nocarrier_emulator.flasher.errors import FlashError
from nocarrier_emulator.flasher.selftest import selftest
from nocarrier_ports.settings import Settings

_OLDEST = (1, 24)
_HEAP_BYTES = 250_000  # with nothing of ours in ROM: 200 KB are code
_HEAP_SOURCE_BYTES = 320_000  # which is compiled on the board, too
_HEAP_FROZEN_BYTES = 28_000
_FLASH_SPARE_BYTES = 80_000  # for the queue's log
_BLOCK_BYTES = 4096  # that a file takes on flash at least
_MAIN = "main.py"
_SETTINGS = "settings.json"
_ROOTS = "roots"
_HALF = "~"  # at the end of the name of a file that is not whole yet
_LISTEN_S = 3.0
_BACK_S = 120.0


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0; 1 if the board could not be flashed; 2 if the command line is wrong."""
    options = _parser().parse_args(arguments)
    boards = payload.boards()
    if options.board not in boards:
        print("there is no board %r; there are %s" % (options.board, ", ".join(boards)), file=sys.stderr)
        return 2
    try:
        if options.selftest:
            selftest(Board(options.port, options.before), lambda: _again(options.port, options.before), print)
            return 0
        settings = _settings(options.settings) if options.settings else None
        roots = _roots(options.root)
        flash(options.port, boards[options.board], settings, roots, options.source, options.before, print)
    except (FlashError, UsageError) as error:
        print("nocarrier-flash: %s" % error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nnocarrier-flash: interrupted; run it again, it goes on from here", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("nocarrier-flash", description="Puts nocarrier on a board that runs MicroPython.")
    parser.add_argument("port", help="serial port of the board, or an address that pyserial knows")
    parser.add_argument("board", help="one of " + ", ".join(payload.boards()))
    parser.add_argument("--settings", help="settings.json; - asks for what is needed, without echoing the password")
    parser.add_argument("--root", action="append", default=[], help="certificate to trust, PEM or DER; repeatable")
    parser.add_argument("--selftest", action="store_true", help="only test the flash; you take the power away")
    parser.add_argument("--source", action="store_true", help="copy sources, not compiled files")
    parser.add_argument("--before", default="", help="Python to run first, on boards that have no files before that")
    return parser


def _roots(paths: list[str]) -> dict[str, bytes]:
    """Certificates by their paths on the board. Raises FlashError."""
    roots: dict[str, bytes] = {}
    for path in paths:
        name = "%s/%s.der" % (_ROOTS, Path(path).stem)
        if name in roots:
            raise FlashError("two certificates of the name %s" % Path(path).stem)
        roots[name] = payload.der(Path(path))
    return roots


def _again(port: str, before: str) -> Board:
    """The board, when it is there once more."""
    end_s = time.monotonic() + _BACK_S
    while True:
        try:
            return Board(port, before)
        except FlashError:
            if time.monotonic() > end_s:
                raise
            time.sleep(1)


def flash(
    port: str,
    main_py: Path,
    settings: str | None,
    roots: dict[str, bytes],
    source: bool,
    before: str,
    say: Callable[[str], Any],
) -> None:
    """All of it. settings: the text for settings.json; None leaves what is there. Raises FlashError.

    roots: certificates by their paths on the board; those that are there stay.
    """
    board = Board(port, before)
    try:
        facts = board.facts()
        say("MicroPython %s on %s, %d bytes of heap and %d of flash free" % (
            ".".join(str(n) for n in facts.version), facts.platform, facts.heap_free_bytes, facts.flash_free_bytes,
        ))  # fmt: skip
        wanted = {} if facts.frozen else payload.files(0 if source else facts.mpy_version)
        _check(facts, source)
        if facts.frozen:
            say("nocarrier is part of its firmware: only settings are written")
        else:
            _copy(board, wanted, facts.flash_free_bytes, say)
        _put_settings(board, settings)
        _put_roots(board, roots)
        if not facts.frozen:
            _put(board, _MAIN, main_py.read_bytes())
        _verify(board, {**wanted, **roots})
        say("verified; it starts:")
        for line in board.restart(_LISTEN_S):
            say("  " + line)
    finally:
        board.close()


def _check(facts: Facts, source: bool) -> None:
    if facts.name != "micropython" or facts.version < _OLDEST:
        raise FlashError("it runs %s %s; MicroPython %d.%d or newer is needed" % (
            facts.name, ".".join(str(n) for n in facts.version), *_OLDEST,
        ))  # fmt: skip
    needed = _HEAP_FROZEN_BYTES if facts.frozen else _HEAP_SOURCE_BYTES if source else _HEAP_BYTES
    if facts.heap_free_bytes < needed:
        raise FlashError("it has %d bytes of heap free, and needs %d%s" % (
            facts.heap_free_bytes, needed, "" if facts.frozen else ": use a firmware with nocarrier in it",
        ))  # fmt: skip


def _copy(board: Board, wanted: dict[str, bytes], free_bytes: int, say: Callable[[str], Any]) -> None:
    """What differs from what is there; what does not belong there goes."""
    there = board.hashes(_folders(wanted))
    new = [data for path, data in wanted.items() if path not in there]
    needed = sum(-len(data) % _BLOCK_BYTES + len(data) for data in new) + _FLASH_SPARE_BYTES * bool(new)
    if free_bytes < needed:
        raise FlashError("it has %d bytes of flash free, and needs %d" % (free_bytes, needed))
    board.remove(_MAIN)
    folders = sorted({posixpath.dirname(path) for path in wanted} | {payload.LIBRARY}, key=len)
    for folder in folders:
        board.make_folder(folder)
    for path in there:
        if path not in wanted:
            board.remove(path)
    different = [path for path, data in wanted.items() if there.get(path) != _hash(data)]
    say("%d files, of which %d are sent" % (len(wanted), len(different)))
    for path in different:
        board.write(path, wanted[path])


def _folders(wanted: dict[str, bytes]) -> list[str]:
    """Those at the top of what is wanted: a package, the roots."""
    return sorted({"/".join(posixpath.dirname(path).split("/")[:2]) for path in wanted})


def _put(board: Board, path: str, data: bytes) -> None:
    """The file has its name only when all of it is there."""
    board.write(path + _HALF, data)
    board.rename(path + _HALF, path)


def _put_settings(board: Board, settings: str | None) -> None:
    """settings: None leaves what is there, or what an earlier run had written and not renamed any more."""
    if settings is not None:
        _put(board, _SETTINGS, settings.encode())
        return
    there = board.hashes([""])
    if _SETTINGS not in there and _SETTINGS + _HALF in there and board.holds_json(_SETTINGS + _HALF):
        board.rename(_SETTINGS + _HALF, _SETTINGS)
    elif _SETTINGS not in there:
        raise FlashError("there are no settings on the board yet: --settings FILE, or --settings -")


def _put_roots(board: Board, roots: dict[str, bytes]) -> None:
    if roots:
        board.make_folder(_ROOTS)
    for path, data in roots.items():
        _put(board, path, data)


def _verify(board: Board, wanted: dict[str, bytes]) -> None:
    there = board.hashes(_folders(wanted)) if wanted else {}
    wrong = [path for path, data in wanted.items() if there.get(path) != _hash(data)]
    if wrong:
        raise FlashError(
            "%d files are not as they were sent, %s among them; is the flash sound?" % (len(wrong), wrong[0])
        )


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _settings(source: str) -> str:
    """Of a file, or asked for. Raises UsageError, FlashError; what is wrong is named, and no value repeated."""
    if source == "-":
        fields: Any = _asked()
    else:
        try:
            fields = json.loads(Path(source).read_text())
        except OSError as error:
            raise FlashError("%s: %s" % (source, error.strerror)) from None
        except ValueError:
            raise FlashError("%s is not JSON" % source) from None
    if not isinstance(fields, dict):
        raise FlashError("settings are not an object")
    Settings(fields)
    return json.dumps(fields)


def _asked() -> dict[str, str]:
    fields = {
        "jid": input("address (you@server): "),
        "password": getpass.getpass("password (empty: the device asks): "),
        "number": input("number to dial: "),
        "port": "uart",
    }
    return {name: value for name, value in fields.items() if value}
