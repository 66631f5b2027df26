# The handset for a Cortex-M3 without an operating system (ARM MPS2, as QEMU has it): everything is frozen.
add_library("nocarrier", "../../..")
require("ports", library="nocarrier")
freeze(".", ("main.py", "mounting.py", "semihosting.py", "uart.py"))
