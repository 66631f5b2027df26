# Freezes the core into a firmware, or installs it with mip.
metadata(version="0.1.0", description="XMPP client core for constrained handhelds", license="MIT")
package("nocarrier")
