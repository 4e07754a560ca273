#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --network none is lo and nothing else; --network host is the host's network itself.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
needs rlc userns subids tun busybox world
world_up || exit 1
user_with_subids
make_rootfs "$T/rootfs" "$sub"
host_canary || fail "no canary"

for who in "$sub" root; do
	kind=${who#rlct-} && kind=${kind%%-*}

	rlc() { run in_host --user "$who" "$RLC" run "$@"; }
	rlc --network none builtin:busybox sh -c 'ls /sys/class/net; ip route; ip -6 route show default
		ping -c 1 -W 2 127.0.0.1 >/dev/null && echo v4; ping -c 1 -W 2 ::1 >/dev/null && echo v6'
	is "$out" $'lo\nv4\nv6' "$kind, none: lo is up, and there is nothing else"
	rlc --network none builtin:busybox ping -c 1 -W 2 $WWW4
	like "$err" 'unreachable' "$kind, none: the world is out of reach"
	rlc --network none builtin:busybox nc 127.0.0.1 4444
	like "$err" 'refused' "$kind, none: so is the host's loopback"

	rlc --network host builtin:busybox cut -s -d: -f1 /proc/net/dev
	is "$out" "$(in_host cut -s -d: -f1 /proc/net/dev)" \
		"$kind, host: the host's interfaces"
	rlc --network host builtin:busybox sh -c "readlink /proc/self/ns/net; nc 127.0.0.1 4444
		nslookup v4.example.test | grep -o 'Address: $WORLD4'; wget -qO- http://$WWW4/"
	is "$out" "$(in_host readlink /proc/self/ns/net)
canary
Address: $WORLD4
you are ::ffff:$HOST4" "$kind, host: its loopback, its resolver, its routes"
done

run in_host --user "$sub" "$RLC" run --network none --rootfs "$T/rootfs" cat /etc/resolv.conf
is "$out" "# of the image" "none: the image's resolv.conf is left alone"
host_resolv "nameserver $WORLD4" "# a comment" "search x.test"
run in_host --user "$sub" "$RLC" run --network host --rootfs "$T/rootfs" cat /etc/resolv.conf
is "$out" "$(cat "$T/world-resolv")" "host: the host's resolv.conf, to the letter"
is "$(cat "$T/rootfs/etc/resolv.conf")" "# of the image" "the image's own file never changed"

# Neither needs a tun device
tun_mode 0000
for mode in none host; do
	run in_host --user "$sub" "$RLC" run --network $mode builtin:busybox true
	is "$status" 0 "$mode works without /dev/net/tun"
done
done_testing
