"""Every refusal in the stream parser's code has a test that names its clause: tests/core/test_wire_refusals.py."""

import ast
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[2]
WIRE = TOP / "core" / "nocarrier" / "wire"
PARSER = ("framer", "markup", "parser", "values", "walker")


def said(node: ast.AST) -> Iterator[str]:
    """What is said to the user: strings of several words that are neither docstrings nor annotations."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue
            if isinstance(child, ast.Constant) and isinstance(child.value, str) and " " in child.value:
                yield child.value.split("%")[0]
            elif isinstance(child, ast.AST):
                yield from said(child)


def test_every_refusal_is_in_a_table():
    tree = ast.parse((TOP / "tests" / "core" / "test_wire_refusals.py").read_text())
    tested = tuple(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 5
    )
    refusals = {text for name in PARSER for text in said(ast.parse((WIRE / (name + ".py")).read_text()))}
    refusals -= {"", " "}
    assert len(refusals) > 20
    assert not [text for text in sorted(refusals) if not text.startswith(tested) and text not in " ".join(tested)]
