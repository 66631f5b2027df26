# Freezes the core into a firmware, or installs it with mip.
# No version here: it would be written into every module, and take memory in each. package.json has it.
metadata(description="XMPP client core for constrained handhelds", license="MIT")
package("nocarrier")
