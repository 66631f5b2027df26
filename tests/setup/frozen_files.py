"""frozen_files.py SOURCE MANIFEST: print one hash over everything that a manifest freezes.

MicroPython's own make looks at dates only, and takes no notice of a file that left the manifest.
"""

import hashlib
import os
import sys

source, manifest = sys.argv[1:]
sys.path.insert(0, source + "/tools")
import manifestfile  # noqa: E402  (from MicroPython's source)

port = source + "/ports/unix"
frozen = manifestfile.ManifestFile(
    manifestfile.MODE_FREEZE,
    {
        "MPY_DIR": source,
        "MPY_LIB_DIR": source + "/lib/micropython-lib",
        "PORT_DIR": port,
        "BOARD_DIR": port,
    },
)
try:
    frozen.execute(os.path.abspath(manifest))
except manifestfile.ManifestFileError as error:
    sys.exit("%s: %s" % (manifest, error))

if not frozen.files():
    sys.exit("%s freezes nothing: is a folder in it wrong?" % manifest)

digest = hashlib.sha256()
for file in frozen.files():
    digest.update(repr((file.full_path, file.target_path, file.kind, file.opt)).encode())
    with open(file.full_path, "rb") as f:
        digest.update(hashlib.sha256(f.read()).digest())
print(digest.hexdigest())
