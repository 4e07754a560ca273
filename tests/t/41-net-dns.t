#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names resolve through the container's name server, whatever the host's resolver looks like.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
needs rlc userns subids tun busybox world
world_up || exit 1
user_with_subids

rlc() { run in_host --user "$sub" "$RLC" run "$@"; }
glibc() { rlc --rootfs /:O "$@"; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

rlc builtin:busybox nslookup -type=a www.example.test
like "$out" "Address: $WWW4" "A"
rlc builtin:busybox nslookup -type=aaaa www.example.test
like "$out" "Address: $WWW6" "AAAA"
rlc builtin:busybox nslookup $WWW4
like "$out" "name = www.example.test" "PTR"
rlc builtin:busybox nslookup nope.example.test
like "$out$err" 'NXDOMAIN' "NXDOMAIN"
rlc builtin:busybox nslookup www.example.test fd00::3
like "$out" "Address: $WWW4" "the name server's IPv6 address answers too"
glibc getent ahosts many.example.test
is "$(grep -c STREAM <<<"$out")" 300 "a large answer comes over TCP, whole"
by_ipv6='echo "nameserver fd00::3" >/etc/resolv.conf; echo "options use-vc" >>/etc/resolv.conf'
for setting in lane=off lane=express mtu=1500,lane=off cidr=192.168.77.0/25; do
	rlc --network "slirp:$setting" --rootfs /:O sh -c "$by_ipv6; getent ahosts many.example.test"
	is "$(grep -c STREAM <<<"$out")" 300 "from the name server's IPv6 address, too ($setting)"
done
glibc sh -c "$by_ipv6; for i in \$(seq 20); do (getent ahosts www.example.test >/dev/null || echo lost) & done; wait"
is "$out" "" "20 connections to it at once, none lost"
rlc builtin:busybox sh -c 'nc -w 3 fd00::3 54 </dev/null || echo nobody'
is "$out" nobody "and at no other port of it"
rlc --network slirp:mtu=1500 --rootfs /:O getent ahosts many.example.test
is "$(grep -c STREAM <<<"$out")" 300 "and at an MTU of 1500"
rlc builtin:busybox sh -c '
	for i in $(seq 200); do nslookup www.example.test >/dev/null || echo lost & done; wait'
is "$out" "" "200 look-ups at once, none lost"

# ------------------------------------------------------------------------- the host's own resolver

host_resolver || fail "no resolver on 127.0.0.53"
host_resolv 'nameserver 127.0.0.53' 'options edns0 trust-ad' 'search example.test other.test'
rlc builtin:busybox cat /etc/resolv.conf
is "$out" "search example.test other.test
nameserver 10.0.2.3
options edns0 trust-ad" "search and options are kept, the server is ours"
rlc builtin:busybox nslookup www.example.test
like "$out" "Address: $WWW4" "a resolver on 127.0.0.53"
glibc getent ahosts many.example.test
is "$(grep -c STREAM <<<"$out")" 300 "and TCP to it"
glibc getent hosts www
like "$out" 'www\.example\.test' "the search list is used"

host_resolv "nameserver $WORLD6"
rlc builtin:busybox nslookup www.example.test
like "$out" "Address: $WWW4" "a host with an IPv6 name server alone"
glibc getent ahosts many.example.test
is "$(grep -c STREAM <<<"$out")" 300 "and TCP to it"

host_resolv "nameserver $DNS_SILENT" "nameserver $WORLD4"
start=$(milliseconds)
rlc builtin:busybox nslookup www.example.test
like "$out" "Address: $WWW4" "a dead server first: the second is asked"
ok "and soon enough" test $(($(milliseconds) - start)) -lt 4000
start=$(milliseconds)
rlc builtin:busybox sh -c 'for i in 1 2 3 4 5; do nslookup www.example.test; done'
is "$(grep -c "Address: $WWW4" <<<"$out")" 5 "five look-ups of one container"
ok "wait for the dead one once" test $(($(milliseconds) - start)) -lt 4000
glibc getent ahosts many.example.test
is "$(grep -c STREAM <<<"$out")" 300 "TCP goes to the second as well"

host_resolv "nameserver $DNS_REFUSE" "nameserver $DNS_SILENT" "nameserver $WORLD6"
rlc builtin:busybox nslookup www.example.test
like "$out" "Address: $WWW4" "one that refuses, a dead one, and a good one"

host_resolv "nameserver $DNS_REFUSE"
rlc builtin:busybox nslookup www.example.test
like "$out$err" 'REFUSED' "a refusal is passed on when nobody else can be asked"

# ------------------------------------------------------------------- a host that moves to another network

# The container looks a name up again and again, as one that runs for days
host_resolv "nameserver $DNS_REFUSE"
in_host --user "$sub" "$RLC" run --network slirp --name mover builtin:busybox sh -c '
	while sleep 0.3; do nslookup www.example.test 2>&1; done' >>"$T/mover" 2>&1 &
mover=$!
wait_for 20 grep -q REFUSED "$T/mover"
ok "the one name server refuses" grep -q REFUSED "$T/mover"
host_resolv "nameserver $WORLD4" # written over, in place
ok "another name server in the host's resolv.conf is asked" wait_for 20 grep -q "Address: $WWW4" "$T/mover"
: >"$T/mover"
host_resolv "nameserver $DNS_REFUSE"
ok "and the next one" wait_for 20 grep -q REFUSED "$T/mover"
in_host --user "$sub" "$RLC" kill mover >/dev/null
wait "$mover" 2>/dev/null

# --------------------------------------------------------------------------------------- --dns and kin

host_resolv "nameserver $DNS_SILENT" 'search a.test' 'options ndots:2'
rlc --dns $WORLD4 builtin:busybox sh -c 'cat /etc/resolv.conf; nslookup www.example.test'
like "$out" "search a.test
nameserver $WORLD4
options ndots:2" "--dns replaces the servers alone"
like "$out" "Address: $WWW4" "--dns: is asked"
rlc --dns $WORLD6 builtin:busybox nslookup www.example.test
like "$out" "Address: $WWW4" "--dns with an IPv6 address"
rlc --dns-search b.test --dns-option ndots:3 builtin:busybox cat /etc/resolv.conf
is "$out" "search b.test
nameserver 10.0.2.3
options ndots:3" "--dns-search and --dns-option replace the host's"
rlc --dns-search . builtin:busybox cat /etc/resolv.conf
is "$out" "nameserver 10.0.2.3
options ndots:2" "--dns-search . takes the list away"

: >"$T/world-resolv"
rlc builtin:busybox cat /etc/resolv.conf
is "$out" "nameserver 10.0.2.3" "a host without any server"
done_testing
