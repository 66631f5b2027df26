"""named.py FOLDER [NAME]: runs the measurement or campaign NAME of the folder; without NAME, lists what there is.

What it found is said in words, and as one JSON object in the last line.
"""

import importlib.util
import json
import os
import sys
from pathlib import Path


def number(name: str, usual: int) -> int:
    """What the environment says, or what is usual."""
    return int(os.environ.get(name, str(usual)))


def main() -> int:
    """Exit status: 0; 1 if the campaign has found something ("failed" in its result); 2 if there is no such name."""
    folder, name = Path(sys.argv[1]), (sys.argv[2:] or [""])[0].replace("-", "_")
    modules = {path.stem: path for path in sorted(folder.glob("*.py"))}
    if name not in modules:
        for path in modules.values():
            print("NAME=%-10s %s" % (path.stem.replace("_", "-"), path.read_text().split('"""')[1].split("\n")[0]))
        return 2 if name else 0
    sys.path.append(str(folder))  # behind the library's own: one of them is called "queue" too
    spec = importlib.util.spec_from_file_location("named_" + name, modules[name])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = module.main()
    print(json.dumps(result))
    return 1 if result.get("failed") else 0


if __name__ == "__main__":
    sys.exit(main())
