#!/bin/sh
# prosody.sh DIR: Prosody 13 and the community modules in DIR, from Debian packages, nothing installed.
# DIR/bin/prosody and prosodyctl run by the tree's own dynamic loader with the tree's own libraries, so an older
# C library on the machine does not matter. Works under any name of DIR, as any user. (Prosody itself refuses
# root unless its configuration says run_as_root = true.) Needs APT_CONFIG of private_apt.sh.
set -eu
dir=$1
rm -rf "$dir"; mkdir -p "$dir/archives/partial" "$dir/root" "$dir/bin"

version=$(apt-cache policy prosody | sed -n 's/^ *Candidate: //p')
dpkg --compare-versions "${version:-0}" ge 13 ||
    { echo "the package lists have no Prosody 13 but ${version:-none}"; exit 1; }
# apt works out the dependencies; the private apt knows no installed package, so libc and all come along.
apt-get install -q -y --download-only -o Dir::Cache::archives="$dir/archives" prosody prosody-modules lua-unbound
for deb in "$dir"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir/root" --no-same-owner --no-same-permissions
done
rm -rf "$dir/archives"

rm -rf "$dir/root/usr/share/doc" "$dir/root/usr/share/man" "$dir/root/usr/share/locale"

# usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2, and the Lua that Debian's script names in its first line
loader=$(cd "$dir/root" && ls usr/lib/*-linux-*/ld-linux*.so.* lib/*-linux-*/ld-linux*.so.* 2>/dev/null | head -n 1)
triplet=$(basename "$(dirname "$loader")")
lua=$(sed -n '1s/.*lua\([0-9.]*\)$/\1/p' "$dir/root/usr/bin/prosody")
[ -n "$loader" ] && [ -n "$lua" ]
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
