#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Root's containers on a bridge: they have an address that nobody else has, reach gateway, each other and
# the world by name, cannot pretend to be a neighbour, and leave the host as it was.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/bridge.sh"
needs root mountns rlc busybox world nft python3
user_with_subids
world_up || fail "no world"

bb=builtin:busybox
ping='ping -c 1 -W 5'

# ------------------------------------------------------------------------ a bridge that is there

bridge_up docker0 172.17.0.1/16 2001:db8:17::1/64
in_host ip link set docker0 mtu 1400
host_begin

run in_host "$RLC" run --hostname me $bb sh -c '
	ip -4 -o address show dev eth0; cat /sys/class/net/eth0/address /sys/class/net/eth0/mtu
	ip route; ip -6 route; ip -6 address show dev eth0; cat /etc/hosts; ls /sys/class/net
	cat /proc/sys/net/ipv6/conf/eth0/accept_ra'
is "$status" 0 "root's default is docker0"
like "$out" 'inet 172\.17\.255\.254/16 ' "the address is from the far end of the subnet"
like "$out" '72:6c:ac:11:ff:fe' "the MAC is made from the address"
like "$out" $'\n1400\n' "the MTU is the bridge's"
like "$out" 'default via 172\.17\.0\.1 dev eth0' "the bridge is the gateway"
like "$out" 'default via 2001:db8:17::1 dev eth0' "the IPv6 gateway too"
like "$out" '2001:db8:17::ac11:fffe/64' "the IPv6 address goes with the IPv4 one"
unlike "$out" 'tentative' "no address is tentative"
like "$out" $'172\\.17\\.255\\.254\tme' "it finds itself by its hostname"
like "$out" $'\neth0\nlo\n0$' "eth0 and lo, and no router advertisements"
host_unchanged "one container leaves the host as it was"

# busybox's ping needs raw sockets; that others do not is shown below
run in_host "$RLC" run --cap-add NET_RAW $bb sh -ec \
	"$ping 172.17.0.1; $ping 2001:db8:17::1; $ping $WORLD4; $ping $WORLD6; $ping www.example.test"
is "$status" 0 "gateway and world are reached, IPv4 and IPv6, by name too"
run in_host "$RLC" run $bb wget -q -O - http://www.example.test/
is "$status" 0 "HTTP by name"

# ------------------------------------------------------------------------ what was asked for

run in_host "$RLC" run --ip 172.17.3.4 --ip6 2001:db8:17::3:4 --mac-address 02:00:00:00:00:07 $bb \
	sh -c 'ip -o address show dev eth0; cat /sys/class/net/eth0/address'
like "$out" '172\.17\.3\.4/16' "--ip is honoured"
like "$out" '2001:db8:17::3:4/64' "--ip6 is honoured"
like "$out" '02:00:00:00:00:07' "--mac-address is honoured"

start_container --name holder --ip 172.17.3.4 --ip6 2001:db8:17::3:4 \
	--mac-address 02:00:00:00:00:07 $bb sh -c 'echo up; exec sleep 1000'
holder=$started
is "$first" up "a container holds them"
for asked in '--ip 172.17.3.4' '--ip6 2001:db8:17::3:4' '--mac-address 02:00:00:00:00:07'; do
	# shellcheck disable=SC2086 # words
	run in_host "$RLC" run $asked $bb true
	refused "$asked is taken" "${asked#* }" 'container [0-9a-f]{12} has it'
done
for asked in '--ip 172.17.0.1' '--ip 172.17.255.255' '--ip 172.17.0.0' '--ip 172.18.0.1' \
	'--ip6 2001:db8:17::1' '--ip6 2001:db8:18::5'; do
	# shellcheck disable=SC2086
	run in_host "$RLC" run $asked $bb true
	refused "$asked is none of the bridge's" "${asked#* }" docker0
done
for asked in '--ip 172.17.3' '--ip6 10.0.0.1' '--mac-address 01:00:00:00:00:07' \
	'--mac-address 02:00:00:00:00' '--mac-address 0200.0000.0007'; do
	# shellcheck disable=SC2086
	run in_host "$RLC" run $asked $bb true
	refused "$asked makes no sense" "${asked#* }"
