"""MicroPython's prompt as boards have it, for MicroPython on Linux, whose own has no raw mode.

micropython prompt.py FOLDER: FOLDER is the flash, stdin and stdout are the serial port. mpremote and nocarrier-flash
then take it for a board: Ctrl-A is for raw mode, and Ctrl-D starts what is in FOLDER/main.py.
"""

import _thread
import gc
import io
import os
import sys

import vfs

try:
    from typing import Any, Callable
except ImportError:
    pass

_RAW, _FRIENDLY, _RESET, _STOP, _PASTE = b"\x01", b"\x02", b"\x04", b"\x03", b"\x05"
_NO_PASTE = "R\x00"  # raw-paste mode: understood, and not to be had
_RAW_BANNER = "raw REPL; CTRL-B to exit\r\n>"
_BANNER = "MicroPython on Linux, for tools; CTRL-A for the raw REPL, CTRL-D for main.py\r\n>>> "
_REBOOT = "MPY: soft reboot\r\n"

_STACK_BYTES = 256 * 1024  # an import takes five kilobytes of it here, and those of files are ten deep

_own = set(sys.modules)


def reset() -> "dict[str, Any]":
    """Forgets what was imported; returns the names of a new program."""
    for name in list(sys.modules):
        if name not in _own:
            del sys.modules[name]
    gc.collect()
    return {"__name__": "__main__"}


def execute(program: bytearray, names: "dict[str, Any]") -> None:
    """Runs a program; what it has raised is said behind what it has printed."""
    error = io.StringIO()
    try:
        exec(str(program, "utf-8"), names)
    except BaseException as exc:  # whatever it is, it is for the other end of the cable
        sys.print_exception(exc, error)
    sys.stdout.write("\x04%s\x04>" % error.getvalue())


def raw(names: "dict[str, Any]") -> "dict[str, Any]":
    """Raw mode, up to Ctrl-B; returns the names of the program, which may be a new one."""
    sys.stdout.write(_RAW_BANNER)
    program = bytearray()
    while True:
        key = sys.stdin.buffer.read(1)
        if not key:
            raise EOFError
        if key == _FRIENDLY:
            return names
        if key == _RESET and program:
            sys.stdout.write("OK")
            execute(program, names)
        elif key == _RESET:
            names = reset()
            sys.stdout.write("OK\r\n" + _REBOOT + _RAW_BANNER)
        elif key == _RAW:
            sys.stdout.write(_RAW_BANNER)
        elif key == _PASTE and not program:
            sys.stdin.buffer.read(2)  # "A", Ctrl-A
            sys.stdout.write(_NO_PASTE)
        elif key != _STOP:
            program += key
            continue
        program = bytearray()


def start() -> "dict[str, Any]":
    """What a board does when it is switched on; returns when main.py does."""
    names = reset()
    over = _thread.allocate_lock()
    over.acquire()
    _thread.stack_size(_STACK_BYTES)
    _thread.start_new_thread(run_main, (over.release,))
    over.acquire()
    return names


def run_main(over: "Callable[[], None]") -> None:
    """In a thread, since only those have the stack that they ask for."""
    try:
        if "main.py" in os.listdir("/"):
            __import__("main")
    except BaseException as exc:  # the prompt comes back after anything
        sys.print_exception(exc)
    over()


def main(folder: str) -> None:
    """The prompt, until stdin ends."""
    posix: "Any" = vfs.VfsPosix
    vfs.umount("/")
    vfs.mount(posix(folder), "/")
    os.chdir("/")
    sys.path[:] = ["", "/lib"]
    sys.argv[:] = ["main.py", ""]  # settings and log are at the top of the flash
    names = reset()
    sys.stdout.write(_BANNER)
    while True:
        key = sys.stdin.buffer.read(1)
        if not key:
            return
        if key == _RAW:
            names = raw(names)
            sys.stdout.write(_BANNER)
        elif key == _RESET:
            sys.stdout.write("\r\n" + _REBOOT)
            names = start()
            sys.stdout.write(_BANNER)


try:
    main(sys.argv[1])
except (EOFError, OSError):
    pass  # the cable is gone
