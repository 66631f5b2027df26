"""What a handheld's program can run on besides this process, as command lines say it: `--on anna=micropython`."""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from nocarrier_emulator.dte.port import Dce
from nocarrier_emulator.process import FirmwareHandheld, ProcessHandheld, UnixHandheld
from nocarrier_emulator.remotehandheld import Program

SPEED = 8  # of time where there are processes, if nothing else is said: 32-bit MicroPython keeps up with that


def options(parser: Any) -> None:
    """Of the command line."""
    parser.add_argument(
        "--on",
        action="append",
        default=[],
        metavar="NAME=micropython|mps2",
        help="that handheld's program runs on 32-bit MicroPython, or on a Cortex-M3 in QEMU, in real time",
    )
    parser.add_argument("--micropython", default=os.environ.get("MICROPYTHON32", ""), help="of ports/boards/unix")
    parser.add_argument("--heap", default="64k", help="that it has there")
    parser.add_argument("--firmware", default="", help="of ports/boards/mps2, with a heap of its own")
    parser.add_argument("--qemu", default=os.environ.get("QEMU_ARM", "qemu-system-arm"))


def chosen(options: Any) -> dict[str, Program]:
    """By the names of handhelds. Raises ValueError for what is none."""
    found: dict[str, Program] = {}
    for each in options.on:
        name, _, kind = each.partition("=")
        if kind not in _KINDS:
            raise ValueError("--on takes NAME=%s, not %r" % ("|".join(_KINDS), each))
        program, what = _KINDS[kind]
        if not getattr(options, what):
            raise ValueError("there is no %s: --%s says where; make firmware builds one" % (what, what))
        found[name.lower()] = program(options)
    return found


def must_be_of(names: Iterable[str], programs: Mapping[str, Program]) -> None:
    """Raises ValueError if one is for a handheld that is not there."""
    for name in programs:
        if name not in names:
            raise ValueError("no handheld %r; there are: %s" % (name, ", ".join(names)))


def micropython(path: str, heap: str) -> Program:
    """32-bit MicroPython with what ports/boards/unix freezes. heap: as its -X heapsize takes it."""
    return partial(_unix, path, heap)


def mps2(qemu: str, firmware: str) -> Program:
    """The firmware of ports/boards/mps2, with the heap that it was built with."""
    return partial(FirmwareHandheld, qemu, firmware)


def _unix(path: str, heap: str, modem: Dce, folder: Path, settings: dict[str, Any]) -> ProcessHandheld:
    return UnixHandheld(path, modem, folder, settings, heap)


# Each with what makes it, and the option that says where its program is.
_KINDS: dict[str, tuple[Callable[[Any], Program], str]] = {
    "micropython": (lambda options: micropython(options.micropython, options.heap), "micropython"),
    "mps2": (lambda options: mps2(options.qemu, options.firmware), "firmware"),
}
