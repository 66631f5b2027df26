#!/bin/sh
# private_apt.sh DIR: a private apt in DIR that fetches packages and sources of Debian 13 (trixie) without
# root and installs nothing; those of Debian 12 (bookworm) too, with apt-get -t bookworm. It takes the mirror from the machine's own apt sources. Where none of them
# carries Debian 13 (Ubuntu), it offers the machine's own release instead, and whoever uses it checks versions.
# There, DEBIAN_MIRROR=address and the package debian-archive-keyring help.
# Use: APT_CONFIG=DIR/apt.conf apt-get ...
set -eu
dir=$1
etc=${APT_ETC:-/etc/apt}                # another folder only in tests
keys=/usr/share/keyrings/debian-archive-keyring.gpg
rm -rf "$dir"
mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/sources.d" "$dir/parts.d"

# Packages that prosody asks for only to be installed (users, certificates): they count as installed already.
for package in adduser base-passwd init-system-helpers ssl-cert; do
    cat <<END
Package: $package
Status: install ok installed
Version: 999
Architecture: all
Multi-Arch: foreign
Maintainer: none <none>
Description: none

END
done >"$dir/status"

# The machine's settings of proxies and the like are kept; its hooks and extra indexes are not.
apt-config dump | grep '^Acquire::' | grep -v -e '^Acquire::IndexTargets' -e '^Acquire::GzipIndexes' >"$dir/apt.conf"
cat >>"$dir/apt.conf" <<END
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Acquire::Retries "3";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "$dir/parts.d";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "$dir/sources.d";
Dir::State "$dir";
Dir::State::status "$dir/status";
Dir::Cache "$dir";
APT::Architectures { "$(dpkg --print-architecture)"; };
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Debug::NoLocking "true";
END
export APT_CONFIG="$dir/apt.conf"

# All addresses in both formats of apt sources; those that look like Debian's main archive first.
addresses() {
    {
        cat "$etc"/sources.list.d/*.sources 2>/dev/null | tr -d '\r' |
            awk 'tolower($1) ~ /^[a-z-]+:$/ { field = tolower($1); $1 = "" } /^#/ { next } field == "uris:" { print }'
        cat "$etc"/sources.list "$etc"/sources.list.d/*.list 2>/dev/null |
            sed -n 's/^[[:space:]]*deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\2/p'
    } | tr -s ' \t' '\n\n' | grep '^[a-z+]*:' | grep -v -e '^cdrom' -e security | awk '!seen[$0]++' >"$dir/addresses"
    echo "${DEBIAN_MIRROR-}"
    grep 'debian[^/]*/*$' "$dir/addresses" || true
    grep -v -e 'debian[^/]*/*$' -e ubuntu "$dir/addresses" || true
}

if [ -e $keys ]; then
    for address in $(addresses); do
        echo "trying $address"
        for type in deb deb-src; do
            echo "$type [signed-by=$keys] $address trixie main"
        done >"$dir/sources.list"
        # An address that has no trixie, or one that Debian did not sign, fails here.
        apt-get update -q --error-on=any || continue
        # Sources of newer programs than trixie's (their index is valid for a week only, a copy of it may be older), and
        # Debian 12, for `apt-get -t bookworm`: without -t the newer version wins.
        for more in "deb-src [signed-by=$keys check-valid-until=no] $address sid main" \
            "deb [signed-by=$keys] $address bookworm main"; do
            cp "$dir/sources.list" "$dir/before.list"
            echo "$more" >>"$dir/sources.list"
            apt-get update -q --error-on=any && continue
            echo "not there: $more"
            cp "$dir/before.list" "$dir/sources.list"
            apt-get update -q --error-on=any || exit 1
        done
        exit 0
    done
fi

echo "no mirror of Debian 13 among this machine's apt sources; taking its own release"
rm -rf "$dir/lists"; mkdir -p "$dir/lists/partial"
: >"$dir/sources.list"
for f in "$etc"/sources.list "$etc"/sources.list.d/*; do
    [ -e "$f" ] || continue
    case $f in
    *.sources) sed 's/^Types:.*/Types: deb deb-src/' "$f" ;;
    *.list) sed -n 's/^[[:space:]]*deb[[:space:]]\(.*\)/deb \1\ndeb-src \1/p' "$f" ;;
    *) continue ;;
    esac >"$dir/sources.d/${f##*/}"
done
apt-get update -q
apt-cache show libc6 >/dev/null 2>&1 || { echo "no package lists could be had: no network?"; exit 1; }
