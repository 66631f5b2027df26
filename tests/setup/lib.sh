# shellcheck shell=sh
# lib.sh: what every script here shares: where tools are kept, how they are named, how a long step is shown.
# The caller has set HERE to this folder.

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/nocarrier
TMP=$CACHE/tmp                          # half-made things; only ever used under the lock
MISSING=$CACHE/missing.txt              # one line each: tool, why, packages to install
PYTHON=${PYTHON:-python3}

# Short hash of everything that is fed in.
short_hash() { sha256sum | cut -c 1-10; }

# tool_dir NAME: the folder of a tool that NAME.sh makes. The name holds a hash of the recipe, so that
# another clone finds the same tool again, and a changed recipe makes a new one.
tool_dir() { printf '%s/%s-%s\n' "$CACHE" "$1" "$(cat "$HERE/$1.sh" "$HERE/private_apt.sh" | short_hash)"; }

say() { printf 'set-up: %s\n' "$*" >&2; }

# One set-up at a time for all clones. The kernel drops the lock when we end, however we end.
lock() {
    [ -z "${LOCKED-}" ] || return 0
    mkdir -p "$CACHE/log"
    exec 9>"$CACHE/lock"
    flock -n 9 || { say 'another set-up is at work; waiting for it'; flock 9; }
    LOCKED=yes
    rm -rf "$TMP"                       # left by one that was killed
    mkdir "$TMP"
    trap 'rm -rf "$TMP"' EXIT
    trap 'exit 1' INT TERM HUP
}

# step LOG 'what, how big' COMMAND...: run the command with its output in a log, say when it starts and ends.
step() {
    log=$CACHE/log/$1.log what=$2; shift 2
    began=$(date +%s)
    say "$what ..."
    if "$@" >"$log" 2>&1 </dev/null; then
        say "  done in $(($(date +%s) - began)) s"
    else
        say "  FAILED after $(($(date +%s) - began)) s. The log is $log; it ends:"
        tail -n 5 "$log" | cut -c 1-200 | sed 's/^/    | /' >&2
        return 1
    fi
}

# missing TOOL WHY [PACKAGE...]: note what could not be had; the tests print the list at their end.
missing() {
    tool=$1 why=$2; shift 2
    printf '%s: %s%s\n' "$tool" "$why" "${*:+; to install: $*}" >>"$MISSING"
}

# rom_ready OUT MAKE-ARGUMENTS...: what ports/firmware/makerom.py wants to find before make asks it for the frozen code.
# OUT/usermods gets its module of C.
ROM=$(cd "$HERE/../../ports/firmware" && pwd)
rom_ready() {
    rom_out=$1; shift
    ln -sfn "$ROM/romtypes" "$rom_out/usermods/romtypes"
    make "$@" "$rom_out/build/genhdr/moduledefs.h"
}
# rom_wanted MANIFEST: rom if the manifest has our packages.
rom_wanted() { if grep -q 'library="nocarrier"' "$1"; then echo rom; fi; }
# rom_make OUT MANIFEST MAKE-ARGUMENTS...: make, with the code in ROM if the manifest has ours. Packages in ROM are found
# before any file: a build without ours must not know their names.
rom_make() {
    rom_out=$1 rom_manifest=$2; shift 2
    rm -rf "$rom_out/usermods"          # an older recipe may have put other modules there
    mkdir "$rom_out/usermods"
    set -- "$@" USER_C_MODULES="$rom_out/usermods"
    if [ -n "$(rom_wanted "$rom_manifest")" ]; then
        set -- "$@" MAKE_MANIFEST="$PYTHON $ROM/makerom.py"
        rom_ready "$rom_out" "$@" || return
    fi
    make "$@"
}
# objects_in KIND OUT: OUT/build holds what an earlier build of this kind has compiled, whatever was frozen into it; KIND
# names all that it was compiled from. objects_out KIND OUT: keeps that for others, a month long after its last use.
objects() { printf '%s/objects-%s\n' "$CACHE" "$(printf '%s' "$1" | short_hash)"; }
objects_in() {
    rm -rf "$2/build"
    objects=$(objects "$1")
    [ -d "$objects" ] || return 0
    touch "$objects"
    cp -a "$objects" "$2/build"
}
objects_out() {
    objects=$(objects "$1")
    [ ! -d "$objects" ] || return 0
    find "$CACHE" -maxdepth 1 -name 'objects-*' -mtime +30 -exec rm -rf {} +
    rm -rf "$objects.$$"
    cp -a "$2/build" "$objects.$$"
    rm -rf "$objects.$$"/frozen_content.* "$objects.$$/frozen_mpy" "$objects.$$/main.o"
    mv -T "$objects.$$" "$objects" || rm -rf "$objects.$$"        # another was quicker
}
rom_hash() { cat "$ROM"/*.py "$ROM"/romtypes/* | short_hash; }

# Is there a compiler for programs, and one for 32-bit programs? (Looks at files only: compiling takes too long.)
gcc64() { command -v gcc >/dev/null && [ -e /usr/include/stdio.h ]; }
gcc32() {
    gcc64 || return 1
    case $(uname -m) in
    x86_64) [ -e "$(gcc -m32 -print-libgcc-file-name)" ] && [ -e /usr/lib32/crt1.o ] ;;
    i?86 | armv*) : ;;
    *) return 1 ;;                      # a 64-bit ARM compiler makes no 32-bit programs
    esac
}
# gcc-NN-multilib and not gcc-multilib, which excludes the cross compilers.
gcc_packages() {
    [ "$(uname -m)" = x86_64 ] || { echo gcc libc6-dev; return; }
    number=$( (gcc -dumpversion || apt-cache depends gcc | sed -n 's/.*Depends: gcc-\([0-9]*\)$/\1/p') 2>/dev/null)
    echo gcc libc6-dev "gcc-${number:+$number-}multilib" libc6-dev-i386
}
# Is there a compiler for the Cortex-M firmware, and QEMU to run it?
arm_gcc() { command -v arm-none-eabi-gcc >/dev/null && [ -e "$(arm-none-eabi-gcc -print-file-name=libc.a)" ]; }
arm_tools() { arm_gcc && command -v qemu-system-arm >/dev/null; }
arm_packages() { echo gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm; }
