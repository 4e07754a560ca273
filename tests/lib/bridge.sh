# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bridges of the world's "host" (world.sh), and what a host looks like as text.
#
#     . "$(dirname "$0")/../lib/bridge.sh"     after lib.sh and world.sh
#     bridge_up docker0 172.17.0.1/16 2001:db8:17::1/64
#     host_begin
#     run in_host "$RLC" run builtin:busybox true
#     host_unchanged "it leaves the host as it was"

# bridge_up NAME IPV4/PREFIX [IPV6/PREFIX]: a bridge made by hand, as Docker makes its own
bridge_up() {
	in_host sh -ec "
		ip link add $1 address 02:00:00:00:00:01 type bridge
		ip address add $2 dev $1
		[ -z '${3:-}' ] || ip address add ${3:-} dev $1 nodad
		ip address add fe80::1/64 dev $1 nodad
		ip link set $1 addrgenmode none up
		sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
		nft add table inet by-hand
		nft 'add chain inet by-hand postrouting { type nat hook postrouting priority 100; }'
		nft add rule inet by-hand postrouting iifname $1 oifname world masquerade"
}

# neighbour NAME BRIDGE ADDRESS…: a host on the bridge that rlc knows nothing of; its process is
# in $neighbour_pid
neighbour_pid=
neighbour() {
	local name=$1 bridge=$2 address

	shift 2
	_world_namespace neighbour_pid || return 1
	rm "$T/world-neighbour_pid.ready"
	in_host ip link add "veth$name" master "$bridge" up type veth peer name eth0 netns \
		"$neighbour_pid" || return 1
	in_neighbour ip link set eth0 up
	for address; do
		in_neighbour sh -c 'ip address add "$1" dev eth0 nodad 2>/dev/null ||
			ip address add "$1" dev eth0' sh "$address" || return 1
	done
}

in_neighbour() { nsenter --net="/proc/$neighbour_pid/ns/net" -- "$@"; }

neighbour_down() {
	kill -KILL "$neighbour_pid"
	wait_for 5 _link_is_gone "veth$1"
}

_link_is_gone() { ! in_host ip link show dev "$1" >/dev/null; }

# All that rlc could change on the host. Counters, ages and what a link without a carrier looks like
# are left out.
_host_text() {
	# shellcheck disable=SC2016 # for the other shell
	in_host sh -c '
		ip -d -o link | sed "s/ numtxqueues.*//; s/<[^>]*>//; s/ state [A-Z]*//
			s/[a-z_]*timer *[0-9.]*//g"
		ip -o address | sed "s/valid_lft.*//; s/tentative *//"
		{ ip route; ip -6 route; ip rule; } | sed "s/ expires.*//; s/ linkdown//; s/ *$//"
		nft list ruleset 2>/dev/null | sed "s/counter packets [0-9]* bytes [0-9]*/counter/"
		sysctl -a 2>/dev/null | grep "^net\." | grep -v "nf_conntrack_count\|conf\.rlc[0-9a-f]\{12\}"
		find /run/rlc -mindepth 2 ! -name lock ! -path "*/builtin-*"'
}

_no_fading_links() { ! in_host ip -o link | grep -q ' rlc[0-9a-f]\{12\}@'; }

# host_begin: no container runs now, and this is what the host looks like
host_begin() {
	wait_for 10 _no_fading_links
	_host_text >"$T/host-before"
}

_host_same() {
	_host_text >"$T/host-after"
	cmp -s "$T/host-before" "$T/host-after"
}

# host_unchanged DESCRIPTION: as at host_begin; the kernel has its time for what is on its way out
host_unchanged() {
	wait_for 10 _host_same
	is "$(diff "$T/host-before" "$T/host-after" | head -c 3000)" "" "$1"
}

# start_container OPTIONS…: in the background on "host", until its first line is out: $first. $started
# is its supervisor's pid, $started_out the file of its output.
started='' started_out='' first=''
start_container() {
	started_out=$(mktemp "$T/out.XXXXXX")
	# shellcheck disable=SC2154 # of world.sh
	(exec nsenter --net="/proc/$host_pid/ns/net" -- "$RLC" run "$@" >"$started_out" 2>&1) &
	started=$!
	disown "$started"
	wait_for 20 test -s "$started_out"
	# shellcheck disable=SC2034 # for the test
	first=$(head -n 1 "$started_out")
}

# start_ready USER COMMAND…: the command itself, as this user, in the background on "host" until it says
# "ready"; $started and $started_out are as above.
start_ready() {
	local become start

	started_out=$(mktemp "$T/out.XXXXXX")
	_become "$1"
	(cd "$start" && exec nsenter --net="/proc/$host_pid/ns/net" -- "${become[@]}" "${@:2}" >"$started_out" 2>&1) &
	started=$!
	disown "$started"
	wait_for 30 grep -q ready "$started_out" && return
	diag "$(head -20 "$started_out")"
	return 1
}

_is_gone() { ! kill -0 "$1"; }

# end_container PID [SIGNAL]
end_container() {
	kill "-${2:-TERM}" "$1" 2>/dev/null
	wait_for 10 _is_gone "$1"
}
