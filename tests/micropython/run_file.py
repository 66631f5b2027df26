"""run_file.py MODULE: on MicroPython, calls every test_* function of a test file and prints how many there were.

Started in the folder that holds the compiled file and the doubles that it imports. An exception ends it with 1.
"""

import gc
import sys

gc.threshold(1024)  # as a device does it: see nocarrier_ports/unix.py

module = __import__(sys.argv[1])
names = sorted([name for name in dir(module) if name.startswith("test_")])
for name in names:
    gc.collect()
    try:
        getattr(module, name)()
    except Exception as error:
        print("FAILED", name)
        sys.print_exception(error)
        sys.exit(1)
print("passed", len(names))
