#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The user-mode network carries everything: ping, TCP and UDP, IPv4 and IPv6, both ways, for every
# kind of user, from the payload's first command on; its options are honoured, and bad ones refused.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
needs rlc userns subids tun busybox world
world_up || exit 1
user_with_subids
user_without_subids
run in_host --user "$sub" "$RLC" run builtin:busybox true
run in_host --user "$one" "$RLC" run builtin:busybox true
run in_host "$RLC" run --network none builtin:busybox true
leftovers_begin

cp "$LIB/world.py" "$LIB/frames.py" "$T/bin/"
size=104857600
/usr/bin/python3 "$LIB/world.py" - blob $size >"$T/blob"
sum=$(sha256sum <"$T/blob" | cut -d' ' -f1)

# ---------------------------------------------------------------------- the first command, every user

first='ip address show dev tap0; ping -c 1 -W 5 '$WWW4' && ping -c 1 -W 5 '$WWW6
for who in "$sub" "$one" root; do
	kind=${who#rlct-} && kind=${kind%%-*}
	for address in $WWW6 $WWW4 www.example.test; do
		run in_host --user "$who" "$RLC" run --network slirp builtin:busybox \
			ping -c 1 -W 5 "$address"
		is "$status" 0 "$kind: the first command pings $address"
	done
	run in_host --user "$who" "$RLC" run --network slirp builtin:busybox sh -c "$first"
	like "$out" 'inet 10\.0\.2\.100/24 ' "$kind: has its IPv4 address"
	like "$out" 'inet6 fd00::100/64 ' "$kind: has its IPv6 address"
	unlike "$out" 'tentative' "$kind: and no address is tentative"
	is "$(grep -c fe80 <<<"$out") $(grep -c 'inet6 fe80::100/64 ' <<<"$out")" "1 1" \
		"$kind: nor of the kernel's making"
	run in_host --user "$who" "$RLC" run --network slirp builtin:busybox sh -c "
		wget -qO- http://www.example.test/; wget -qO- 'http://[$WWW6]/'"
	is "$out" "you are ::ffff:$HOST4"$'\n'"you are $HOST6" "$kind: HTTP over IPv4 and IPv6"
done

run in_host --user "$sub" "$RLC" run -u 1000:1000 --rootfs /:O ping -c 1 -W 5 $WWW4
is "$status" 0 "a payload that is not root may ping"
run in_host --user "$sub" "$RLC" run builtin:busybox sh -c \
	'for a in 10.0.2.2 10.0.2.3 fd00::2 fd00::3; do ping -c 1 -W 5 $a || echo "no $a"; done'
unlike "$out" 'no ' "the gateway and the name server answer pings"
run in_host --user "$sub" "$RLC" run builtin:busybox ping -c 5 -i 0.05 -s 1400 $WWW6
like "$out" ' 5 packets received' "large IPv6 pings come back, each once"

# Where there is no way for the host, who pings hears so at once: root by a raw socket, others by the kernel's.
# The last two are told to the host by its own kernel and by a router.
while read -r address kind answer; do
	[ "$kind" = - ] || in_host ip route add "$kind" "$address"
	for user in 0 1000; do
		run in_host --user "$sub" "$RLC" run -u $user --rootfs /:O ping -c 3 -i 0.3 -W 5 "$address"
		like "$out" "From (10\.0\.2\.2|fd00::2) .*$answer" "ping $address as $user: $answer"
		is "$status" 1 "ping $address as $user: fails"
	done
	[ "$kind" = - ] || in_host ip route del "$kind" "$address"
done <<-END
	198.51.100.1 throw Destination Net Unreachable
	2001:db8:dead::1 throw Destination unreachable: No route
	2001:db8:dead::2 unreachable Destination unreachable: Address unreachable
	2001:db8:dead::3 prohibit Destination unreachable: Administratively prohibited
	${WORLD6%:*}:dead - Destination unreachable: Address unreachable
	2001:db8:dead::4 - Destination unreachable: No route
END
run in_host --user "$sub" "$RLC" run --rootfs /:O ping -c 1 -W 5 $WWW6
is "$status" 0 "and where there is one the pings go on"

# ------------------------------------------------------------------------------------------- TCP

for address in $WWW4 $WWW6; do
	run in_host --user "$sub" "$RLC" run -v "$T/blob:/blob:ro" builtin:busybox \
		sh -c "nc $address 9000 </blob"
	is "$out" "$sum" "TCP: 100 MB arrive unchanged at $address"
	run in_host --user "$sub" "$RLC" run builtin:busybox \
		sh -c "echo $size | nc $address 9001 | sha256sum"
	is "${out%% *}" "$sum" "TCP: 100 MB arrive unchanged from $address"
done
run in_host --user "$sub" "$RLC" run builtin:busybox sh -c "
	for i in \$(seq 100); do (echo \$i | nc $WWW4 7) & done; wait"
is "$(sort -n <<<"$out" | tr '\n' ' ')" "$(seq -s ' ' 100) " "TCP: 100 connections at once"
run in_host --user "$sub" "$RLC" run builtin:busybox nc $WWW4 3333
isnt "$status" 0 "TCP: a closed port refuses"
like "$err" 'refused' "TCP: and says so"

# ------------------------------------------------------------------------------------------- UDP

cat >"$T/bin/udp.py" <<'PYTHON'
import socket, sys
for address in sys.argv[1:]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for size in (0, 1, 1200, 1472, 9000, 65000):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.settimeout(5)
        udp.connect((address, 7))
        data = bytes(i % 251 for i in range(size))
        udp.send(data)
        if udp.recv(65535) != data:
            sys.exit(f"{address}, {size} bytes: changed")
print("all came back")
PYTHON
run in_host --user "$sub" "$RLC" run --rootfs /:O -v "$T/bin:/mnt:ro" \
	/usr/bin/python3 /mnt/udp.py $WWW4 $WWW6
is "$out" "all came back" "UDP: datagrams up to 65000 bytes come back unchanged"

# --------------------------------------------------------------------------------------- options

slirp() { # OPTIONS COMMAND
	run in_host --user "$sub" "$RLC" run --network "slirp:$1" builtin:busybox sh -c "$2"
}

slirp cidr=192.168.77.0/25 "ip -4 address show dev tap0; ip route; cat /etc/resolv.conf
	ping -c 1 -W 5 www.example.test"
is "$status" 0 "cidr=: the network works"
like "$out" 'inet 192\.168\.77\.100/25 ' "cidr=: the address"
like "$out" 'default via 192\.168\.77\.2 ' "cidr=: the gateway"
like "$out" 'nameserver 192\.168\.77\.3' "cidr=: the name server"
slirp mtu=1500 "cat /sys/class/net/tap0/mtu; wget -qO- http://$WWW4/"
is "$out" "1500"$'\n'"you are ::ffff:$HOST4" "mtu=: is the interface's"
slirp ipv6=false "ip -6 address show dev tap0; ping -c 1 -W 2 $WWW6 >&2 && echo reached
	ping -c 1 -W 5 $WWW4 >&2 && echo v4"
is "$out" "v4" "ipv6=false: IPv4 alone"
slirp mtu=576,ipv6=false "cat /sys/class/net/tap0/mtu; wget -qO- http://$WWW4/"
is "$out" "576"$'\n'"you are ::ffff:$HOST4" "mtu=576 with IPv4 alone"

while read -r option regex; do
	slirp "$option" true
	refused "slirp:$option" "$regex"
done <<'OPTIONS'
cidr=10.0.2.0 A\.B\.C\.D/N
cidr=10.0.2/24 A\.B\.C\.D/N
cidr=10.0.2.0/x A\.B\.C\.D/N
cidr=10.0.2.0/33 A\.B\.C\.D/N
cidr=10.0.2.0/26 /8.to.a./25
cidr=10.0.2.1/24 must.be.0
cidr=127.0.0.0/8 ordinary
cidr=224.0.0.0/8 ordinary
cidr=0.0.0.0/8 ordinary
cidr=fd00::/64 A\.B\.C\.D/N
mtu=1279 between.1280.and.65521
mtu=65522 65521
mtu=575,ipv6=false 576
mtu=1e3 mtu
ipv6=perhaps ipv6
colour=blue colour
OPTIONS

# ---------------------------------------------------------------------------------------- ping range

in_host sh -c 'echo "1 0" >/proc/sys/net/ipv4/ping_group_range'
slirp mtu=1500 "ping -c 1 -W 1 $WWW4; ping -c 1 -W 1 $WWW6; ping -c 1 -W 1 $WWW4; true"
like "$err" 'RLC-N04' "a host that forbids its users to ping: says so"
like "$err" 'net\.ipv4\.ping_group_range' "and names the sysctl"
is "$(grep -c RLC-N04 <<<"$err")" 1 "and says it once"
slirp mtu=1500 "ping -c 1 -W 5 10.0.2.2 >/dev/null; wget -qO- http://$WWW4/"
like "$out" 'you are' "everything else works there"

no_leftovers "nothing is left"
done_testing
