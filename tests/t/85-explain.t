#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --explain prints the whole plan, and a shell that is given it builds the container by hand.
. "$(dirname "$0")/../lib/lib.sh"
needs root rlc userns subids tun busybox
user_with_subids
leftovers_begin

probe='echo by hand; id -u; hostname; set -- /proc/[0-9]*; echo $#; ls -A /dev | wc -l; ls /sys/class/net;
	grep -c " / / " /proc/self/mountinfo; touch /sys/x 2>/dev/null || echo sys-ro; cat /etc/hostname'

for who in root "$sub"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	dir=$T/rootfs-$kind
	if [ "$who" = root ]; then make_rootfs "$dir"; else make_rootfs "$dir" "$who"; fi
	before=$(fingerprint "$dir")
	for root in builtin:busybox "--rootfs $dir" "--rootfs $dir:O"; do
		# shellcheck disable=SC2086 # words
		run as "$who" "$RLC" run --explain --network none --hostname byhand $root sh -c "$probe"
		is "$status" 0 "$kind, $root: --explain succeeds"
		like "$out" $'(^|\n)# *1[.) ]' "$kind, $root: the steps are numbered"
		for word in clone3 pivot_root mount proc uid_map; do
			[ "$kind $word" = "root uid_map" ] ||
				like "$out" "$word" "$kind, $root: it speaks of $word"
		done
		is "$err" "" "$kind, $root: on standard output alone"
		printf '%s\n' "$out" >"$T/script"
		no_leftovers "$kind, $root: and runs nothing"

		run as "$who" sh -n "$T/script"
		is "$status$err" 0 "$kind, $root: it is a shell script"
		run as "$who" sh "$T/script"
		is "$status" 0 "$kind, $root: which runs"
		by_hand=$out
		like "$by_hand" $'by hand\n0\nbyhand\n' "$kind, $root: the container by hand has its names and ids"
		like "$by_hand" 'sys-ro' "$kind, $root: and a read-only /sys"

		# pasted: read from standard input, as a user at a prompt has it
		run as "$who" sh -s <"$T/script"
		like "$out" 'by hand' "$kind, $root: it works pasted, too"

		# shellcheck disable=SC2086 # words
		run as "$who" "$RLC" run --network none --no-init --hostname byhand $root sh -c "$probe"
		is "$by_hand" "$out" "$kind, $root: by hand as by rlc"
		no_leftovers "$kind, $root: nothing is left"
	done
	is "$(fingerprint "$dir")" "$before" "$kind: the rootfs is as before"
done

run as "$sub" "$RLC" run --explain builtin:busybox true
like "$out" 'tap' "with the network, the tap is explained"
run as "$sub" "$RLC" run --timing --network none builtin:busybox true
is "$status" 0 "--timing"
like "$err" 'pivot.*[0-9]' "says where the time went, on standard error"
done_testing
