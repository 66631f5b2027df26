"""What the architecture forbids, and what the papers say about the code."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
CORE = TOP / "core" / "nocarrier"
PORTS = TOP / "ports" / "nocarrier_ports"
DESKTOP = ("desktop_serial.py", "desktop_tls.py")  # links that need CPython

# design.md: what core/ may import. `typing` only inside try, for annotations.
ALLOWED = {"micropython", "binascii", "hashlib", "struct", "array", "typing", "nocarrier"}
# A layer knows those beneath it and nothing above. session/ and queue/ do not know each other.
LAYERS = {
    "wire": {"wire"},
    "jid": {"wire"},
    "limits": {"wire"},
    "session": {"session", "wire"},
    "queue": {"queue"},
    "chat": {"chat", "queue", "session", "wire"},
    "commands": {"chat", "queue", "session"},
    "client": {"client", "commands", "chat", "queue", "session", "wire"},
}
GROUND = {"compat", "decimal", "errors", "events", "jid", "modular", "ns", "limits"}


def modules(folder):
    return sorted(folder.rglob("*.py"))


def imports(path):
    """(line, dotted name, is inside try) of every import."""
    tree = ast.parse(path.read_text())
    guarded = {id(child) for node in ast.walk(tree) if isinstance(node, ast.Try) for child in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, id(node) in guarded
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "%s:%d relative import" % (path, node.lineno)
            for alias in node.names:
                yield node.lineno, "%s.%s" % (node.module, alias.name), id(node) in guarded


def forbidden(path):
    """What in a file of the core is not allowed there."""
    for line, name, guarded in imports(path):
        root = name.split(".")[0]
        if root not in ALLOWED:
            yield "%s:%d imports %s" % (path.name, line, name)
        elif root == "typing" and not guarded:
            yield "%s:%d imports typing outside of try" % (path.name, line)
        elif root == "micropython" and name != "micropython.const":
            yield "%s:%d imports %s" % (path.name, line, name)
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("open", "print", "input", "exec")
        ):
            yield "%s:%d calls %s" % (path.name, node.lineno, node.func.id)


@pytest.mark.parametrize("path", modules(CORE), ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_is_sans_io(path):
    assert list(forbidden(path)) == []


@pytest.mark.parametrize(
    "line",
    [
        "import time",
        "from socket import socket",
        "from typing import Any",
        "import micropython",
        "print(1)",
        "open('x')",
    ],
)
def test_the_check_finds_what_is_forbidden(line, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text(line + "\n")
    assert len(list(forbidden(path))) == 1


@pytest.mark.parametrize("path", modules(CORE), ids=lambda path: str(path.relative_to(CORE)))
def test_a_layer_knows_nothing_above_it(path):
    own = path.relative_to(CORE).parts[0].removesuffix(".py")
    for line, name, _ in imports(path):
        parts = name.split(".")
        if parts[0] == "nocarrier" and parts[1] not in GROUND:
            assert parts[1] in LAYERS.get(own, set()), "%s:%d knows %s" % (path.name, line, name)


def test_ports_know_the_core_and_no_emulator():
    desktop = {"serial", "ssl"}
    device = {
        "array",
        "binascii",
        "errno",
        "framebuf",
        "gc",
        "hashlib",
        "io",
        "json",
        "machine",
        "os",
        "select",
        "socket",
        "sys",
        "termios",
        "time",
        "tls",
        "micropython",
        "typing",
    }
    for path in modules(PORTS):
        allowed = device | {"nocarrier", "nocarrier_ports"} | (desktop if path.name in DESKTOP else set())
        for line, name, _ in imports(path):
            assert name.split(".")[0] in allowed, "%s:%d imports %s" % (path.name, line, name)


def test_imports_inside_imports_are_few():
    """Each costs stack, of which a device has little: client.py imports from the ground up."""
    program = """
import importlib.machinery, sys
class Loader(importlib.machinery.SourceFileLoader):
    inside, most = [], []
    def exec_module(self, module):
        if not module.__name__.startswith("nocarrier"):
            return super().exec_module(module)
        Loader.inside.append(module.__name__)
        Loader.most = max(Loader.most, list(Loader.inside), key=len)
        try:
            super().exec_module(module)
        finally:
            Loader.inside.pop()
sys.path_hooks.insert(0, importlib.machinery.FileFinder.path_hook((Loader, [".py"]),
    (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES)))
