#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On a Debian system with systemd, AppArmor and an older kernel, in qemu: the tests of tests/vm, and those of
# this directory that are named here. Not those that take packages of their own, which are run by hand: HACKING.md.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/debs.sh"
needs rlc qemu-system-x86_64 mmdebstrap mke2fs apt dpkg-buildpackage dh

RUN_TIMEOUT=900
tests=()
for test in "$SRCDIR"/tests/vm/*.t; do
	[ "$(basename "$test")" = package.t ] || grep -q '^# packages: ' "$test" || tests+=("$(basename "$test" .t)")
done
tests+=(33-scratch 37-volumes-mount package) # the package last: its AppArmor profiles come and go with it

# The packages are built while the system is made, which waits for what it downloads
debs_build &
building=$!
run "$SRCDIR/ci/vm" --build "$BUILD" --image
is "$status" 0 "there is a system"
wait $building
is $? 0 "there are packages"
before=$test_count

while IFS= read -r line; do
	case $line in
	'ok '*) pass "${line#ok * - }" ;;
	'not ok '*) fail "${line#not ok * - }" ;;
	'1..'*) plan=${line#1..} ;;
	*) note "${line#\# }" ;;
	esac
done < <(trap '' TERM; exec "$SRCDIR/ci/vm" --build "$BUILD" --timeout 800 \
	--file "$(echo "$debs"/rlc_*.deb)" --file "$(echo "$debs"/rlc-newuidmap_*.deb)" "${tests[@]}" 2>&1)
wait $!
is $? 0 "ci/vm says that all is well"
is "$test_count" $((before + ${plan:-0} + 1)) "and it came to its end"
done_testing