done
run in_host "$RLC" run --network none --ip 172.17.3.4 $bb true
refused "--ip without a bridge" 'ip: it needs --network bridge'
run in_host "$RLC" run --network bridge:nosuch0 $bb true
refused "a bridge that is not there" nosuch0
run in_host "$RLC" run --network bridge:world $bb true
refused "an interface that is no bridge" world 'not a bridge'
in_host sh -c 'ip link add down0 type bridge; ip address add 10.7.7.1/24 dev down0'
run in_host "$RLC" run --network bridge:down0 $bb true
refused "a bridge that is down" down0 'it is down'
in_host ip link delete down0
run in_host --user "$sub" "$RLC" run --network bridge $bb true
refused "an ordinary user" 'RLC-N09' 'slirp'

# ------------------------------------------------------------------------ others on the bridge

neighbour n1 docker0 172.17.255.254/16 172.17.9.9/16 2001:db8:17::ac11:fffd/64
run in_host "$RLC" run $bb ip -o address show dev eth0
is "$status" 0 "with somebody unknown on the bridge"
like "$out" '172\.17\.255\.252/16' "addresses that answer ARP or NDP are passed over"
run in_host "$RLC" run --ip 172.17.9.9 $bb true
mac=$(in_neighbour cat /sys/class/net/eth0/address || true)
mac=$(in_neighbour ip -o link show dev eth0 | sed 's/.*ether \([0-9a-f:]*\).*/\1/')
refused "--ip of somebody unknown" '172\.17\.9\.9' "$mac"
run in_host "$RLC" run --mac-address "$mac" $bb true
refused "--mac-address of somebody unknown" "$mac" docker0
run in_host "$RLC" run --cap-add NET_RAW $bb sh -ec "$ping 172.17.9.9; $ping 2001:db8:17::ac11:fffd; $ping holder"
is "$status" 0 "a neighbour and a container by name answer"
neighbour_down n1

# ------------------------------------------------------------------------ names

# The payload shows its /etc/hosts whenever it changes
start_container --name web --hostname web $bb sh -c 'echo up
	while :; do cmp -s /etc/hosts /tmp/seen || { cp /etc/hosts /tmp/seen; echo; cat /tmp/seen; }; sleep 0.05; done'
web=$started web_out=$started_out
like "$(in_host "$RLC" run $bb cat /etc/hosts)" $'\tholder\n.*\tweb' "who comes later finds all by name"
start_container --name db $bb sh -c 'echo up; exec sleep 1000'
db=$started
has_db() { grep -q $'\tdb$' "$web_out"; }
ok "who was there before finds who comes later" wait_for 5 has_db
end_container "$db"
lost_db() { awk -v RS= 'END { exit /\tdb\n?/ }' "$web_out"; }
ok "and loses who has gone" wait_for 5 lost_db
run in_host "$RLC" network ls
like "$out" 'docker0 +172\.17\.0\.0/16 +2001:db8:17::/64 +2$' "rlc network ls counts who is on a bridge"
run in_host "$RLC" network ls --format json
is "$(/usr/bin/python3 -c 'import json, sys
for net in json.load(sys.stdin):
	print(net["Name"], net["Gateway"], *sorted(c["Name"] + "=" + c["IPv4"] for c in net["Containers"]))' <<<"$out")" \
	"docker0 172.17.0.1 holder=172.17.3.4 web=172.17.255.254" "as JSON too"
run in_host "$RLC" network inspect docker0
like "$out" '"Mac":"02:00:00:00:00:07"' "rlc network inspect tells addresses"
run in_host "$RLC" network inspect nosuch0
refused "rlc network inspect of what is not there" nosuch0
run in_host "$RLC" run --add-host other:192.0.2.7 --add-host gw:host-gateway $bb cat /etc/hosts
like "$out" $'192\\.0\\.2\\.7\tother' "--add-host"
like "$out" $'172\\.17\\.0\\.1\tgw' "host-gateway is the bridge's address"
end_container "$web"
end_container "$holder"
host_unchanged "all that leaves the host as it was"

# ------------------------------------------------------------------------ name servers

host_resolv "nameserver 127.0.0.53" "search example.test"
if mkdir -p /run/systemd/resolve 2>/dev/null && mount -t tmpfs tmpfs /run/systemd/resolve; then
	echo "nameserver $WORLD4" >/run/systemd/resolve/resolv.conf
	run in_host "$RLC" run $bb sh -c 'cat /etc/resolv.conf; nslookup www.example.test'
	like "$out" "nameserver $WORLD4" "systemd-resolved's own servers stand in for 127.0.0.53"
	unlike "$out" '127\.0\.0' "which is not copied in"
	like "$out" "$WWW4" "and they answer"
	umount /run/systemd/resolve
