#!/bin/sh
# prosody012.sh DIR: Prosody 0.12 in DIR, from packages of Debian 12 (bookworm), nothing installed.
# DIR/bin/prosody and prosodyctl as in prosody.sh. Needs APT_CONFIG of private_apt.sh.
# Without lua-unbound, which ends the server at its start where there is no /etc/resolv.conf.
set -eu
dir=$1
rm -rf "$dir"; mkdir -p "$dir/archives/partial" "$dir/root" "$dir/bin"

# Debian 12's, if the lists have it; else what the lists have (Ubuntu 24.04 has 0.12 itself).
suite=bookworm
apt-cache -t $suite policy prosody >/dev/null 2>&1 || suite=
version=$(apt-cache ${suite:+-t $suite} policy prosody | sed -n 's/^ *Candidate: //p')
case $version in
0.12*) ;;
*) echo "the package lists have no Prosody 0.12 but ${version:-none}"; exit 1 ;;
esac
apt-get install ${suite:+-t $suite} -q -y --download-only -o Dir::Cache::archives="$dir/archives" prosody
for deb in "$dir"/archives/*.deb; do
    case ${deb##*/} in
    dpkg_* | tar_* | readline-common_* | libselinux1_* | libacl1_* | libbz2* | liblzma5_* | libpcre2* | libmd0_* | \
        libzstd1_*) ;;                  # not used
    *) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir/root" --no-same-owner --no-same-permissions ;;
    esac
done
rm -rf "$dir/archives"

# lib/x86_64-linux-gnu/ld-linux-x86-64.so.2, and the Lua that Debian's script names in its first line
loader=$(cd "$dir/root" && ls usr/lib/*-linux-*/ld-linux*.so.* lib/*-linux-*/ld-linux*.so.* 2>/dev/null | head -n 1)
triplet=$(basename "$(dirname "$loader")")
lua=$(sed -n '1s/.*lua\([0-9.]*\)$/\1/p' "$dir/root/usr/bin/prosody")
[ -n "$loader" ] && [ -n "$lua" ]
(cd "$dir/root/usr" && rm -rf share/doc share/man share/locale "lib/$triplet/gconv" "lib/$triplet/audit" "lib/$triplet"/engines-*)

_lua=_$(echo "$lua" | tr . _)           # as in LUA_PATH_5_4
for program in prosody prosodyctl; do
    # Debian's script has fixed paths (CFG_SOURCEDIR='/usr/lib/prosody'); let them begin at our root.
    sed -i "s|^\(CFG_[A-Z]*\) *= *'/|\1=os.getenv('PROSODY_ROOT')..'/|" "$dir/root/usr/bin/$program"
    cat >"$dir/bin/$program" <<END
#!/bin/sh
r=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/root
l=\$r/usr/lib/$triplet
export PROSODY_ROOT="\$r" OPENSSL_CONF=/dev/null OPENSSL_MODULES="\$l/ossl-modules"
export LUA_PATH$_lua="\$r/usr/share/lua/$lua/?.lua;\$r/usr/share/lua/$lua/?/init.lua" LUA_CPATH$_lua="\$l/lua/$lua/?.so"
unset LUA_INIT LUA_INIT$_lua
exec "\$r/$loader" --library-path "\$l:\$r/lib/$triplet" "\$r/usr/bin/lua$lua" "\$r/usr/bin/$program" "\$@"
END
    chmod 755 "$dir/bin/$program"
done

# It must start; what it found goes into the log.
echo 'VirtualHost "localhost"' >"$dir/about.cfg.lua"
"$dir/bin/prosodyctl" --config "$dir/about.cfg.lua" about
