"""python -m nocarrier_emulator.flasher: nocarrier-flash."""

import sys

from nocarrier_emulator.flasher.tool import main

if __name__ == "__main__":
    sys.exit(main())
