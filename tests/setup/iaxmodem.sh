#!/bin/sh
# iaxmodem.sh DIR: iaxmodem, a software modem, in DIR, from a Debian package, nothing installed. DIR/iaxmodem NAME takes
# ./config/NAME as its configuration and writes ./log/NAME: the package's own paths are absolute, and root's. They are
# changed in the program, length for length. Works as any user. Needs APT_CONFIG of private_apt.sh.
set -eu
dir=$(readlink -f "$1")
rm -rf "$dir"; mkdir -p "$dir/archives/partial" "$dir/root"

[ "$(apt-cache policy iaxmodem | sed -n 's/^ *Candidate: //p')" != '(none)' ] && apt-cache show iaxmodem >/dev/null ||
    { echo 'the package lists have no iaxmodem'; exit 1; }
cd "$dir/archives"
apt-get download -q iaxmodem
dpkg-deb --fsys-tarfile iaxmodem_*.deb | tar -x -C "$dir/root" --no-same-owner --no-same-permissions
sed 's#/etc/iaxmodem/%s#./config//////%s#; s#/var/log/iaxmodem/%s#././././././//log/%s#' \
    "$dir/root/usr/bin/iaxmodem" >"$dir/iaxmodem"
chmod +x "$dir/iaxmodem"
[ "$(wc -c <"$dir/iaxmodem")" = "$(wc -c <"$dir/root/usr/bin/iaxmodem")" ]
rm -rf "$dir/archives" "$dir/root"
