#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make install puts what it should where a distribution expects it, and nothing else.
. "$(dirname "$0")/../lib/lib.sh"
needs rlc make

RUN_TIMEOUT=300
run env -u MAKEFLAGS -u MFLAGS -u DESTDIR make -s -C "$BUILD" install DESTDIR="$T/dest"
is "$status" 0 "make install DESTDIR=… succeeds"
prefix=$(sed -n 's/^prefix = //p' "$BUILD/Makefile")
ok "the program is in bin" test -x "$T/dest$prefix/bin/rlc"
is "$(find "$T/dest" -type f ! -perm -u+r)" "" "all files can be read"
is "$(find "$T/dest" -perm /6000)" "" "nothing is setuid or setgid"
run "$T/dest$prefix/bin/rlc" version
is "$status" 0 "the installed program runs"
unlike "$(strings "$T/dest$prefix/bin/rlc" 2>/dev/null | grep -F "$T/dest")" . "and does not know DESTDIR"

run env -u MAKEFLAGS -u MFLAGS make -s -C "$BUILD" uninstall DESTDIR="$T/dest"
is "$status" 0 "make uninstall succeeds"
is "$(find "$T/dest" -type f)" "" "and leaves no file"
done_testing
