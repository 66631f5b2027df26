#!/bin/sh
# check.sh: ruff, as linter and as formatter, then mypy twice: what runs on devices against MicroPython's own type stubs, the rest against CPython's.
# Needs the environment of with.sh.
set -eu
python -m ruff check --quiet .
python -m ruff format --quiet --check . || { echo 'check: run `ruff format`'; exit 1; }
if [ -n "$STUBS" ]; then
    python -m mypy --config-file tests/setup/mypy-device.ini --custom-typeshed-dir "$STUBS"
else
    echo 'check: the device side was not type-checked: no MicroPython stubs (see the list of what is missing)'
fi
python -m mypy
