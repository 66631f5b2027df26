#!/bin/sh
# board.sh BOARD HEAP: the firmware of ports/boards/BOARD with everything in ROM, in $BOARDS/BOARD; HEAP as 64k. For boards
# whose toolchain is a package. Prints its path.
set -eu
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/lib.sh"
boards=$(cd "$HERE/../../ports/boards" && pwd)
board=${1-} heap=${2-64k}
case $heap in
[1-9]*k) case ${heap%k} in *[!0-9]*) heap= ;; esac ;;
*) heap= ;;
esac
[ -n "$heap" ] || { say "a heap is so many kilobytes, as 64k"; exit 2; }
case $board in
mps2)
    sh "$HERE/firmware.sh" "$boards/mps2/manifest.py" $((${heap%k} * 1024)) "$BOARDS/mps2"
    echo "$BOARDS/mps2/firmware.elf"
    ;;
unix)
    sh "$HERE/micropython32.sh" "$boards/unix/manifest.py" "$BOARDS/unix"
    echo "$BOARDS/unix/micropython"
    ;;
*)
    names=$(cd "$boards" && echo */ | tr -d /)
    case " $names " in
    *" $board "*) say "the toolchain of $board is in no package; ports/README.md (Code in ROM) says what its own build takes" ;;
    *) say "BOARD is one of: $names" ;;
    esac
    exit 1
    ;;
esac
