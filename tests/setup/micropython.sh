#!/bin/sh
# micropython.sh DIR: the source of MicroPython 1.25 or newer in DIR, its TLS library and mpy-cross built in it; and in
# DIR/hashes a C module that gives a build without TLS hashlib.sha1 and md5 (SCRAM-SHA-1 needs SHA-1).
# Needs gcc, libc6-dev, make, and APT_CONFIG of private_apt.sh.
set -eu
dir=$1
rm -rf "$dir" "$dir.get"; mkdir -p "$dir" "$dir.get"
cd "$dir.get"

version=$(apt-cache showsrc micropython | sed -n 's/^Version: //p' | sort -V | tail -n 1)
dpkg --compare-versions "${version:-0}" ge 1.25 ||
    { echo "the package lists have no MicroPython 1.25 but ${version:-none}"; exit 1; }
mbedtls=$(apt-cache showsrc mbedtls | sed -n 's/^Version: \([23]\..*\)/\1/p' | sort -V | tail -n 1)
apt-get source -q --download-only --only-source "micropython=$version" "mbedtls=$mbedtls"
rm -f ./*.asc
$PYTHON -m tarfile -e micropython_*.orig.tar.* .        # python3 knows xz and bzip2; the machine may not
$PYTHON -m tarfile -e mbedtls_*.orig.tar.* .
cp -a micropython-*/. "$dir"
: >"$dir/lib/micropython-lib/README.md"                 # make wants to see it; Debian leaves it out
cp -r mbedtls-*/include mbedtls-*/library "$dir/lib/mbedtls"

# Of mbedtls only the hashes are compiled here; MicroPython's hashlib then uses them. Everything else stays off.
m=$dir/hashes/mbedtls
mkdir -p "$m"
cp -r mbedtls-*/include "$m"
mkdir "$m/library"
cp mbedtls-*/library/*.h "$m/library"
for f in sha1 sha256 md5 platform_util constant_time; do cp mbedtls-*/library/$f.c "$m/library"; done
cat >"$dir/hashes/config.h" <<END
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_MD5_C
END
cat >"$m/micropython.mk" <<'END'
HASHES := $(USERMOD_DIR)
SRC_USERMOD_LIB_C += $(addprefix $(HASHES)/library/, sha1.c sha256.c md5.c platform_util.c constant_time.c)
CFLAGS_USERMOD += -I$(HASHES)/include -I$(HASHES)/library -DMBEDTLS_CONFIG_FILE='"$(HASHES)/../config.h"'
CFLAGS_USERMOD += -DMICROPY_SSL_MBEDTLS=1 -DMICROPY_PY_HASHLIB_SHA1=1 -DMICROPY_PY_HASHLIB_MD5=1
END

version=${version%%[+-]*}
echo "$version" >"$dir/version"
MICROPY_GIT_TAG=v$version make -C "$dir/mpy-cross" -j"$(nproc)"
cd /
rm -rf "$dir.get"
