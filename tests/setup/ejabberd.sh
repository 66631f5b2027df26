#!/bin/sh
# ejabberd.sh DIR: ejabberd (24.12 or newer) in DIR, from Debian packages, nothing installed.
# DIR/bin/ejabberd CONFIG.yml SPOOLDIR LOGDIR [init arguments...] runs it in the foreground, without epmd, without Erlang
# distribution. SIGTERM ends it in order. Works under any name of DIR, as any user. Needs APT_CONFIG of private_apt.sh.
set -eu
dir=$(readlink -f "$1")
rm -rf "$dir"; mkdir -p "$dir/archives/partial" "$dir/root" "$dir/bin"

version=$(apt-cache policy ejabberd | sed -n 's/^ *Candidate: //p')
dpkg --compare-versions "${version:-0}" ge 24.12 ||
    { echo "the package lists have no ejabberd 24.12 but ${version:-none}"; exit 1; }
apt-get install -q -y --download-only -o Dir::Cache::archives="$dir/archives" ejabberd
# Of what comes along these are of no use here: Perl (for debconf, ucf), and tools of Erlang's developers.
for deb in "$dir"/archives/*.deb; do
    case ${deb##*/} in
    perl-base_* | libtext-* | debconf_* | ucf_* | sensible-utils_* | procps_* | libproc2-* | openssl_* | \
        ca-certificates_* | erlang-dialyzer_* | erlang-eunit_* | erlang-proper_* | erlang-tools_* | erlang-odbc_* | libodbc2_* | libltdl7_*) ;;
    *) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir/root" --no-same-owner --no-same-permissions ;;
    esac
done
rm -rf "$dir/archives"

cd "$dir/root"
loader=$(ls usr/lib/*-linux-*/ld-linux*.so.* lib/*-linux-*/ld-linux*.so.* 2>/dev/null | head -n 1)
triplet=$(basename "$(dirname "$loader")")
erts=$(ls -d usr/lib/erlang/erts-*)
[ -n "$loader" ] && [ -x "$erts/bin/beam.smp" ]

rm -rf usr/share usr/sbin usr/bin etc var lib/systemd usr/lib/systemd \
    "usr/lib/$triplet/gconv" "usr/lib/$triplet"/perl* "usr/lib/$triplet"/engines-* usr/lib/erlang/lib/*/src \
    usr/lib/erlang/lib/*/include "usr/lib/$triplet"/ejabberd-*/include
(cd "$erts/bin" && find . -type f ! -name beam.smp ! -name erl_child_setup ! -name inet_gethost -delete)

# Programs that others start by their path: the kernel would take the machine's own loader for them, so they become
# scripts that run them by ours. beam.smp starts erl_child_setup from BINDIR; that starts inet_gethost from the PATH,
# and by their full paths memsup (os_mon) and eimp, which ejabberd starts always.
for program in "$erts/bin/erl_child_setup" "$erts/bin/inet_gethost" usr/lib/erlang/lib/*/priv/bin/*; do
    [ "$(head -c 4 "$program" | tail -c 3)" = ELF ] || continue
    mv "$program" "$program.elf"
    cat >"$program" <<END
#!/bin/sh
exec "\$NOCARRIER_ERL_ROOT/$loader" --library-path "\$NOCARRIER_ERL_LIBS" "\$NOCARRIER_ERL_ROOT/$program.elf" "\$@"
END
    chmod 755 "$program"
done

# What erlexec would do, without ERL_FLAGS and the like of the environment (erl -emu_args_exit prints the arguments).
cat >"$dir/bin/ejabberd" <<END
#!/bin/sh
# ejabberd CONFIG.yml SPOOLDIR LOGDIR: in the foreground
set -eu
config=\$(readlink -f "\$1") spool=\$(readlink -f "\$2") logs=\$(readlink -f "\$3"); shift 3
r=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")/root
l=\$r/usr/lib/$triplet:\$r/lib/$triplet
unset ERL_INETRC ERL_EPMD_ADDRESS ERL_EPMD_PORT ERL_DIST_PORT ERL_MAX_PORTS ERL_MAX_ETS_TABLES EJABBERD_PID_PATH \\
    CONTRIB_MODULES_PATH CONTRIB_MODULES_CONF_DIR ERL_ZFLAGS ERL_AFLAGS ERL_FLAGS ERL_COMPILER_OPTIONS
export NOCARRIER_ERL_ROOT="\$r" NOCARRIER_ERL_LIBS="\$l"
export ROOTDIR="\$r/usr/lib/erlang" BINDIR="\$r/$erts/bin" EMU=beam PROGNAME=erl
export PATH="\$r/$erts/bin:\${PATH:-/usr/bin:/bin}" ERL_LIBS="\$r/usr/lib/$triplet" HOME="\$spool" LC_ALL=C.UTF-8
export OPENSSL_CONF=/dev/null OPENSSL_MODULES="\$r/usr/lib/$triplet/ossl-modules"
export EJABBERD_CONFIG_PATH="\$config" EJABBERD_LOG_PATH="\$logs/ejabberd.log" ERL_CRASH_DUMP="\$logs/erl_crash.dump"
cd "\$spool"
exec "\$r/$loader" --library-path "\$l" "\$r/$erts/bin/beam.smp" -K true -sbwt none -sbwtdcpu none -sbwtdio none \\
    -- -root "\$ROOTDIR" -bindir "\$BINDIR" -progname erl -- -home "\$HOME" -- \\
    -noshell -noinput -boot no_dot_erlang -mnesia dir "\"\$spool\"" "\$@" -s ejabberd
END
chmod 755 "$dir/bin/ejabberd"

# All libraries must be the tree's; a missing one, or the machine's, shows here.
l=$dir/root/usr/lib/$triplet:$dir/root/lib/$triplet
for program in "$erts/bin/beam.smp" \
    $(find usr/lib/erlang/lib "usr/lib/$triplet"/ejabberd-* -type f \( -name '*.so' -o -name '*.elf' \)); do
    "$dir/root/$loader" --library-path "$l" --list "$program" >"$dir/list"
    if grep -v -e vdso -e 'statically linked' -e "$dir/root/" "$dir/list"; then exit 1; fi
done
rm "$dir/list"
du -sm "$dir"
