#!/bin/sh
# setup.sh run|test [--env]: put in place what `make run` or `make test` needs, on a bare Debian or Ubuntu with
# python3 (3.11 or newer), make and a network. Quick and silent when everything is there. With root (or sudo without
# a password) it installs Debian packages; without, it names them and goes on with what it can get.
# Everything else goes into ~/.cache/nocarrier, one folder a tool (see lib.sh); removing a folder makes it anew.
# --env prints where the tools are as NAME=VALUE lines; an empty value: could not be had, $MISSING says why.
set -u
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/lib.sh"
export PYTHON PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1
WHAT=${1-} env=${2-}
case $WHAT:$env in
run: | run:--env | test: | test:--env) ;;
*) echo 'usage: setup.sh run|test [--env]' >&2; exit 2 ;;
esac
case $CACHE in *[[:space:]]*) say "cannot work in a folder with a space in its name: $CACHE"; exit 1 ;; esac
assignments=$($PYTHON "$HERE/requirements.py" "$HERE/../../pyproject.toml") || exit 1
eval "$assignments"

# --- root's part

SUDO=
as_root() { [ "$(id -u)" = 0 ] || { SUDO='sudo -n'; command -v sudo >/dev/null && sudo -n true 2>/dev/null; }; }

update_lists() {
    [ -z "${UPDATED-}" ] || return 0
    UPDATED=yes
    # shellcheck disable=SC2086
    step apt-update "Debian's package lists (about 20 MB)" $SUDO apt-get update -q
}

# packages TOOL 'what, how big' TEST NAMES: unless TEST succeeds, install the packages that the command NAMES prints.
packages() {
    ! $3 || return 0
    if ! command -v apt-get >/dev/null; then
        missing "$1" 'not on this machine, and there is no apt-get to install it with'
    elif as_root; then
        lock
        update_lists
        # shellcheck disable=SC2046,SC2086  # lists of words are wanted
        step "apt-$1" "$2" $SUDO sh "$HERE/apt_install.sh" $($4)
        $3 || missing "$1" "the installation failed, see $CACHE/log/apt-$1.log" "$($4)"
    else
        # shellcheck disable=SC2046
        missing "$1" 'not on this machine, and we are not root' $($4)
        WANTED="${WANTED-} $($4)"
    fi
}

compilers() { gcc32 || { [ "$(uname -m)" != x86_64 ] && gcc64; }; }
find_chromium() {
    for c in chromium google-chrome-stable google-chrome; do
        CHROMIUM=$(command -v $c) && return 0
    done
    CHROMIUM=
    return 1
}
chromium_packages() { echo chromium; }

# --- everybody's part

# The private apt lives for one run only: its package lists are large, and soon out of date.
private_apt() {
    [ -z "${APT_STATE-}" ] || return "$APT_STATE"
    APT_STATE=1
    command -v apt-get >/dev/null || { say 'no apt-get on this machine'; return 1; }
    lock
    step private-apt "private package lists of Debian 13 (20 MB)" sh "$HERE/private_apt.sh" "$TMP/apt" || return 1
    export APT_CONFIG="$TMP/apt/apt.conf"
    APT_STATE=0
}