else
	fail "no /run/systemd/resolve"
fi
host_resolv "nameserver 127.0.0.1" "nameserver ::1" "nameserver fe80::1%eth0"
run in_host "$RLC" run $bb cat /etc/resolv.conf
unlike "$out" nameserver "servers of the host's loopback are left out"
like "$err" '--dns' "and if none is left, that is said"
run in_host "$RLC" run --dns "$WORLD4" $bb nslookup www.example.test
is "$status $err" "0 " "--dns"
like "$out" "$WWW4" "--dns answers"
host_resolv "nameserver $WORLD4"

# ------------------------------------------------------------------------ no raw packets

raw='import socket
for what in ((socket.AF_PACKET, socket.SOCK_RAW, 0x0300), (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
		(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)):
	try:
		socket.socket(*what)
		print("raw")
	except PermissionError:
		print("denied")'
run in_host "$RLC" run --rootfs /:O python3 -c "$raw"
is "$out" $'denied\ndenied\ndenied' "no raw sockets: no forged ARP, no router advertisements"
run in_host "$RLC" run --rootfs /:O --cap-add NET_RAW python3 -c "$raw"
is "$out" $'raw\nraw\nraw' "--cap-add NET_RAW gives them back"
run in_host "$RLC" run --network none --rootfs /:O python3 -c "$raw"
is "$out" $'raw\nraw\nraw' "where there is no neighbour the default set has them"

# A ping without raw sockets: ICMP datagram sockets, icmp(7)
echo_request='import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
s.settimeout(5)
s.sendto(b"\x08\0\0\0\0\0\0\1hello", (sys.argv[1], 0))
print(s.recv(100)[0])'
for who in 0 1000; do
	run in_host "$RLC" run --rootfs /:O -u $who python3 -c "$echo_request" "$WORLD4"
	is "$out" 0 "uid $who pings without them"
done

run in_host "$RLC" run --rootfs /:O ping -c 1 -W 5 "$WORLD4"
is "$status" 0 "Debian's ping does, whose file has a capability that the container lacks"

# Forged packets by a payload that has them reach the neighbour: so the test above means something.
# The container claims 172.17.0.1; only one with NET_RAW moves the neighbour's cache.
neighbour n2 docker0 172.17.9.9/16
in_neighbour ping -c 1 -W 5 172.17.0.1 >/dev/null
forge='import socket, sys
mac = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
frame = b"\xff" * 6 + mac + b"\x08\x06\0\1\x08\0\6\4\0\2" + mac + socket.inet_aton("172.17.0.1") + mac + socket.inet_aton("172.17.0.1")
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0x0806))
s.send(frame)'
gateway_mac() { in_neighbour ip neighbour show 172.17.0.1; }
before=$(gateway_mac | sed 's/.*lladdr \([^ ]*\).*/\1/')
run in_host "$RLC" run --rootfs /:O python3 -c "$forge"
isnt "$status" 0 "a payload cannot claim the gateway's address"
like "$(gateway_mac)" "$before" "its neighbour still knows the gateway"
run in_host "$RLC" run --rootfs /:O --cap-add NET_RAW python3 -c "$forge"
is "$status" 0 "with NET_RAW it could"
unlike "$(gateway_mac)" "$before" "and its neighbour would believe it"
neighbour_down n2

# Router advertisements are not believed, whoever sends them
run in_host "$RLC" run $bb sh -c 'cat /proc/sys/net/ipv6/conf/eth0/accept_ra /proc/sys/net/ipv6/conf/eth0/accept_redirects'
is "$out" $'0\n0' "router advertisements and redirects are not accepted"
is "$(unshare --net cat /proc/sys/net/ipv6/conf/default/accept_ra)" 1 "a new network namespace believes them"
host_unchanged "the host is as it was"

# ------------------------------------------------------------------------ a small bridge, full

