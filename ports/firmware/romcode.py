"""Writes Python modules as C constants: every function, class and dict of theirs, as MicroPython 1.26 lays them out.

What an import would make on the heap is there before the first instruction, and costs no RAM. The bytecode itself and
the constants of functions are frozen by MicroPython's own mpy-tool, whose names for them are used here.
"""

import re
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

from targetimport import Absent

_MANGLED = re.compile(r"\W")
_NOT_STORED = ("__module__", "__qualname__", "__slots__")
_CONTEXT = """const mp_module_context_t %s = {
    .module = {{&mp_type_module}, (mp_obj_dict_t *)&%s_globals}, .constants = {(qstr_short_t *)%s, (mp_obj_t *)%s},
};"""


class NotConstant(Exception):
    """A module holds something that cannot lie in ROM."""


class Names:
    """Names in bytecode: what a piece of it stores, and what anything reads."""

    def __init__(self, tool: Any) -> None:
        self._tool = tool
        self._stores = {tool.Opcode.MP_BC_STORE_NAME, tool.Opcode.MP_BC_STORE_GLOBAL}
        self._reads = {
            tool.Opcode.MP_BC_LOAD_NAME, tool.Opcode.MP_BC_LOAD_GLOBAL, tool.Opcode.MP_BC_LOAD_ATTR,
            tool.Opcode.MP_BC_LOAD_METHOD, tool.Opcode.MP_BC_IMPORT_FROM,
        }  # fmt: skip

    def stored(self, code: Any) -> "list[str]":
        """In order, each once."""
        return list(dict.fromkeys(name for opcode, name in self._all(code) if opcode in self._stores))

    def read(self, code: Any) -> "set[str]":
        """By the code's children, at any depth; not by itself."""
        found: set[str] = set()
        for child in code.children:
            found |= {name for opcode, name in self._all(child) if opcode in self._reads} | self.read(child)
        return found

    def _all(self, code: Any) -> "Iterable[tuple[int, str]]":
        at = code.offset_opcodes
        while at < len(code.fun_data):
            form, size, arg, _ = self._tool.mp_opcode_decode(code.fun_data, at)
            if form == self._tool.MP_BC_FORMAT_QSTR:
                yield code.fun_data[at], code.qstr_table[arg].str
            at += size


