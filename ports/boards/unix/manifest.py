# MicroPython on Linux, built for 32 bit, with everything frozen: the stand-in for a device.
add_library("nocarrier", "../../..")
require("ports", library="nocarrier")
freeze(".", "main.py")
