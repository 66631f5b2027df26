# Freezes the core, the links and the handset app into a firmware.
metadata(version="0.1.0", description="nocarrier's links, flash files, run loop and handset app", license="MIT")
add_library("nocarrier", "..")
require("core", library="nocarrier")
package("nocarrier_ports")
