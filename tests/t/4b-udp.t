#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# UDP to the world looks to a payload like UDP of the host's: datagrams of every size, one by one and
# in bursts, what is refused or unreachable, one name for all the world, the hops of a route.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
needs rlc userns subids tun busybox world
world_up || exit 1
user_with_subids
run in_host --user "$sub" "$RLC" run builtin:busybox true
run in_host "$RLC" run --network none builtin:busybox true

cp "$LIB/udp.py" "$T/bin/"
in_host ip route add unreachable 203.0.113.50
in_host ip route add unreachable 2001:db8:2::50
# the world's kernel refuses as often as it is asked
in_world sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
_world_start "$world_pid" /usr/bin/python3 "$T/bin/udp.py" server "$T/udp.ready" $WWW4 $WWW6
wait_for 10 test -e "$T/udp.ready"
leftovers_begin

# inside USER OPTIONS COMMAND…: with udp.py below /mnt
inside() {
	run in_host --user "$1" "$RLC" run --network "slirp:$2" --rootfs /:O -v "$T/bin:/mnt:ro" "${@:3}"
}

# ------------------------------------------------------------------- what a payload can tell: nothing

run in_host /usr/bin/python3 "$T/bin/udp.py" client $WWW4 $WWW6
native=$out
is "$(grep -c ' failed: ' <<<"$native") $(wc -l <<<"$native")" "0 20" "without a container, all is as it should be"
like "$native" "refused $WWW4 ECONNREFUSED" "what is refused, for instance"
like "$native" "burst_out $WWW6 40×1000 1×7 4×1200 20×100 1×9" "and a burst"
for who in "$sub" root; do
	inside "$who" lane=auto /usr/bin/python3 /mnt/udp.py client $WWW4 $WWW6
	is "$out" "$native" "${who/$sub/user}: the same inside"
done
inside "$sub" lane=off --cap-add NET_ADMIN /usr/bin/python3 /mnt/udp.py client $WWW4 $WWW6
is "$out" "$native" "for who may change the network, too"

for address in $WWW4 $WWW6; do
	inside "$sub" lane=auto /usr/bin/python3 /mnt/udp.py many "$address" 1000
	is "$out" "1000 still" "$address: 1000 sockets, one after the other"
done
run in_host --user "$sub" sh -c 'ulimit -n 1024 && exec "$@"' sh "$RLC" run --rootfs /:O -v "$T/bin:/mnt:ro" \
	/usr/bin/python3 /mnt/udp.py many $WWW4 1000
is "$out" "1000 still" "who is silent longest makes room for others, beyond the limit of open files"

# --------------------------------------------------------------------------------- whatever its size

for size in 65507 65493; do
	inside "$sub" lane=auto /usr/bin/python3 /mnt/udp.py large $WWW4 $size
	is "$out" whole "$size bytes over IPv4: longer than the tap's MTU"
done
inside "$sub" lane=auto /usr/bin/python3 /mnt/udp.py large $WWW6 65472
is "$out" whole "the longest over IPv6"
for size in 1472 1473 4000 65507; do
	inside "$sub" mtu=1500 /usr/bin/python3 /mnt/udp.py large $WWW4 $size
	is "$out" whole "$size bytes, mtu=1500"
done

# ------------------------------------------------------------------------------------------ the route

for address in $WWW4 $WWW6; do
	router=10.0.2.2
	[ "$address" = $WWW4 ] || router=fd00::2
	inside "$sub" lane=auto /usr/bin/python3 /mnt/udp.py ttl "$address" 1
	is "$out" "EHOSTUNREACH $router" "$address: the first hop is the gateway"
	inside "$sub" lane=auto /usr/bin/python3 /mnt/udp.py ttl "$address" 9
	is "$out" 8 "it is a hop"
	inside "$sub" lane=auto /usr/bin/python3 /mnt/udp.py ttl "$address" 64
	is "$out" 64 "who asks for nothing looks like the host"
done

# --------------------------------------------------------------------------------- who reaches it

# named COMMAND…: its port of the host's is $port for the command; then what came there is in $heard
named() {
	in_host --user "$sub" "$RLC" run --rootfs /:O -v "$T/bin:/mnt:ro" /usr/bin/python3 /mnt/udp.py name $WWW4 \
		>"$T/named" &
	wait_for 20 grep -q . "$T/named"
	read -r port <"$T/named"
	"$@"
	wait $!
	heard=$(sed -n 2p "$T/named")
}
from_world() { in_world /usr/bin/python3 "$T/bin/udp.py" say "$WORLD4" "$HOST4" "$port"; }
from_loopback() { in_host --user "$one" /usr/bin/python3 "$T/bin/udp.py" say 127.0.0.1 127.0.0.1 "$port"; }
user_without_subids
named from_world
is "$heard" "hello $WORLD4" "whoever knows its name in the world"
named from_loopback
is "$heard" nothing "but not the host's other users, by the loopback"

no_leftovers "nothing is left"
done_testing
