"""ports/firmware/romcode.py: what cannot lie in ROM stops the build with a word about where it is."""

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

REFUSED = (
    ("top-level list that is read", "x = [1]\ndef f():\n    return x\n", "m.x: [1] is nothing for ROM"),
    ("set", "x = {1}\ndef f():\n    return x\n", "m.x: {1} is nothing for ROM"),
    ("instance", "class C:\n    pass\nx = C()\ndef f():\n    return x\n", "m.x: "),
    ("bytearray in a tuple", "x = (1, bytearray(2))\ndef f():\n    return x\n", "bytearray"),
    ("attribute of a class", "class C:\n    items = []\n", "m.C.items: [] is nothing for ROM"),
    ("default", "def f(x=[]):\n    return x\n", "m.f: [] is nothing for ROM"),
    ("keyword default", "def f(*, x=[]):\n    return x\n", "m.f: [] is nothing for ROM"),
    ("foreign base class", "from collections import OrderedDict\nclass C(OrderedDict):\n    pass\n", "is not in ROM"),
    (
        "closure",
        "def made(n):\n    def inner():\n        return n\n    return inner\nf = made(5)\n",
        "inner",
    ),
)  # fmt: skip
TAKEN = (
    "X = 5\nY = (1, 'a', b'b', None, True, 2.5)\nZ = {'a': 1, 2: (3,)}\n",
    "def f(a, b=1, *c, d=2, **e):\n    yield a\n",
    "class A:\n    x = 1\n    def f(self):\n        return 1\nclass B(A):\n    def f(self):\n        super().f()\n",
    "class E(ValueError):\n    pass\n",
    "class P:\n    @property\n    def x(self):\n        return 1\n    @staticmethod\n    def y():\n        return 2\n",
    "unread = [1]\n",  # nobody can ask for it
)


@pytest.fixture(scope="module")
def laid_out(tool, tmp_path_factory):
    """Takes the source of a module "m" and returns its C text."""
    mpy_cross = tool("MPY_CROSS")
    folder = tmp_path_factory.mktemp("rom")
    source_top = Path(os.environ["MICROPYTHON_SRC"])
    sys.path += [str(source_top / "py"), str(Path(__file__).parents[2] / "ports" / "firmware")]
    import makerom
    from romcode import RomWriter

    mpy_tool = makerom._loaded(source_top / "tools" / "mpy-tool.py")

    def lay_out(source):
        path = folder / "m.py"
        path.write_text(source)
        subprocess.run([mpy_cross, "-o", str(folder / "m.mpy"), str(path)], check=True)
        mpy_tool.global_qstrs = mpy_tool.GlobalQStrList()
        compiled = mpy_tool.read_mpy(str(folder / "m.mpy"))
        module = types.ModuleType("m")
        exec(compile(source, "m.py", "exec"), module.__dict__)
        for value in vars(module).values():
            if isinstance(value, (type, types.FunctionType)) and value.__module__ == "builtins":
                value.__module__ = "m"
        mpy_tool.frozen_constant = lambda symbol, value, lines: "(constant %r)" % (value,)
        mpy_tool.qstr_hash = lambda name: sum(name.encode())
        return RomWriter(mpy_tool, {"m": (module, compiled)}, {}).write(())

    return lay_out


@pytest.mark.parametrize("what, source, words", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_lie_in_rom_stops_the_build_and_is_named(laid_out, what, source, words):
    from romcode import NotConstant

    with pytest.raises(NotConstant) as caught:
        laid_out(source)
    assert words in str(caught.value)


@pytest.mark.parametrize("source", TAKEN)
def test_what_can_is_written(laid_out, source):
    text = laid_out(source)
    assert "rom_m_globals" in text and text.startswith('#include "romtypes.h"')
