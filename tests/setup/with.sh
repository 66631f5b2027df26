#!/bin/sh
# with.sh run|test COMMAND...: sets up (setup.sh), then runs the command with the tools in its environment:
# the virtual environment's python first on the PATH, the three packages importable, and the names that setup.sh prints.
set -u
here=$(cd "$(dirname "$0")" && pwd)
what=$1; shift
settings=$(sh "$here/setup.sh" "$what" --env) || exit 1
set -a
while IFS='=' read -r name value; do
    eval "$name=\$value"
done <<END
$settings
END
top=$(cd "$here/../.." && pwd)
PATH=$VENV/bin:$PATH
PYTHONPATH=$top/core:$top/ports:$top/emulator
BOARDS=${BOARDS-$top/.build}
if [ "$what" = test ] && [ -n "${MICROPYTHON_SRC-}" ] &&
    sh "$here/micropython32.sh" "$top/ports/boards/unix/manifest.py" "$BOARDS/unix"
then MICROPYTHON32=$BOARDS/unix/micropython
else MICROPYTHON32=
fi
set +a
cd "$top" && exec "$@"
