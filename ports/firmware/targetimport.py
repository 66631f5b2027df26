"""Imports MicroPython packages in CPython as the target would: with the modules that it has, and no others."""

import builtins
import contextlib
import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any


class Absent:
    """Something of a module that only the target has; nothing is known of it but its name."""

    def __init__(self, name: str) -> None:
        self.name = name


class TargetOnly(ModuleType):
    """A module that only the target has."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent("%s.%s" % (self.__name__, name))


def import_all(names: Iterable[str], packages: "tuple[str, ...]", target: "set[str]") -> "dict[str, ModuleType]":
    """The modules of these names, which lie in these packages, but for those that the target could not import.

    target: names of the modules that are built in there.
    """
    found = {}
    with _as_on_target(packages, target):
        for name in names:
            with contextlib.suppress(ImportError):
                found[name] = importlib.import_module(name)
    return found


@contextlib.contextmanager
def _as_on_target(packages: "tuple[str, ...]", target: "set[str]") -> Iterator[None]:
    really = builtins.__import__
    only_there = {"micropython": TargetOnly("micropython")}
    only_there["micropython"].__dict__["const"] = lambda value: value

    def narrowed(name: str, scope: Any = None, local: Any = None, wanted: Any = (), level: int = 0) -> Any:
        of = (scope or {}).get("__name__", "").partition(".")[0]
        top = name.partition(".")[0]
        if of not in packages or top in packages or level or top == "typing":
            return really(name, scope, local, wanted, level)
        if top not in target:
            raise ImportError("the target has no module %s" % name)
        if name not in only_there:
            try:
                return really(name, scope, local, wanted, level)
            except ImportError:
                only_there[name] = TargetOnly(name)
        return only_there[name]

    builtins.__import__ = narrowed  # type: ignore[assignment]
    try:
        yield
    finally:
        builtins.__import__ = really
