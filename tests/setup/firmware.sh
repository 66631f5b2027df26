#!/bin/sh
# firmware.sh MANIFEST HEAP_BYTES OUT_DIR: OUT_DIR/firmware.elf, MicroPython for a Cortex-M3 (MPS2 AN385, as QEMU has it)
# with the modules of MANIFEST frozen in and a heap of so many bytes. Takes the source that setup.sh has put into the cache.
# Does nothing when neither the recipe nor any frozen file has changed.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/lib.sh"
[ $# = 3 ] || { echo 'usage: firmware.sh MANIFEST HEAP_BYTES OUT_DIR' >&2; exit 2; }
manifest=$(realpath "$1")
mkdir -p "$3"
out=$(realpath "$3")
source=$(tool_dir micropython)
[ -d "$source" ] || { say "no MicroPython source: $source; run tests/setup/setup.sh test"; exit 1; }
arm_gcc || { say "no compiler for Cortex-M; packages: $(arm_packages)"; exit 1; }

board=$(cd "$HERE/../../ports/boards/mps2" && pwd)
kind="$source $(arm-none-eabi-gcc -dumpfullversion) $(rom_hash) $(rom_wanted "$manifest")"
kind="$kind $(cat "$0" "$HERE/lib.sh" "$board"/mpconfigboard.* "$board/clock.c" | short_hash)"
recipe="$kind $2"
wanted="$recipe $($PYTHON "$HERE/frozen_files.py" "$source" "$manifest")"
[ ! -e "$out/firmware.elf" ] || [ "$wanted" != "$(cat "$out/stamp" 2>/dev/null)" ] || exit 0

exec 9>"$out/lock"
flock 9                                 # two at once would spoil each other's build
rm -f "$out/stamp"
if [ "$recipe" = "$(cat "$out/recipe" 2>/dev/null)" ]; then
    rm -rf "$out/build/frozen_content.c" "$out/build/frozen_mpy"
else
    rm -f "$out/recipe"                 # whoever is interrupted here begins again
    objects_in "$kind" "$out"
    echo "$recipe" >"$out/recipe"
fi

began=$(date +%s)
say "Cortex-M3 firmware with $1 frozen in, heap of $2 bytes ..."
MICROPY_GIT_TAG=v$(cat "$source/version")
export MICROPY_GIT_TAG
set -- -C "$source/ports/qemu" -j"$(nproc)" BOARD=mps2 BOARD_DIR="$board" BUILD="$out/build" PYTHON="$PYTHON" \
    FROZEN_MANIFEST="$manifest" MICROPY_HEAP_SIZE="$2"
if rom_make "$out" "$manifest" "$@" >"$out/build.log" 2>&1; then
    objects_out "$kind" "$out"
    cp "$out/build/firmware.elf" "$out/firmware.new"
    mv "$out/firmware.new" "$out/firmware.elf"              # atomic: a test may be running the old one
    echo "$wanted" >"$out/stamp"
    say "  done in $(($(date +%s) - began)) s: $out/firmware.elf"
else
    say "  FAILED. The log is $out/build.log; it ends:"
    tail -n 8 "$out/build.log" | cut -c 1-200 | sed 's/^/    | /' >&2
    exit 1
fi
