#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The host's loopback stays closed to the container, to crafted frames as well, until it is opened.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
needs rlc userns subids tun busybox world
world_up || exit 1
user_with_subids
cp "$LIB/frames.py" "$T/bin/"
host_canary || fail "no canary"

in_host sh -c 'for a in 127.0.0.1 ::1; do busybox nc $a 4444 </dev/null; done' >/dev/null
is "$(canary_heard | wc -l)" 2 "the host itself reaches its canary"

for who in "$sub" root; do
	kind=${who#rlct-} && kind=${kind%%-*}

	rlc() { run in_host --user "$who" "$RLC" run --network "$@"; }
	rlc slirp builtin:busybox sh -c '
		for a in 10.0.2.2 fd00::2 10.0.2.55 127.0.0.1 ::1 ::ffff:127.0.0.1 0.0.0.0; do
			nc -w 2 $a 4444 </dev/null; done'
	is "$out" "" "$kind: no address connects to the host's loopback"
	is "$(canary_heard)" "" "$kind: and the canary hears nothing"

	frames() { rlc "$net" --rootfs /:O -v "$T/bin:/mnt:ro" /usr/bin/python3 /mnt/frames.py "$@"; }
	net=slirp
	for what in udp tcp; do
		frames $what 10.0.2.100 7 $WWW4
		like "$out" 'udp probe|tcp connected' "$kind: a crafted $what frame to the world is answered"
		frames $what fd00::100 7 $WWW6
		like "$out" 'udp probe|tcp connected' "$kind: over IPv6 too"
		frames $what 10.0.2.100 4444 127.0.0.1 127.1.2.3 0.0.0.0 10.0.2.2 10.0.2.55 \
			10.0.2.255 255.255.255.255
		unlike "$out" 'canary|connected' "$kind: crafted $what frames to the host are lost"
		frames $what fd00::100 4444 ::1 :: ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:0.0.0.0 \
			fd00::2 fd00::55 fe80::1 ff02::1
		unlike "$out" 'canary|connected' "$kind: over IPv6 too"
	done
	frames ping 10.0.2.100 0 127.0.0.1
	is "$out" "" "$kind: nor does the host's loopback answer pings"
	frames ping fd00::100 0 ::1
	is "$out" "" "$kind: nor over IPv6"
	is "$(canary_heard)" "" "$kind: the canary heard none of it"

	rlc slirp:host-loopback=true builtin:busybox sh -c '
		for a in 10.0.2.2 fd00::2; do nc -w 5 $a 4444 </dev/null; done'
	is "$out" $'canary\ncanary' "$kind: host-loopback=true opens it"
	canary_heard >"$T/null"
	net=slirp:host-loopback=true
	frames udp 10.0.2.100 4444 127.0.0.1 127.0.0.2
	is "$out$(canary_heard)" "" "$kind: by the gateway's address alone"
done
done_testing
