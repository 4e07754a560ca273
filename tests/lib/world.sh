# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A world without an internet: two network namespaces, and no traffic outside them.
#
#     "host"                      veth                      "world"
#     198.51.100.2, 2001:db8:1::2 ──── 198.51.100.1, 2001:db8:1::1   dnsmasq, all services
#     127.0.0.1, ::1                   198.51.100.4                  a name server that never answers
#                                      198.51.100.5                  a name server that refuses all
#                                      203.0.113.1, 2001:db8:2::1    www.example.test, behind a router
#
# Tests run rlc with "host" as its host:
#
#     . "$(dirname "$0")/../lib/world.sh"      after lib.sh
#     world_up
#     run in_host --user "$sub" "$RLC" run builtin:busybox ping -c 1 www.example.test
#
# The world offers: DNS for example.test (A, AAAA, PTR, NXDOMAIN, and many.example.test, whose answer
# needs TCP), HTTP on port 80, echo on port 7 of TCP and UDP, a TCP sink on 9000 that answers with the
# SHA-256 of what it got, a TCP source on 9001 that sends as many bytes as the line it got says, and
# iperf3 on 5201.  The services are world.py's.
#
# Both namespaces live as long as a process in them, so nothing is left on the machine when the test
# ends, however it ends; lib.sh ends all processes of a test.
#
# In a machine of the tests' own (ci/vm), `world_up_machine` makes the machine itself the "host", so that
# what runs there as a user who is logged in, or as a service, is in this world, too.

WORLD4=198.51.100.1
WORLD6=2001:db8:1::1
HOST4=198.51.100.2
HOST6=2001:db8:1::2
WWW4=203.0.113.1
WWW6=2001:db8:2::1
DNS_SILENT=198.51.100.4
DNS_REFUSE=198.51.100.5

world_pid=
host_pid=

_world_namespace() { # VARIABLE
	local pid ready=$T/world-$1.ready

	unshare --net sh -c 'echo >"$1" && exec sleep infinity' sh "$ready" &
	pid=$!
	disown "$pid"
	printf -v "$1" %s "$pid"
	wait_for 60 test -e "$ready"
}

# in_world COMMAND…: as root, in the world
in_world() { nsenter --net="/proc/$world_pid/ns/net" -- "$@"; }

# in_host [--user USER] COMMAND…: with "host" as the host, as `as` does it
in_host() {
	local user=root become start

	if [ "$1" = --user ]; then
		user=$2
		shift 2
	fi
	_become "$user"
	(cd "$start" && exec nsenter --net="/proc/$host_pid/ns/net" -- "${become[@]}" \
		timeout --kill-after=5 "$RUN_TIMEOUT" env "$@")
}

_world_listens() { # PROTOCOL PORT-IN-HEX
	grep -qs ":$2 " "/proc/$world_pid/net/$1" "/proc/$world_pid/net/${1}6"
}

# In the background, as a process of its own name, whose end bash does not comment on
_world_start() { # NAMESPACE COMMAND…
	(exec nsenter --net="/proc/$1/ns/net" -- "${@:2}" >/dev/null) &
	disown $!
}

_world_service() { # NAMESPACE WHAT: one of world.py's
	_world_start "$1" /usr/bin/python3 "$LIB/world.py" "$T/world-$2.ready" "$2"
	wait_for 60 test -e "$T/world-$2.ready"
}

_world_links() {
	ip link add world netns "$host_pid" type veth peer name host netns "$world_pid" || return 1
	in_world sh -ec "
		ip link set lo up
		ip address add $WORLD4/24 dev host
		ip address add $DNS_SILENT/24 dev host
		ip address add $DNS_REFUSE/24 dev host
		ip address add $WORLD6/64 dev host nodad
		ip address add $WWW4/32 dev lo
		ip address add $WWW6/128 dev lo nodad
		ip address add fe80::1/64 dev host nodad
		ip link set host addrgenmode none up" || return 1
	in_host sh -ec "
		ip link set lo up
		ip address add $HOST4/24 dev world
		ip address add $HOST6/64 dev world nodad
		ip address add fe80::2/64 dev world nodad
		ip link set world addrgenmode none up
		ip route add default via $WORLD4
		ip -6 route add default via $WORLD6
		[ $host_pid = 1 ] || echo '0 2147483647' >/proc/sys/net/ipv4/ping_group_range"
}

