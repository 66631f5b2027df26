#!/bin/sh
# terminals.sh DIR: chat(8), minicom and socat in DIR/bin, from Debian packages, nothing installed: programs that dial
# modems, and one that joins serial ports. Works under any name of DIR, as any user. Needs APT_CONFIG of private_apt.sh.
set -eu
dir=$(readlink -f "$1")
rm -rf "$dir"; mkdir -p "$dir/archives/partial" "$dir/root" "$dir/bin"

for package in ppp minicom socat; do
    apt-cache show $package >/dev/null 2>&1 || { echo "the package lists have no $package"; exit 1; }
done
apt-get install -q -y --download-only -o Dir::Cache::archives="$dir/archives" minicom socat
cd "$dir/archives"
apt-get download -q ppp                 # without what pppd needs: chat needs none of it
for deb in *.deb; do
    case $deb in
    debconf_* | openssl-provider-legacy_* | libgcc-s1_* | gcc-*-base_*) ;;
    *) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir/root" --no-same-owner --no-same-permissions ;;
    esac
done
rm -rf "$dir/archives"

cd "$dir/root"
loader=$(ls usr/lib/*-linux-*/ld-linux*.so.* lib/*-linux-*/ld-linux*.so.* 2>/dev/null | head -n 1)
[ -n "$loader" ]
triplet=$(basename "$(dirname "$loader")")
for program in usr/sbin/chat usr/bin/minicom usr/bin/socat1 usr/bin/socat; do
    [ -e "$program" ] && [ ! -L "$program" ] || continue
    name=$(basename "$program" 1)
    cat >"$dir/bin/$name" <<END
#!/bin/sh
r=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/root
l=\$r/usr/lib/$triplet
export TERMINFO_DIRS="\$r/usr/share/terminfo:\$r/usr/lib/terminfo:\$r/lib/terminfo:/usr/share/terminfo:/lib/terminfo"
exec "\$r/$loader" --library-path "\$l:\$r/lib/$triplet" "\$r/$program" "\$@"
END
    chmod 755 "$dir/bin/$name"
    l=$dir/root/usr/lib/$triplet
    "$dir/root/$loader" --library-path "$l:$dir/root/lib/$triplet" --list "$program" >"$dir/list"
    if grep -v -e vdso -e "statically linked" -e "$dir/root/" "$dir/list"; then exit 1; fi
done
rm "$dir/list"
rm -rf usr/share/doc usr/share/man usr/share/locale usr/share/info etc var
for name in chat minicom socat; do [ -x "$dir/bin/$name" ]; done
du -sm "$dir"