# tool NAME 'what, how big': NAME.sh makes the tool in a temporary folder, which gets its name when it is whole.
tool() {
    dir=$(tool_dir "$1")
    [ ! -d "$dir" ] || return 0
    no=$CACHE/no-${dir##*/}             # why it cannot be had, if we found out today
    if [ -z "${DEBIAN_MIRROR-}" ] && [ -n "$(find "$no" -mtime -1 2>/dev/null)" ]; then
        missing "$1" "$(cat "$no")"
        return
    fi
    lock
    [ ! -d "$dir" ] || return 0         # another set-up made it while we waited
    if ! private_apt; then
        missing "$1" "no package lists, see $CACHE/log/private-apt.log"
    elif step "$1" "$2" sh "$HERE/$1.sh" "$TMP/$1"; then
        mv "$TMP/$1" "$dir"
    elif reason=$(grep '^the package lists have no' "$CACHE/log/$1.log"); then
        reason="$reason; DEBIAN_MIRROR=address and the package debian-archive-keyring would help"
        missing "$1" "$reason"
        echo "$reason" >"$no"
    else
        missing "$1" "could not be made, see $CACHE/log/$1.log"
    fi
}

venv() {
    # The one for tests holds all that the program needs.
    for list in "$TEST" "$RUN"; do
        VENV=$CACHE/venv-$(printf '%s\n' "$PY" "$list" | cat - "$HERE/venv.sh" | short_hash)
        [ ! -e "$VENV/.whole" ] || return 0
        [ "$WHAT" = run ] || break
    done
    lock
    [ ! -e "$VENV/.whole" ] || return 0
    $PYTHON -c 'import ensurepip' 2>/dev/null || private_apt || return 1
    printf '%s\n' "$list" >"$TMP/packages.txt"
    step venv "Python packages for $WHAT ($([ "$WHAT" = run ] && echo 26 || echo 330) MB)" \
        sh "$HERE/venv.sh" "$VENV" "$TMP/packages.txt"
}

stubs() {
    STUBS=
    [ -n "$STUB_PACKAGES" ] || return 0
    dir=$CACHE/stubs-$(printf '%s\n' "$PY" "$STUB_PACKAGES" | short_hash)
    [ -d "$dir" ] || lock
    if [ ! -d "$dir" ]; then
        printf '%s\n' "$STUB_PACKAGES" >"$TMP/stubs.txt"
        # Not in the virtual environment, where they would hide the standard library's own types.
        if step stubs 'MicroPython type stubs (1 MB)' \
            "$VENV/bin/python" -m pip install --target "$TMP/stubs" -r "$TMP/stubs.txt"
        then
            mv "$TMP/stubs" "$dir"
        else
            missing stubs "could not be fetched, see $CACHE/log/stubs.log"
            return
        fi
    fi
    STUBS=$dir
}

if [ "$WHAT" = test ]; then
    rm -f "$MISSING"
    mkdir -p "$CACHE"
    packages micropython32 'C compiler with 32-bit libraries (about 290 MB)' compilers gcc_packages
    if compilers && ! gcc32; then missing micropython32 "the compiler of $(uname -m) makes no 32-bit programs"; fi
    packages firmware 'QEMU for ARM and a Cortex-M compiler (about 2 GB)' arm_tools arm_packages
    if find_chromium; then :
    elif grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null; then
        missing chromium 'Ubuntu has it as a snap only; a chromium or google-chrome on the PATH would do'
    else packages chromium 'Chromium (about 710 MB)' find_chromium chromium_packages
    fi
    [ -z "${WANTED-}" ] || say "for all tests, as root: apt-get install --no-install-recommends$WANTED"
fi
venv || { say 'without the Python packages nothing works'; exit 1; }
if [ "$WHAT" = test ]; then
    stubs
    if gcc64; then tool micropython 'MicroPython source and its compiler mpy-cross (70 MB, about 20 s)'
    else missing micropython 'no C compiler' gcc libc6-dev
    fi
    tool prosody 'Prosody 13, a real XMPP server (20 MB to fetch, 70 MB)'
    tool prosody012 'Prosody 0.12, an older one (20 MB to fetch, 53 MB)'
    tool ejabberd 'ejabberd, another real XMPP server (47 MB to fetch, 74 MB)'
    tool jabberd2 'jabberd2, one of the old kind (10 MB to fetch, 17 MB)'
    tool iaxmodem 'iaxmodem, a modem that we did not write (150 KB)'
    tool terminals 'chat, minicom and socat, for the other end of a modem (7 MB)'
    export VENV                         # for its pip
    tool nbxmpp 'nbxmpp, a client to measure ours against (22 MB to fetch, 80 MB)'
    tool xmppjs '@xmpp/client with Node, another one (60 MB to fetch, 119 MB)'
fi

if [ -n "$env" ]; then
    there() { [ -e "$2" ] && echo "$1=$2" || echo "$1="; }
    echo "VENV=$VENV"
    [ "$WHAT" = test ] || exit 0
    there MICROPYTHON_SRC "$(tool_dir micropython)"
    there MPY_CROSS "$(tool_dir micropython)/mpy-cross/build/mpy-cross"
    there PROSODY13 "$(tool_dir prosody)/bin/prosody"
    there PROSODY012 "$(tool_dir prosody012)/bin/prosody"
    there EJABBERD "$(tool_dir ejabberd)/bin/ejabberd"
    there JABBERD2 "$(tool_dir jabberd2)"
    there IAXMODEM "$(tool_dir iaxmodem)/iaxmodem"
    there TERMINALS "$(tool_dir terminals)/bin"
    there NBXMPP "$(tool_dir nbxmpp)/bin/python"
    there XMPPJS "$(tool_dir xmppjs)"
    echo "STUBS=$STUBS"
    echo "CHROMIUM=$CHROMIUM"
    echo "QEMU_ARM=$(arm_tools && command -v qemu-system-arm)"
    echo "MISSING=$MISSING"
fi
exit 0