# Large enough that UDP cannot carry it: 300 addresses, 4.8 kB
_world_hosts() {
	echo "$WWW4 www.example.test"
	echo "$WWW6 www.example.test"
	echo "$WORLD4 v4.example.test"
	echo "$WORLD6 v6.example.test"
	seq -f '203.0.113.%g many.example.test' 2 251
	seq -f '192.0.2.%g many.example.test' 1 50
}

_world_dnsmasq() { # NAMESPACE OPTIONS…
	_world_start "$1" dnsmasq --keep-in-foreground --conf-file=/dev/null --pid-file= --user=root \
		--no-resolv --no-hosts --addn-hosts="$T/world-hosts" --local=/example.test/ \
		--bind-interfaces --log-facility="$T/world-dnsmasq.log" "${@:2}"
}

# host_resolv LINE…: what the host's /etc/resolv.conf says (to this test alone)
host_resolv() {
	printf '%s\n' "$@" >"$T/world-resolv"
	grep -q ' /etc/resolv.conf ' /proc/self/mountinfo ||
		mount --bind "$T/world-resolv" /etc/resolv.conf
}

# host_resolver: a resolver on the host's 127.0.0.53, as systemd-resolved is one
host_resolver() {
	_world_dnsmasq "$host_pid" --listen-address=127.0.0.53
	wait_for 60 grep -qs '3500007F:0035 ' "/proc/$host_pid/net/udp"
}

# host_canary: something on the host's loopback that containers must not reach, port 4444
host_canary() { _world_service "$host_pid" canary; }

# What the canary heard since the last call
canary_heard() {
	cat "$T/world-canary.ready.heard" 2>/dev/null
	rm -f "$T/world-canary.ready.heard"
}

# shellcheck disable=SC2034 # lib.sh reads $why
need_world() {
	why="the world needs root, its own mount namespace, ip, dnsmasq and python3"
	need_root && need_mountns && command -v ip dnsmasq iperf3 /usr/bin/python3 >/dev/null
}

world_up() {
	[ -n "$host_pid" ] || _world_namespace host_pid || return 1
	_world_namespace world_pid && _world_links || return 1
	when_finished world_down
	_world_hosts >"$T/world-hosts"
	_world_dnsmasq "$world_pid" --listen-address="$WORLD4,$WORLD6"
	_world_start "$world_pid" iperf3 --server
	_world_service "$world_pid" serve && _world_service "$world_pid" silent &&
		_world_service "$world_pid" refuse || return 1
	wait_for 60 _world_listens udp 0035 && wait_for 60 _world_listens tcp 1451 || return 1
	host_resolv "nameserver $WORLD4"
}

# world_up_machine: the machine itself is the "host"
world_up_machine() {
	host_pid=1
	world_up
}

# The namespaces go with their last process
world_down() {
	local holder netns pid own=("$world_pid")

	# The machine's own namespace is not this test's to empty
	[ "$host_pid" = 1 ] || own+=("$host_pid")
	for holder in "${own[@]}"; do
		netns=$(readlink "/proc/$holder/ns/net") || continue
		for pid in $(lsns --noheadings --type net --output NS,PID |
			awk -v ns="${netns//[!0-9]/}" '$1 == ns { print $2 }'); do
			kill -KILL "$pid" 2>/dev/null
		done
	done
	umount /etc/resolv.conf 2>/dev/null
	world_pid='' host_pid=''
}
