#!/bin/sh
# micropython32.sh MANIFEST OUT_DIR: OUT_DIR/micropython, the unix port of MicroPython as a 32-bit program with the
# modules of MANIFEST frozen in. 32-bit, because only there are objects as large as on a device; cap the heap with
# `OUT_DIR/micropython -X heapsize=64k`. Takes the source that setup.sh has put into the cache.
# Does nothing when neither the recipe nor any frozen file has changed.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/lib.sh"
[ $# = 2 ] || { echo 'usage: micropython32.sh MANIFEST OUT_DIR' >&2; exit 2; }
manifest=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
source=$(tool_dir micropython)
[ -d "$source" ] || { say "no MicroPython source: $source; run tests/setup/setup.sh test"; exit 1; }

recipe="$source $(gcc -dumpfullversion) $(cat "$0" "$HERE/lib.sh" | short_hash) $(rom_hash) $(rom_wanted "$manifest")"
wanted="$recipe $($PYTHON "$HERE/frozen_files.py" "$source" "$manifest")"
[ ! -x "$out/micropython" ] || [ "$wanted" != "$(cat "$out/stamp" 2>/dev/null)" ] || exit 0

gcc32 || { say "no 32-bit C compiler; packages: $(gcc_packages)"; exit 1; }
case $(uname -m) in
x86_64) cc="gcc -m32 -I/usr/include/x86_64-linux-gnu" ;;     # -I: <asm/...>, which only gcc-multilib would link
*) cc=gcc ;;
esac

exec 9>"$out/lock"
flock 9                                 # two at once would spoil each other's build
rm -f "$out/stamp"
if [ "$recipe" = "$(cat "$out/recipe" 2>/dev/null)" ]; then
    rm -rf "$out/build/frozen_content.c" "$out/build/frozen_mpy"
else
    rm -f "$out/recipe"                 # whoever is interrupted here begins again
    objects_in "$recipe" "$out"
    echo "$recipe" >"$out/recipe"
fi

began=$(date +%s)
say "32-bit MicroPython with $1 frozen in; the first time takes a minute ..."
# Off: what needs 32-bit libraries of the machine, and what no device has.
MICROPY_GIT_TAG=v$(cat "$source/version")
export MICROPY_GIT_TAG
set -- -C "$source/ports/unix" -j"$(nproc)" VARIANT=standard BUILD="$out/build" CC="$cc" PYTHON="$PYTHON" \
    FROZEN_MANIFEST="$manifest" \
    MICROPY_PY_BTREE=0 MICROPY_PY_FFI=0 MICROPY_PY_BLUETOOTH=0
if rom_make "$out" "$manifest" "$@" >"$out/build.log" 2>&1; then
    objects_out "$recipe" "$out"
    cp "$out/build/micropython" "$out/micropython.new"
    mv "$out/micropython.new" "$out/micropython"            # atomic: a test may be running the old one
    echo "$wanted" >"$out/stamp"
    say "  done in $(($(date +%s) - began)) s: $out/micropython"
else
    say "  FAILED. The log is $out/build.log; it ends:"
    tail -n 8 "$out/build.log" | cut -c 1-200 | sed 's/^/    | /' >&2
    exit 1
fi
