"""micropython -X heapsize=64k -m main FOLDER: the handset of nocarrier_ports/unix.py."""

import sys

from nocarrier_ports.unix import main

main(sys.argv[1])
