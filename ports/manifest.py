# Freezes the core, the links and the handset app into a firmware.
# No version here: it would be written into every module, and take memory in each. package.json has it.
metadata(description="nocarrier's links, flash files, run loop and handset app", license="MIT")
add_library("nocarrier", "..")
require("core", library="nocarrier")
package("nocarrier_ports")