class RomWriter:
    """lines: the C text so far, declarations first."""

    def __init__(self, tool: Any, modules: "dict[str, tuple[ModuleType, Any]]", target: "dict[str, str]") -> None:
        """tool: mpy-tool as a module. modules: name to (as imported in CPython, as compiled).

        target: symbols of the modules that are built in there.
        """
        self._tool = tool
        self._modules = modules
        self._target = target
        self._names = Names(tool)
        self._symbols: dict[int, str] = {}  # of objects in ROM, by id()
        self._kept: list[object] = []  # so that no id is given twice
        self._count = 0
        self.declarations: list[str] = []
        self.definitions: list[str] = []

    def write(self, packages: "Iterable[str]") -> str:
        """All modules; of these packages, those that are not among them as empty ones. Raises NotConstant."""
        self.declarations += ["extern const mp_obj_module_t %s;" % symbol for symbol in self._target.values()]
        for name, (module, _) in self._modules.items():
            self._known(module, "rom_" + _MANGLED.sub("_", name), "mp_module_context_t")
        for name, (module, compiled) in self._modules.items():
            self._declare(module, compiled.raw_code, self._symbols[id(module)], name)
        for name, (module, compiled) in self._modules.items():
            self._module(name, module, compiled)
        for name in packages:
            if name not in self._modules:
                self._dict("rom_%s_globals" % name, {})
                self.definitions.append(_CONTEXT % ("rom_" + name, "rom_" + name, "NULL", "NULL"))
        return "\n".join(['#include "romtypes.h"', *self.declarations, *self.definitions, ""])

    # -- what there is ------------------------------------------------------------------------------------------------

    def _known(self, value: object, symbol: str, kind: str) -> None:
        self._symbols[id(value)] = symbol
        self._kept.append(value)
        self.declarations.append("extern const %s %s;" % (kind, symbol))

    def _declare(self, owner: Any, code: Any, prefix: str, module: str) -> None:
        """Names for the functions and classes that a module's or a class's body makes."""
        for name in self._names.stored(code):
            value = owner.__dict__.get(name)
            if name in _NOT_STORED or not _is_of(value, module):
                continue
            for part in _functions(value):
                if id(part) not in self._symbols:
                    kind = "rom_closure_t" if part.__closure__ else "rom_fun_t"
                    self._known(part, self._fresh(prefix, name), kind)
            if isinstance(value, type):
                symbol = self._fresh(prefix, name)
                self._known(value, symbol, "mp_obj_full_type_t")
                self._declare(value, _child(code, value.__name__, 0), symbol, module)

    def _fresh(self, prefix: str, name: str) -> str:
        self._count += 1
        return "%s_%s_%d" % (prefix, name, self._count)

    # -- modules, classes, functions ----------------------------------------------------------------------------------

    def _module(self, name: str, module: ModuleType, compiled: Any) -> None:
        symbol = self._symbols[id(module)]
        read = self._names.read(compiled.raw_code)
        values = {}
        for stored in self._names.stored(compiled.raw_code):
            value = module.__dict__.get(stored)
            try:
                values[stored] = self._value(value, "%s.%s" % (name, stored))
            except NotConstant:
                if stored in read:
                    raise
        for other, (submodule, _) in self._modules.items():
            package, _, last = other.rpartition(".")
            if package == name:
                values[last] = self._value(submodule, other)
        self._made(module, compiled.raw_code, symbol)
        self._dict(symbol + "_globals", values)
        tables = _table("qstr", compiled.qstr_table, compiled), _table("obj", compiled.obj_table, compiled)
        self.definitions.append(_CONTEXT % (symbol, symbol, *tables))

    def _made(self, owner: Any, code: Any, context: str) -> None:
        """The functions and classes that a body makes."""
        seen: dict[str, int] = {}
        functions, classes = [], []
        for name in self._names.stored(code):
            value = owner.__dict__.get(name)
            if name not in _NOT_STORED and _is_of(value, getattr(owner, "__module__", owner.__name__)):
                functions += [part for part in _functions(value) if part not in functions]
                classes += [value] if isinstance(value, type) else []
        for function in sorted(functions, key=lambda part: part.__code__.co_firstlineno):
            number = seen[function.__name__] = seen.get(function.__name__, -1) + 1
            self._function(function, _child(code, function.__name__, number), context)
        for cls in classes:
            self._class(cls, _child(code, cls.__name__, 0), context)

    def _function(self, function: FunctionType, code: Any, context: str) -> None:
        where = "%s.%s" % (function.__module__, function.__qualname__)
        defaults = [self._value(value, where) for value in function.__defaults__ or ()]
        if len(defaults) != code.prelude_signature[5]:
            raise NotConstant("%s is not what was compiled" % where)
        if function.__kwdefaults__:
            defaults.append(self._mapping(function.__kwdefaults__, where))
        symbol = self._symbols[id(function)]
        if function.__closure__:
            closed = [self._value(cell.cell_contents, where) for cell in function.__closure__]
            if function.__code__.co_freevars != ("__class__",):
                raise NotConstant("%s: closures, but for super(), are not for ROM" % where)
            self.definitions.append("ROM_CLOSURE(%s, %s_plain, %s);" % (symbol, symbol, closed[0]))
            symbol += "_plain"
        generator = code.scope_flags & self._tool.MP_SCOPE_FLAG_GENERATOR
        self.definitions.append(
            "const rom_fun_t %s = {{&%s}, &%s, %s, fun_data_%s, {%s}};"
            % (
                symbol, "mp_type_gen_wrap" if generator else "mp_type_fun_bc", context,
                "children_" + code.escaped_name if code.children else "NULL", code.escaped_name, ", ".join(defaults),
            )
        )  # fmt: skip

    def _class(self, cls: type, code: Any, context: str) -> None:
        symbol, where = self._symbols[id(cls)], "%s.%s" % (cls.__module__, cls.__qualname__)
        values = {}
        for name in self._names.stored(code):
            if name not in _NOT_STORED and name in cls.__dict__:
                values[name] = self._value(cls.__dict__[name], where + "." + name)
        self._made(cls, code, context)
        self._dict(symbol + "_locals", values)
        bases = [base for base in cls.__bases__ if base is not object and base.__module__ != "typing"]
        if len(bases) > 1:
            parent = "&%s_bases" % symbol
            self.definitions.append(
                "static const mp_rom_obj_tuple_t %s_bases = {{&mp_type_tuple}, %d, {%s}};"
                % (symbol, len(bases), ", ".join(self._value(base, where) for base in bases))
            )
        else:
            parent = "&" + self._type(bases[0], where) if bases else "NULL"
        special = any(isinstance(value, property) for each in cls.__mro__ for value in _own(each))
        flags = "ROM_TYPE_FLAGS" + (" | MP_TYPE_FLAG_HAS_SPECIAL_ACCESSORS" if special else "")
        row = (symbol, self._qstr(cls.__name__), flags, symbol + "_locals", 11 if bases else 0, parent)
        self.definitions.append("ROM_TYPE(%s, %s, %s, %s, %d, %s);" % row)

    def _type(self, cls: type, where: str) -> str:
        if id(cls) in self._symbols:
            return self._symbols[id(cls)]
        if issubclass(cls, BaseException) and cls.__module__ == "builtins":
            return "mp_type_" + cls.__name__
        raise NotConstant("%s: %r is not in ROM" % (where, cls))

    # -- values -------------------------------------------------------------------------------------------------------

    def _value(self, value: Any, where: str) -> str:
        """An mp_rom_obj_t. Raises NotConstant."""
        if id(value) in self._symbols:
            return "MP_ROM_PTR(&%s)" % self._symbols[id(value)]
        if isinstance(value, ModuleType) and value.__name__ in self._target:
            return "MP_ROM_PTR(&%s)" % self._target[value.__name__]
        if isinstance(value, type):
            return "MP_ROM_PTR(&%s)" % self._type(value, where)
        if isinstance(value, property):
            parts = [self._value(part, where) for part in (value.fget, value.fset, value.fdel)]
            return self._object("rom_property_t", "{{&mp_type_property}, {%s}}" % ", ".join(parts))
        if isinstance(value, (staticmethod, classmethod)):
            kind, inner = type(value).__name__, self._value(value.__func__, where)
            return self._object("mp_rom_obj_static_class_method_t", "{{&mp_type_%s}, %s}" % (kind, inner))
        if type(value) is dict:
            return self._mapping(value, where)
        if isinstance(value, tuple) and value:
            parts = [self._value(part, where) for part in value]
            return self._object("mp_rom_obj_tuple_t", "{{&mp_type_tuple}, %d, {%s}}" % (len(parts), ", ".join(parts)))
        if value is None or isinstance(value, (bool, int, float, str, bytes, tuple)):
            return self._constant(value)
        what = value.name if isinstance(value, Absent) else repr(value)
        raise NotConstant("%s: %s is nothing for ROM" % (where, what))

    def _constant(self, value: Any) -> str:
        """What mpy-tool can write; it prints the definitions, if any are needed."""
        self._count += 1
        text: str = self._tool.frozen_constant("rom_const_%d" % self._count, value, self.definitions)
        return text

    def _object(self, kind: str, text: str) -> str:
        self._count += 1
        self.definitions.append("static const %s rom_obj_%d = %s;" % (kind, self._count, text))
        return "MP_ROM_PTR(&rom_obj_%d)" % self._count

    def _mapping(self, value: "dict[Any, Any]", where: str) -> str:
        self._count += 1
        symbol = "rom_dict_%d" % self._count
        rows = ["{%s, %s}" % (self._value(key, where), self._value(item, where)) for key, item in value.items()]
        self._fixed(symbol, rows, len(rows), False)
        return "MP_ROM_PTR(&%s)" % symbol

    def _dict(self, symbol: str, values: "dict[str, str]") -> None:
        """A hash table of names, as mp_map_lookup() probes it."""
        size = len(values) + len(values) // 4 + 1
        rows = ["{0}"] * size
        for name, value in values.items():
            at = self._tool.qstr_hash(name) % size
            while rows[at] != "{0}":
                at = (at + 1) % size
            rows[at] = "{MP_ROM_QSTR(%s), %s}" % (self._qstr(name), value)
        self._fixed(symbol, rows, len(values), True)

    def _fixed(self, symbol: str, rows: "list[str]", used: int, names: bool) -> None:
        table = ",\n    ".join(rows)
        self.definitions.append("static const mp_rom_map_elem_t %s_rows[] = {\n    %s\n};" % (symbol, table))
        self.definitions.append("ROM_DICT(%s, %d, %d, %d);" % (symbol, names, not names, used))

    def _qstr(self, name: str) -> str:
        found = self._tool.global_qstrs.find_by_str(name) or self._tool.global_qstrs.add(name)
        return str(found.qstr_id)


def _functions(value: object) -> "list[FunctionType]":
    """Those that are, or are behind, a value of a body."""
    if isinstance(value, FunctionType):
        return [value]
    if isinstance(value, (staticmethod, classmethod)):
        return [part for part in (value.__func__,) if isinstance(part, FunctionType)]
    if isinstance(value, property):
        return [part for part in (value.fget, value.fset, value.fdel) if isinstance(part, FunctionType)]
    return []


def _is_of(value: object, module: str) -> bool:
    """True if a function or a class, or what wraps one, was made by that module."""
    return getattr(value, "__module__", module) == module


def _own(cls: type) -> "Iterable[object]":
    return cls.__dict__.values() if cls.__module__ != "builtins" else ()


def _child(code: Any, name: str, number: int) -> Any:
    """The number-th piece of bytecode of that name which a body makes into a function or a class."""
    children = [child for child in code.children if child.simple_name.str == name]
    if number >= len(children):
        raise NotConstant("%s has no bytecode for %s" % (code.escaped_name, name))
    return children[number]


def _table(kind: str, table: "list[Any]", compiled: Any) -> str:
    return "&const_%s_table_data_%s" % (kind, compiled.escaped_name) if table else "NULL"
