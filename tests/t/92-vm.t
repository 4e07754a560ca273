#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On a Debian system with systemd, AppArmor and an older kernel, in qemu: the tests of tests/vm, and those of
# this directory that are named here. Not those that take packages of their own, which are run by hand: HACKING.md.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/debs.sh"
. "$(dirname "$0")/../lib/vm.sh"
needs rlc qemu-system-x86_64 mmdebstrap mke2fs apt dpkg-buildpackage dh

RUN_TIMEOUT=900
tests=()
for test in "$SRCDIR"/tests/vm/*.t; do
	[ "$(basename "$test")" = package.t ] || grep -Eq '^# (packages|kernel): ' "$test" || tests+=("$(basename "$test" .t)")
done
tests+=(33-scratch 37-volumes-mount package) # the package last: its AppArmor profiles come and go with it

# The packages are built while the system is made, which waits for what it downloads
debs_build &
building=$!
run "$SRCDIR/ci/vm" --build "$BUILD" --image
is "$status" 0 "there is a system"
wait $building
is $? 0 "there are packages"
in_vm --timeout 800 --file "$(echo "$debs"/rlc_*.deb)" --file "$(echo "$debs"/rlc-newuidmap_*.deb)" "${tests[@]}"
done_testing