bridge_up br29 10.9.8.1/29
host_begin
pids=()
addresses=
for _ in 1 2 3 4 5; do
	start_container --network bridge:br29 $bb sh -c 'ip -4 -o address show dev eth0; exec sleep 1000'
	pids+=("$started")
	first=${first#*inet }
	addresses+="${first%%/*} "
done
is "$addresses" "10.9.8.6 10.9.8.5 10.9.8.4 10.9.8.3 10.9.8.2 " "a /29 has room for five"
run in_host "$RLC" run --network bridge:br29 $bb true
refused "the sixth" '10\.9\.8\.0/29' 'all 6 are taken'
end_container "${pids[2]}"
run in_host "$RLC" run --network bridge:br29 $bb ip -4 -o address show dev eth0
like "$out" '10\.9\.8\.4/29' "an address that was given back is given again"
kill -KILL "${pids[0]}" "${pids[1]}"
wait_for 5 _is_gone "${pids[1]}"
run in_host "$RLC" run --network bridge:br29 $bb ip -4 -o address show dev eth0
like "$out" '10\.9\.8\.[645]/29' "so is one whose supervisor was killed"
end_container "${pids[3]}"
end_container "${pids[4]}"
host_unchanged "the host is as it was"
in_host sh -ec 'ip link delete br29; ip link delete docker0; nft delete table inet by-hand
	sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0'

# ------------------------------------------------------------------------ no bridge: rlc0

host_begin
start_container --name one $bb sh -c 'ip -o address show dev eth0; exec sleep 1000'
like "$first" 'inet 10\.201\.255\.254/16' "without docker0 there is rlc0"
in_host ip -o address show dev rlc0 >"$T/rlc0"
like "$(cat "$T/rlc0")" 'inet 10\.201\.0\.1/16' "rlc0 has an address"
like "$(cat "$T/rlc0")" 'inet6 fd[0-9a-f:]+::1/64' "and one of a ULA"
all="$ping 10.201.0.1; $ping $WORLD4; $ping $WORLD6; $ping www.example.test; $ping one"
run in_host "$RLC" run --cap-add NET_RAW $bb sh -ec "$all"
is "$status" 0 "gateway, world and neighbour are reached on rlc0"
run in_world sh -c "ip route add 10.201.0.0/16 via $HOST4 && ping -c 1 -W 1 10.201.255.254; ip route delete 10.201.0.0/16"
like "$out" ' 0 received' "nobody comes in unasked"
end_container "$started"
host_unchanged "the last one out takes rlc0, its rules and its sysctls away"

# Two state directories know nothing of each other's leases, but the probes do
mkdir -m 0700 "$T/other-root"
start_container $bb sh -c 'ip -4 -o address show dev eth0; exec sleep 1000'
one=$started
start_container --root "$T/other-root" $bb sh -c 'ip -4 -o address show dev eth0; exec sleep 1000'
like "$first" 'inet 10\.201\.255\.253/16' "a container of another state directory has another address"
end_container "$one"
like "$(in_host ip -o link show dev rlc0)" rlc0 "and keeps the bridge that the first one made"
other=$started
start_container --cap-add NET_RAW $bb sh -c "$ping $WORLD4 >/dev/null && echo fine; exec sleep 1000"
is "$first" fine "which goes on to work"
end_container "$other"
end_container "$started"
host_unchanged "whoever comes last, rlc0 goes in the end"

in_host nft 'add table inet fw; add chain inet fw forward { type filter hook forward priority 0; policy drop; }'
host_begin
run in_host "$RLC" run -d --name one $bb sleep 1000
run in_host "$RLC" run --root "$T/other-root" $bb true
is "$status" 0 "one of another state directory comes and goes"
run in_host "$RLC" exec one wget -q -O - http://www.example.test/
is "$status" 0 "and the firewall still lets the first one's packets pass"
run in_host "$RLC" rm -f one
host_unchanged "the firewall is as it was in the end"
in_host nft flush ruleset

# An uplink that is configured by router advertisements keeps listening to them
in_host sysctl -qw net.ipv6.conf.world.accept_ra=1
host_begin
start_container $bb sh -c 'echo up; exec sleep 1000'
is "$(in_host sysctl -n net.ipv6.conf.world.accept_ra)" 2 "an uplink still accepts router advertisements"
end_container "$started"
host_unchanged "accept_ra is as it was"

# The subnet is taken: another one
in_host ip route add 10.201.128.0/24 via $WORLD4
in_host ip address add 10.202.7.7/24 dev lo
run in_host "$RLC" run $bb ip -4 -o address show dev eth0
like "$out" 'inet 10\.203\.' "subnets that the host knows otherwise are not used"
in_host ip address delete 10.202.7.7/24 dev lo
in_host ip route delete 10.201.128.0/24

# Links to come have no IPv6, as a hardened host has it
in_host sysctl -qw net.ipv6.conf.default.disable_ipv6=1
host_begin
run in_host "$RLC" run $bb sh -c 'ip -o address show dev eth0; wget -q -O - http://www.example.test/ >/dev/null && echo fine'
is "$status" 0 "a host that wants no IPv6 has an rlc0"
like "$out" 'inet 10\.201\..*fine' "which works by IPv4"
unlike "$out" 'inet6.* scope global' "and has no IPv6"
host_unchanged "the host is as it was"
in_host sysctl -qw net.ipv6.conf.default.disable_ipv6=0

# A machine that is a container itself: its switches are read-only, and IPv4's is on
in_host sysctl -qw net.ipv4.ip_forward=1
run in_host unshare --mount sh -c 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"' sh \
	"$RLC" run $bb sh -c 'ip -o address show dev eth0; wget -q -O - http://www.example.test/ >/dev/null && echo fine'
is "$status" 0 "where IPv6 cannot be forwarded there is IPv4 alone"
like "$out" 'inet 10\.201\..*fine' "which works"
unlike "$out" 'inet6.* scope global' "without an address that leads nowhere"
in_host sysctl -qw net.ipv4.ip_forward=0

# ------------------------------------------------------------------------ other lives, other names

host_begin
run in_host "$RLC" run -d --name first $bb sleep 1000
run in_host "$RLC" run -d --name joined --network container:first $bb sleep 1000
is "$status" 0 "a container joins another's network"
run in_host "$RLC" restart -t 0 first
is "$status$err" 0 "which starts again though its last network is still in use"
run in_host "$RLC" exec first wget -q -O - http://www.example.test/
is "$status" 0 "and has a network"

run in_host "$RLC" rename first other
run in_host "$RLC" run -d --name first $bb sleep 1000
is "$status$err" 0 "a name that was given up is free on the bridge, too"
address=$(in_host "$RLC" exec first ip -4 -o address show dev eth0 | grep -o '10\.201\.[0-9.]*' | head -n 1)
run in_host "$RLC" rm -f other joined
run in_host "$RLC" run $bb grep -w first /etc/hosts
like "$out" "^$address"$'\tfirst' "and is the address of who has it now"
run in_host "$RLC" rm -f first
host_unchanged "all is gone"

# ------------------------------------------------------------------------ many at once

host_begin
many() { # N: so many at the same time, each pings the gateway and the world
	local i

	for ((i = 0; i < $1; i++)); do
		in_host "$RLC" run --cap-add NET_RAW $bb sh -ec "ip -4 -o address show dev eth0 | grep -o 'inet [0-9.]*'
			$ping 10.201.0.1 >/dev/null; $ping $WORLD4 >/dev/null; echo fine; sleep 1" >"$T/many.$i" 2>&1 &
	done
	wait
}
many 20
is "$(cat "$T"/many.* | grep -c '^fine$')" 20 "20 that start at once on an rlc0 that is not there yet all work"
is "$(cat "$T"/many.* | grep '^inet' | sort | uniq -d)" "" "no address is double"
rm "$T"/many.*
host_unchanged "the host is as it was after them"

# ------------------------------------------------------------------------ firewalls that drop

for firewall in 'add table inet fw; add chain inet fw forward { type filter hook forward priority 0; policy drop; }' \
	'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }; add table ip6 filter; add chain ip6 filter FORWARD { type filter hook forward priority 0; policy drop; }' \
	'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }; add chain ip filter DOCKER-USER; add rule ip filter DOCKER-USER return; add rule ip filter FORWARD jump DOCKER-USER' \
	'add table inet fw; add chain inet fw forward { type filter hook forward priority 10; }; add rule inet fw forward ct state established,related accept; add rule inet fw forward iifname lo accept; add rule inet fw forward reject with icmpx admin-prohibited' \
	'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; }; add rule ip filter FORWARD counter drop; add table ip6 filter; add chain ip6 filter FORWARD { type filter hook forward priority 0; }; add rule ip6 filter FORWARD counter drop'; do
	in_host nft "$firewall"
	host_begin
	start_container --name one $bb sh -c 'echo up; exec sleep 1000'
	run in_host "$RLC" run --cap-add NET_RAW $bb sh -ec "$all"
	is "$status" 0 "they work behind a firewall that forwards nothing: ${firewall:0:70}"
	if [[ $firewall == *DOCKER-USER* ]]; then
		like "$(in_host nft list chain ip filter DOCKER-USER)" 'rlc-rlc0' "the rules are in DOCKER-USER"
		unlike "$(in_host nft list chain ip filter FORWARD)" 'rlc-rlc0' "and not in FORWARD"
	fi
	if [[ $firewall == *'ip filter'* ]] && command -v iptables-nft >/dev/null; then
		run in_host iptables-nft -S
		is "$status" 0 "iptables still lists its table"
		like "$out" '-A (FORWARD|DOCKER-USER) -[io] rlc0 .*-j ACCEPT' "with our rules"
	fi
	end_container "$started"
	host_unchanged "the firewall is as it was"
	in_host nft flush ruleset
done

# A table that is another process's alone, as firewalld's may be
mkfifo "$T/enough"
start_ready root sh -c '(echo "add table inet fw { flags owner; }; add chain inet fw forward { type filter hook forward priority 0; policy drop; }"
	echo "list ruleset"; read -r _ <"$1") | nft -i | sed -u "s/.*policy drop.*/ready/"' sh "$T/enough"
