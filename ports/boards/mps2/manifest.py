# Cortex-M3 in QEMU (MPS2 AN385) with the core frozen in: for measurements and tests without an operating system.
add_library("nocarrier", "../../..")
require("core", library="nocarrier")
