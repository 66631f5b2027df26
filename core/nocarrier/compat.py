"""The one difference between the interpreters that the core has to know: where const() comes from.

MicroPython's compiler folds the bare name `const`, wherever it was imported from.
"""

try:
    from micropython import const as const
except ImportError:

    def const(expr):  # type: ignore[no-untyped-def,misc]
        return expr