run in_host "$RLC" run $bb true
is "$status" 0 "they start behind a firewall that nobody may change"
like "$err" 'firewall.*inet fw forward' "and that is said"
echo >"$T/enough"
wait_for 10 _is_gone "$started"

if command -v iptables-legacy >/dev/null && in_host iptables-legacy -P FORWARD DROP 2>/dev/null; then
	run in_host "$RLC" run $bb true
	is "$status" 0 "beside an iptables-legacy that drops it runs"
	like "$err" 'RLC-N10.*iptables-legacy -I FORWARD -i rlc0 -j ACCEPT' "and says what is needed"
	eval "$(sed -n 's/^ *fix: //p' <<<"$err" | sed 's/sudo/in_host/g')"
	run in_host "$RLC" run --cap-add NET_RAW $bb sh -c "$ping $WORLD4"
	is "$status" 0 "which is true"
	in_host sh -c 'iptables-legacy -F; iptables-legacy -P FORWARD ACCEPT'
	run in_host "$RLC" run $bb true
	is "$err" "" "where it drops nothing there is nothing to say"
fi

# ------------------------------------------------------------------------ each step fails once

faults=$(copy_program "$BUILD/tests/rlc-faults" rlc-faults)
mapfile -t rows < <(RLC_FAULT=list in_host "$faults" run $bb true)
host_begin
bad=
walked=0
for row in "${rows[@]}"; do
	RLC_FAULT=$row run in_host "$faults" run --name faulty $bb echo ran
	[ "$status $out" != "0 ran" ] || continue # a step that this container does not need
	walked=$((walked + 1))
	[[ $status == 125 && $err == "rlc: ${row#*:}: inject a fault in '$row': "* ]] ||
		bad+="$row: status $status, '$err'"$'\n'
