#!/bin/sh
# venv.sh DIR LIST: a virtual environment in DIR with the third-party packages of the file LIST, never the project:
# several clones share it. DIR/.whole is written last, since an environment cannot be made elsewhere and renamed.
# Debian's python3 comes without ensurepip; then pip is Debian's own wheel of it (APT_CONFIG of private_apt.sh).
set -eu
dir=$1 list=$2
rm -rf "$dir"
if $PYTHON -c 'import ensurepip' 2>/dev/null; then
    $PYTHON -m venv "$dir"
else
    $PYTHON -m venv --without-pip "$dir"
    mkdir "$dir/get"
    (cd "$dir/get" && apt-get download -q python3-pip-whl ca-certificates)
    for deb in "$dir"/get/*.deb; do dpkg-deb -x "$deb" "$dir/get"; done
    site=$("$dir/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    "$dir/bin/python" -m zipfile -e "$dir"/get/usr/share/python-wheels/pip-*.whl "$site"
    # Debian's pip trusts the machine's certificates only, and a bare machine may have none.
    if [ ! -e /etc/ssl/certs/ca-certificates.crt ]; then
        cat "$dir"/get/usr/share/ca-certificates/mozilla/*.crt >"$dir/certificates.pem"
        sed -i "s|/etc/ssl/certs/ca-certificates.crt|$dir/certificates.pem|" "$site"/pip/_vendor/certifi/*.py
    fi
    rm -rf "$dir/get"
fi
"$dir/bin/python" -m pip install --no-input --prefer-binary -r "$list"
: >"$dir/.whole"
