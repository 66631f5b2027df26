#!/bin/sh
# jabberd2.sh DIR: jabberd2 2.7 in DIR, from Debian packages, nothing installed. DIR/bin/jabberd2-router, -sm and -c2s
# (-c FILE.xml) run in the foreground; DIR/etc has Debian's configuration, DIR/db-setup.sqlite the tables, DIR/modules
# (a link) the modules of <module><path>. Works under any name of DIR, as any user. Needs APT_CONFIG of private_apt.sh.
set -eu
dir=$(readlink -f "$1")
rm -rf "$dir"; mkdir -p "$dir/archives/partial" "$dir/root" "$dir/bin"

version=$(apt-cache policy jabberd2 | sed -n 's/^ *Candidate: //p')
dpkg --compare-versions "${version:-0}" ge 2.7.0 ||
    { echo "the package lists have no jabberd2 2.7 but ${version:-none}"; exit 1; }
apt-get install -q -y --download-only -o Dir::Cache::archives="$dir/archives" jabberd2
for deb in "$dir"/archives/*.deb; do
    case ${deb##*/} in
    debconf_* | lsb-base_* | sysvinit-utils_* | mysql-common_* | mariadb-common_* | libaudit* | libcap-ng0_* | \
        openssl-provider-legacy_* | libmariadb3_* | libpq5_* | libdb5* | libldap* | libsasl2* | libpam0g_* | libkrb5* | libk5crypto3_* | libgssapi-krb5* | \
        libcom-err2_* | libkeyutils1_* | libgcc-s1_* | gcc-*-base_*) ;; # for modules that are left out below
    *) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir/root" --no-same-owner --no-same-permissions ;;
    esac
done
rm -rf "$dir/archives"

cd "$dir/root"
loader=$(ls usr/lib/*-linux-*/ld-linux*.so.* lib/*-linux-*/ld-linux*.so.* 2>/dev/null | head -n 1)
triplet=$(basename "$(dirname "$loader")")
[ -n "$loader" ]
mv etc/jabberd2 "$dir/etc"
gunzip -c usr/share/doc/jabberd2/db-setup.sqlite.gz >"$dir/db-setup.sqlite"
rm -rf usr/share usr/bin etc var "usr/lib/$triplet/gconv" "usr/lib/$triplet"/engines-* usr/lib/systemd usr/lib/init
for module in mysql pgsql db ldap ldapfull ldapvcard pam; do
    rm -f "usr/lib/$triplet/jabberd2"/*_$module.so
done
ln -s "root/usr/lib/$triplet/jabberd2" "$dir/modules"

for program in router sm c2s s2s; do
    cat >"$dir/bin/jabberd2-$program" <<END
#!/bin/sh
r=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/root
l=\$r/usr/lib/$triplet
export OPENSSL_CONF=/dev/null OPENSSL_MODULES="\$l/ossl-modules"
exec "\$r/$loader" --library-path "\$l:\$r/lib/$triplet:\$l/jabberd2" "\$r/usr/sbin/jabberd2-$program" "\$@"
END
    chmod 755 "$dir/bin/jabberd2-$program"
done
# All libraries must be the tree's; a missing one, or the machine's, shows here.
for program in usr/sbin/jabberd2-* "usr/lib/$triplet"/jabberd2/*.so; do
    l=$dir/root/usr/lib/$triplet
    "$dir/root/$loader" --library-path "$l:$dir/root/lib/$triplet:$l/jabberd2" --list "$program" >"$dir/list"
    if grep -v -e vdso -e "statically linked" -e "$dir/root/" "$dir/list"; then exit 1; fi
done
rm "$dir/list"
du -sm "$dir"