done
is "$bad" "" "each step's failure is named"
ok "$walked of ${#rows[@]} steps failed in turn" test $walked -ge $((${#rows[@]} * 2 / 3))
host_unchanged "nothing is left of any"

# ------------------------------------------------------------------------ kill -9

host_begin
for round in 1 2 3; do
	pids=()
	for i in 1 2 3 4; do
		start_container --name "victim$i" $bb sh -c 'echo up; exec sleep 1000'
		pids+=("$started")
	done
	kill -KILL "${pids[@]}"
	for pid in "${pids[@]}"; do
		wait_for 5 _is_gone "$pid"
	done
	case $round in # the next command, whatever it is
	1) run in_host "$RLC" run --network none $bb true ;;
	2) run in_host "$RLC" network ls ;;
	3) run in_host "$RLC" run $bb true ;;
	esac
	is "$status" 0 "round $round: the next command"
	host_unchanged "round $round: takes away what killed supervisors left"
done

# At whatever moment: killed after 0 to 60 ms
for ms in 0 1 2 3 4 5 6 7 8 9 10 12 14 16 18 20 25 30 35 40 50 60; do
	(exec nsenter --net="/proc/$host_pid/ns/net" -- "$RLC" run --name early $bb sleep 1000 >/dev/null 2>&1) &
	pid=$!
	disown $pid
	sleep "0.0$(printf %02d $ms)"
	kill -KILL $pid
	wait_for 5 _is_gone $pid
done
run in_host "$RLC" run --network none $bb true
is "$status" 0 "after supervisors were killed at any moment"
host_unchanged "the next command takes everything away"

done_testing
