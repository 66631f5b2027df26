"""MicroPython's makemanifest.py, but the packages nocarrier and nocarrier_ports are laid out in ROM as a whole.

A frozen module is still made on the heap when it is imported: 16 bytes for each function, over 100 for each class, and
the dicts that name them; for this project 38 KB. Here all of that are constants, and an import costs nothing. Tell make
that this is its MAKE_MANIFEST, with the same arguments, and that USER_C_MODULES has romtypes/, which registers the
packages. $(BUILD)/genhdr/moduledefs.h must be there before: make it first.

The bodies of these modules are never run on the device: what they leave behind is taken from an import in CPython, and
must be made of functions, classes, numbers, texts, tuples and dicts. Anything else stops the build.
"""

import contextlib
import importlib.util
import io
import re
import sys
from pathlib import Path
from typing import Any

from romcode import NotConstant, RomWriter
from targetimport import import_all

_HERE = Path(__file__).resolve().parent
_PACKAGES = ("nocarrier", "nocarrier_ports")
_BUILT_IN = re.compile(r"MP_ROM_QSTR\(MP_QSTR_(\w+)\), MP_ROM_PTR\(&(\w+)\)")


def main() -> None:
    arguments = sys.argv[1:]
    sys.path[:0] = [str(_HERE.parent), str(_HERE.parents[1] / "core")]
    source = Path(next(word for word in arguments if word.startswith("MPY_DIR=")).partition("=")[2])
    build = Path(arguments[arguments.index("-b") + 1])
    sys.path.insert(0, str(source / "tools"))
    makemanifest = _loaded(source / "tools/makemanifest.py")
    run = makemanifest.system

    def system(command: "list[str]") -> "tuple[int, bytes]":
        if not command[1].endswith("mpy-tool.py"):
            result: tuple[int, bytes] = run(command)
            return result
        try:
            return 0, _frozen(_loaded(Path(command[1])), command[2:], build).encode()
        except NotConstant as error:
            return 1, str(error).encode()

    makemanifest.system = system
    sys.argv = [str(source / "tools/makemanifest.py"), *arguments]
    makemanifest.main()


def _loaded(path: Path) -> Any:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
    if spec is None or spec.loader is None:
        raise ImportError(str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _frozen(tool: Any, arguments: "list[str]", build: Path) -> str:
    """What mpy-tool writes, with the packages in ROM behind it."""
    target = dict(_BUILT_IN.findall((build / "genhdr/moduledefs.h").read_text()))
    target = {name: symbol for name, symbol in target.items() if name not in _PACKAGES}
    freeze = tool.freeze_mpy
    out = io.StringIO()

    def freeze_mpy(idents: "set[str]", compiled: "list[Any]") -> None:
        named = {_module_name(module.source_file.str): module for module in compiled}
        named = {name: module for name, module in named.items() if name.partition(".")[0] in _PACKAGES}
        tool.const_str_content = tool.const_int_content = tool.const_obj_content = 0  # its counters
        if not tool.config.MICROPY_QSTR_BYTES_IN_HASH:
            raise NotConstant("this port keeps no hashes of names, which the tables of names are made by")
        imported = import_all(named, _PACKAGES, set(target))
        tool.frozen_constant = lambda symbol, value, lines: _constant(compiled[0], symbol, value, lines)
        tool.qstr_hash = lambda name: tool.qstrutil.compute_hash(name.encode(), tool.config.MICROPY_QSTR_BYTES_IN_HASH)
        rom = RomWriter(tool, {name: (imported[name], named[name]) for name in imported}, target).write(_PACKAGES)
        freeze(idents, compiled)  # last: it writes the names that were added, too
        print(rom)

    tool.freeze_mpy = freeze_mpy
    with contextlib.redirect_stdout(out):
        tool.main(arguments)
    return out.getvalue()


def _constant(module: Any, symbol: str, value: object, lines: "list[str]") -> str:
    """mpy-tool's way to write a constant: it prints definitions and returns what stands for it."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        text: str = module.freeze_constant_obj(symbol, value)
    lines.extend(printed.getvalue().splitlines())
    return text


def _module_name(file: str) -> str:
    name = file.removesuffix(".py").replace("/", ".")
    return name.removesuffix(".__init__")


if __name__ == "__main__":
    main()
