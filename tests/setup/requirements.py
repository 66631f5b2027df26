"""requirements.py PYPROJECT: print the lists of packages in it as shell variables, one package a line.

Also PY, which names this Python: a virtual environment works with the one that made it only.
"""

import shlex
import sys

if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or newer is needed, this is %s: %s" % (sys.version.split()[0], sys.executable))
import tomllib  # noqa: E402  (not in older ones)

with open(sys.argv[1], "rb") as f:
    pyproject = tomllib.load(f)
run = pyproject["project"].get("dependencies", [])
test = run + pyproject["project"].get("optional-dependencies", {}).get("test", [])
stubs = pyproject.get("tool", {}).get("nocarrier", {}).get("stubs", [])
for name, values in (
    ("PY", [sys.implementation.cache_tag, sys.base_prefix]),
    ("RUN", run),
    ("TEST", test),
    ("STUB_PACKAGES", stubs),
):
    print("%s=%s" % (name, shlex.quote("\n".join(values))))
