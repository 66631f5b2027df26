#!/bin/sh
# nbxmpp.sh DIR: nbxmpp, the library of Gajim, in DIR, with Python, GLib and libsoup from Debian packages, nothing
# installed. DIR/bin/python runs by the tree's own dynamic loader with the tree's own libraries. Works under any name of
# DIR, as any user. Needs APT_CONFIG of private_apt.sh, and in VENV a virtual environment with pip.
set -eu
dir=$1
rm -rf "$dir"; mkdir -p "$dir/archives/partial" "$dir/root" "$dir/bin"

version=$(apt-cache policy python3.13-minimal | sed -n 's/^ *Candidate: //p')
[ -n "$version" ] || { echo "the package lists have no Python 3.13"; exit 1; }
# Named one by one: apt's own answer would be 110 packages, with systemd, dbus and dconf.
(cd "$dir/archives" && apt-get download -q \
    libc6 libgcc-s1 libatomic1 zlib1g libzstd1 libbz2-1.0 liblzma5 libexpat1 libffi8 libuuid1 libsqlite3-0 libssl3t64 \
    python3.13-minimal python3.13 libpython3.13-minimal libpython3.13-stdlib python3-gi \
    libgirepository-1.0-1 gir1.2-glib-2.0 gir1.2-girepository-2.0 libglib2.0-0t64 libpcre2-8-0 libselinux1 libmount1 \
    libblkid1 gir1.2-soup-3.0 libsoup-3.0-0 libbrotli1 libnghttp2-14 libpsl5t64 libidn2-0 libunistring5 \
    libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libcom-err2 libkeyutils1 \
    glib-networking libgnutls30t64 libnettle8t64 libhogweed6t64 libgmp10 libtasn1-6 libp11-kit0)
for deb in "$dir"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir/root" --no-same-owner --no-same-permissions
done
rm -rf "$dir/archives" "$dir/root/usr/share/doc" "$dir/root/usr/share/man" "$dir/root/usr/share/locale"
# A plug-in for proxies would ask for more libraries.
(cd "$dir/root" && rm -f usr/lib/*/gio/modules/libgiolibproxy.so usr/lib/*/gio/modules/libgiognomeproxy.so)

# Pure Python all three, so another Python than the tree's may fetch them.
"$VENV/bin/python" -m pip install -q --no-compile --target "$dir/site" --only-binary :all: --no-deps \
    nbxmpp==7.4.0 precis-i18n==1.1.2 packaging==25.0 idna==3.11

loader=$(cd "$dir/root" && ls usr/lib/*-linux-*/ld-linux*.so.* lib/*-linux-*/ld-linux*.so.* 2>/dev/null | head -n 1)
triplet=$(basename "$(dirname "$loader")")
cat >"$dir/bin/python" <<END
#!/bin/sh
d=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
r=\$d/root
l=\$r/usr/lib/$triplet
export PYTHONHOME="\$r/usr" PYTHONPATH="\$d/site" PYTHONNOUSERSITE=1 OPENSSL_CONF=/dev/null
export GI_TYPELIB_PATH="\$l/girepository-1.0" GIO_MODULE_DIR="\$l/gio/modules" GIO_USE_VFS=local
export GSETTINGS_BACKEND=memory GIO_USE_PROXY_RESOLVER=dummy GIO_USE_NETWORK_MONITOR=base
unset LD_LIBRARY_PATH LD_PRELOAD
exec "\$r/$loader" --library-path "\$l:\$r/lib/$triplet" "\$r/usr/bin/python3.13" "\$@"
END
chmod 755 "$dir/bin/python"

# As Debian does when it installs, or each start costs half a second more. Not with -j: a worker would be started
# without the loader.
(cd "$dir" && bin/python -m compileall -q root/usr/lib/python3.13 root/usr/lib/python3 site)
"$dir/bin/python" -c 'import gi; gi.require_version("Soup", "3.0"); from gi.repository import Soup, Gio; import nbxmpp
from nbxmpp.client import Client
print("nbxmpp", nbxmpp.__version__, "PyGObject", gi.__version__, "TLS", Gio.TlsBackend.get_default().supports_tls())'
