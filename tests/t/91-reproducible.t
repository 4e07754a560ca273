#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is built, and what make dist packs, does not tell where, when or by whom: a part of this build, made again
# elsewhere, is the same bit by bit. All of it, and the Debian packages: ci/reproducible.
. "$(dirname "$0")/../lib/lib.sh"
needs rlc make xz

# A second build directory of this build's configuration, without running configure; the source lies elsewhere,
# is of another time, and only its owner may read it
source=$T/elsewhere/in/source
second=$T/second
mkdir -p "$source" "$second"
tar -C "$SRCDIR" -c --exclude=./.git --exclude='./build*' --exclude=./autom4te.cache . | tar -x -C "$source"
cp -r "$SRCDIR/build-aux" "$source"
find "$source" -exec touch -h -d yesterday {} +
chmod -R go= "$source"
sed "s|^srcdir='.*'|srcdir='$source'|; s|^ac_pwd='.*'|ac_pwd='$second'|" "$BUILD/config.status" >"$second/config.status"
elsewhere() { # COMMAND…: in that directory, in another environment
	(umask 077 && cd "$second" && env -u MAKEFLAGS -u MFLAGS LC_ALL=C TZ=Asia/Kathmandu "$@") >>"$T/log" 2>&1
}
cp "$BUILD/libtool" "$second"
ok "there is a second build directory" elsewhere sh ./config.status Makefile depfiles
again=(AUTOMAKE=: ACLOCAL=: AUTOCONF=:)

objects=(src/base/error src/base/hint src/kernel/nlmsg src/container/steps src/image/builtin src/image/builtin_data)
ok "a part is built again" elsewhere make -s "${again[@]}" "${objects[@]/%/.lo}" filters.c helpers/newuidmap-shim/newuidmap ||
	diag "$(tail -n 20 "$T/log")"
for file in "${objects[@]/%/.o}" filters.c helpers/newuidmap-shim/newuidmap; do
	ok "$file is the same" cmp "$BUILD/$file" "$second/$file"
done

RUN_TIMEOUT=300
run env -u MAKEFLAGS -u MFLAGS XZ_OPT=-0 make -s -C "$BUILD" "${again[@]}" dist
is "$status" 0 "make dist"
ok "and again" elsewhere env XZ_OPT=-0 make -s "${again[@]}" dist
ok "packs the same bytes" cmp "$BUILD"/rlc-*.tar.xz "$second"/rlc-*.tar.xz
is "$(tar -tf "$second"/rlc-*.tar.xz | cut -d/ -f1 | sort -u | wc -l)" 1 "in one directory"

unpacked=$T/unpacked
mkdir "$unpacked"
tar -C "$unpacked" --strip-components=1 -xf "$second"/rlc-*.tar.xz
is "$(for of in ci doc helpers src tests; do diff -rq "$source/$of" "$unpacked/$of"; done)" "" "all of the source, and nothing that was built"
rm -f "$BUILD"/rlc-*.tar.xz
done_testing
