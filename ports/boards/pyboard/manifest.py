# Pyboard and other boards with an STM32: everything is frozen, and main.py is started whenever the power comes.
include("$(PORT_DIR)/boards/manifest.py")
add_library("nocarrier", "../../..")
require("ports", library="nocarrier")
freeze(".", "main.py")