sys.path_importer_cache.clear()
import nocarrier.client
print(Loader.most)
"""
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=TOP).stdout
    assert 0 < len(ast.literal_eval(out)) <= 6, out


def test_modules_and_functions_are_short():
    for folder in (CORE, PORTS, TOP / "emulator" / "nocarrier_emulator"):
        for path in modules(folder):
            text = path.read_text()
            assert text.count("\n") <= 330, "%s has %d lines" % (path, text.count("\n"))
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    length = node.end_lineno - node.lineno + 1
                    assert length <= 60, "%s:%d %s has %d lines" % (path, node.lineno, node.name, length)


def test_public_things_are_described():
    for path in modules(CORE):
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree) is not None, path
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node) is not None, "%s:%d %s" % (path, node.lineno, node.name)


def test_the_tables_of_the_core_readme_are_those_of_the_code():
    spec = importlib.util.spec_from_file_location("tables", Path(__file__).parent / "tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    text = tables.README.read_text()
    assert tables.generated(text) == text, "run tests/structure/tables.py"
    assert len(tables._BLOCK.findall(text)) == len(tables.TABLES)


def test_the_core_readme_names_files_that_are_there():
    for readme, folder in (("core/README.md", CORE), ("ports/README.md", PORTS), ("emulator/README.md", None)):
        text = (TOP / readme).read_text()
        root = folder or TOP / "emulator" / "nocarrier_emulator"
        names = re.findall(r"`([\w/]+\.py)`", text)
        assert len(names) > 5, readme
        for name in names:
            assert (root / name).is_file() or (TOP / name).is_file(), "%s names %s" % (readme, name)


def test_constants_that_are_stated_twice_agree():
    """MicroPython folds a constant only in its own module: "# As in x.py" stands above the copy of one of x.py's."""
    number = r'^_?(\w+) = (?:const\()?(-?\w+|"[^"]*")\)?.*\n'
    found = 0
    for path in modules(CORE):
        for name, block in re.findall(r"^# As in (\w+)\.py.*\n((?:_\w+ = const\(.*\n)+)", path.read_text(), re.M):
            source = path.parent / (name + ".py")
            source = source if source.exists() else CORE / (name + ".py")
            original = dict(re.findall(number, source.read_text(), re.M))
            for constant, value in re.findall(number, block, re.M):
                assert original[constant] == value, "%s: %s" % (path, constant)
                found += 1
    assert found > 10


@pytest.mark.parametrize("part, package", [("core", "nocarrier"), ("ports", "nocarrier_ports")])
def test_mip_installs_every_file(part, package):
    """package.json of micropython-lib's kind: [[name on the device, path beside the file], …]."""
    listed = json.loads((TOP / part / "package.json").read_text())
    desktop_only = {"nocarrier_ports/links/" + name for name in DESKTOP}
    there = {str(path.relative_to(TOP / part)) for path in modules(TOP / part / package)} - desktop_only
    assert {target for target, _ in listed["urls"]} == {source for _, source in listed["urls"]} == there
    version = re.search(r'__version__ = "(.*)"', (CORE / "__init__.py").read_text()).group(1)
    assert listed["version"] == version
    assert "version=" not in (TOP / part / "manifest.py").read_text()


def test_the_wheel_works_away_from_the_checkout(tmp_path):
    """Built with what is in the environment; the page's files must be in it too."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, TOP],
        check=True,
    )
    (wheel,) = tmp_path.glob("nocarrier-*.whl")
    target = tmp_path / "site"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, wheel], check=True)
    program = (
        "import nocarrier.client, nocarrier_ports.runner, nocarrier_emulator.web.server as s;"
        "print(nocarrier.client.__file__, (s._PAGE / 'index.html').is_file())"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(target)}, capture_output=True, text=True
    )
    assert out.stdout.split() == [str(target / "nocarrier" / "client.py"), "True"], out.stderr


def test_the_page_needs_only_what_make_run_installs():
    """The tests' environment has more, and would hide it."""
    program = (
        "import sys; sys.modules.update(dict.fromkeys(('slixmpp', 'playwright', 'pytest', 'hatchling')))\n"
        "import nocarrier_emulator.__main__, nocarrier_emulator.web.server\n"
        "sys.argv = ['x', 'serve', '--help']; nocarrier_emulator.__main__.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0 and "--headless" in done.stdout, done.stderr


def test_nothing_of_this_machine_is_committed():
    """No address of a package registry, no path of a home or work folder."""
    pattern = re.compile(r"(?<![\w}])/(?:home|root|work)/\w|https?://[^\s'\"]*(?:debian|pypi|pythonhosted|npmjs)")
    files = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True).stdout.splitlines()
    for name in files:
        path = TOP / name
        if path.suffix in (".png",) or name == "tests/structure/test_structure.py" or not path.is_file():
            continue
        found = pattern.search(path.read_text())
        assert found is None, "%s: %s" % (name, found)


def test_the_row_that_reckons_is_there_and_both_rows_are_counted():
    import rows

    assert [path for path in rows.RECKONING if not (TOP / "tests" / path).exists()] == []
    line = "totals: %d passed, of which %d files ran %d functions on 32-bit MicroPython; %d skipped\n"
    assert rows.totals(["x\n" + line % (3, 1, 4, 0), line % (2, 0, 0, 5) + "y"]) == (line % (5, 1, 4, 5))[8:-1]
    assert rows.totals([line % (3, 1, 4, 0), "crashed"]) == "one of them has not come to its end"
    for ended, together in (
        ([0, 0], 0),
        ([0, 1], 1),
        ([0, -9], 137),
        ([5, 0], 0),
        ([5, 5], 5),
        ([5, 1], 1),
        ([-11, 2], 139),
    ):
        assert rows.status(ended) == together
