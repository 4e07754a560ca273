#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Under AddressSanitizer and UBSan the unit tests pass and containers run, start to end, without a report.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox make
user_with_subids
leftovers_begin

build=$T/build-sanitizers
mkdir "$build"
RUN_TIMEOUT=600
run env -C "$build" -u MAKEFLAGS -u MFLAGS sh -c "
	'$SRCDIR/configure' --quiet --enable-sanitizers CFLAGS='-O1 -g' &&
	make -s -j2 && make -s -j2 check-programs"
is "$status" 0 "it builds with --enable-sanitizers"
[ "$status" = 0 ] || done_testing
RUN_TIMEOUT=120

# LeakSanitizer stops its process's threads with ptrace, which a container's init and the net process,
# non-dumpable or without /proc, cannot be; and what is reachable at exec or _exit is no leak. The unit tests,
# plain processes, are checked for leaks.
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
for unit in "$build"/tests/unit/*; do
	if [ ! -f "$unit" ] || [ ! -x "$unit" ]; then continue; fi
	# its filter refuses system calls that the sanitizers' own run time makes
	[ "${unit##*/}" != net_sandbox ] || continue
	ASAN_OPTIONS=detect_leaks=1 run "$unit" --tap
	is "$status $(grep -c '^not ok' <<<"$out")" "0 0" "${unit##*/} passes"
	unlike "$err" 'Sanitizer|runtime error' "${unit##*/}: no report"
done

export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:exitcode=99
RLC=$(copy_program "$build/rlc" rlc-sanitized)
make_rootfs "$T/rootfs" "$sub"
probe() { # DESCRIPTION EXPECTED-STATUS OPTIONS…
	local description=$1 expected=$2

	shift 2
	for who in "$sub" root; do
		run as "$who" "$RLC" run "$@"
		is "$status" "$expected" "${who%-*}: $description"
		unlike "$err" 'Sanitizer|runtime error' "${who%-*}: $description: no report"
	done
}
probe "built-in image, with the network" 5 --network slirp builtin:busybox sh -c 'nslookup localhost >/dev/null; ping -c 1 10.0.2.2 >/dev/null; exit 5'
probe "a directory under an overlay" 5 --network none --rootfs "$T/rootfs:O" sh -c 'exit 5'
probe "volumes, names, limits" 5 --network none -v "$T/rootfs/etc:/e:ro" --tmpfs /t -h web --add-host a:1.2.3.4 \
	--ulimit nofile=64 -e A=B -u 0:0 --cap-drop ALL builtin:busybox sh -c 'exit 5'
probe "a signal's death" 137 --network none builtin:busybox sh -c 'kill -9 $$'
probe "no such program" 127 --network none builtin:busybox nothing
probe "a bad option" 125 --nonsense
probe "a missing rootfs" 125 --rootfs /nowhere true
probe "--explain" 0 --explain builtin:busybox true
probe "a terminal that is none" 3 -t --network none builtin:busybox sh -c 'exit 3'
probe "--timeout" 124 --network none --timeout 1 builtin:busybox sleep 20

no_leftovers "nothing is left"
done_testing
