#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Published ports are reached from world, host and container, over IPv4 and IPv6, for an ordinary user
# and for root on a bridge; the payload sees who asks; what cannot be had is refused before anything is
# built; and nothing stays.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/bridge.sh"
needs root mountns rlc userns subids busybox tun world nft /usr/bin/python3
user_with_subids
world_up || fail "no world"

bb=builtin:busybox
peer=$(copy_program "$LIB/peer.py" peer.py)
served=(tcp:80 udp:53)
faults=$(copy_program "$BUILD/tests/rlc-faults" rlc-faults)

from_world() { in_world /usr/bin/python3 "$peer" ask "$@"; }
from_host() { in_host --user "$who" /usr/bin/python3 "$peer" ask "$@"; }
from_container() { # PROTOCOL HOST PORT
	in_host --user "$who" "$RLC" run --rootfs /:O "${network[@]}" -v "$peer:/mnt/peer.py" \
		/usr/bin/python3 /mnt/peer.py ask "$@"
}

# serve OPTIONS… -- WHAT…: a container with these servers in the background, its supervisor in $started
serve() {
	local options=()

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	start_ready "$who" "$RLC" run --rootfs /:O "${network[@]}" "${options[@]}" -v "$peer:/mnt/peer.py" \
		/usr/bin/python3 /mnt/peer.py serve "$@"
}

# Whom the container sees when it is asked at the host's addresses
reached() { # KIND GATEWAY GATEWAY6 LOCAL4 LOCAL6
	local kind=$1 protocol port

	for protocol in tcp udp; do
		port=8080
		[ $protocol = tcp ] || port=8053
		is "$(from_world $protocol $HOST4 $port)" "you are $WORLD4" \
			"$kind: $protocol from the world, IPv4: the peer's own address"
		is "$(from_world $protocol $HOST6 $port)" "you are $WORLD6" \
			"$kind: $protocol from the world, IPv6: the peer's own address"
		is "$(from_host $protocol $HOST4 $port)" "you are $HOST4" \
			"$kind: $protocol from the host by its address"
		is "$(from_host $protocol $HOST6 $port)" "you are $HOST6" \
			"$kind: $protocol from the host by its IPv6 address"
		is "$(from_host $protocol 127.0.0.1 $port)" "you are $2" \
			"$kind: $protocol from 127.0.0.1: the gateway"
		is "$(from_host $protocol ::1 $port)" "you are $3" \
			"$kind: $protocol from ::1: the IPv6 gateway"
		is "$(from_container $protocol $HOST4 $port)" "you are $4" \
			"$kind: $protocol from another container"
		is "$(from_container $protocol $HOST6 $port)" "you are $5" \
			"$kind: $protocol from another container, IPv6"
	done
}

# ------------------------------------------------------------------------ an ordinary user

who=$sub network=()
leftovers_begin
serve --name web -p 8080:80 -p 8053:53/udp -- "${served[@]}"
reached user 10.0.2.2 fd00::2 "$HOST4" "$HOST6"

run in_host --user "$sub" "$RLC" port web
is "$out" "80/tcp -> 0.0.0.0:8080
80/tcp -> [::]:8080
53/udp -> 0.0.0.0:8053
53/udp -> [::]:8053" "rlc port lists what is published"
run in_host --user "$sub" "$RLC" port web 53/udp
is "$out" "0.0.0.0:8053
[::]:8053" "rlc port PORT/udp"
id=$(ls "$T/run-$sub/rlc/containers")
run in_host --user "$sub" "$RLC" port "${id:0:6}" 80
is "$out" "0.0.0.0:8080
[::]:8080" "rlc port by the beginning of the id"
run in_host --user "$sub" "$RLC" port --format json web 80/tcp
is "$out" '[{"Port":80,"Protocol":"tcp","HostAddress":"0.0.0.0","HostPort":8080},{"Port":80,"Protocol":"tcp","HostAddress":"::","HostPort":8080}]' \
	"rlc port --format json"
run in_host --user "$sub" "$RLC" port web 81
refused "a port that is not published" 81
run in_host --user "$sub" "$RLC" port nobody
refused "a container that does not exist" nobody

# itself, through the host
run in_host --user "$sub" "$RLC" run --rootfs /:O --network container:web -v "$peer:/mnt/peer.py" \
	/usr/bin/python3 /mnt/peer.py ask tcp $HOST4 8080
is "$out" "you are $HOST4" "a container may ask itself by the host's address"

run in_host --user "$sub" "$RLC" run -p 8080:80 $bb touch "$T/tmp/ran"
refused "a port that is taken" '8080' RLC-N05 'fix: ' "container ${id:0:12} has port 8080"
nok "nothing was run" test -e "$T/tmp/ran"
in_host sysctl -qw net.ipv4.ip_unprivileged_port_start=1024
run in_host --user "$sub" "$RLC" run -p 80:80 $bb true
refused "a privileged port" RLC-N06 'ip_unprivileged_port_start=80'
in_host sysctl -qw net.ipv4.ip_unprivileged_port_start=80
run in_host --user "$sub" "$RLC" run -p 80:80 $bb true
is "$status" 0 "which the sysctl that is named allows"
run in_host --user "$sub" "$RLC" run -p 192.0.2.77:80:80 $bb true
refused "an address that is not the host's" 192.0.2.77 RLC-N07
run in_host --user "$sub" "$RLC" run --network none -p 8081:80 $bb true
refused "no network" "no network"
run in_host --user "$sub" "$RLC" run -p 8081:80 -p 8081:81 $bb true
refused "the same port twice" 8081
for bad in 0 70000 80/sctp x:80 ::1:80:80 '[::1]80' 1-3:1-2 5-3 '' 8080:80:70:60 localhost:80:80; do
	run in_host --user "$sub" "$RLC" run -p "$bad" $bb true
	refused "-p '$bad'" --publish
done
end_container "$started"
no_leftovers "user: nothing is left"
run in_host --user "$sub" "$RLC" run -p 8080:80 $bb true
is "$status" 0 "user: the port is free at once"

serve --name few -p 127.0.0.1:8080:80 -p '[::1]:8081:80' -p 8090-8091:80-81 -p 82 -- tcp:80 tcp:81 tcp:82
is "$(from_host tcp 127.0.0.1 8080)" "you are 10.0.2.2" "an address of the host's: there it is"
is "$(from_world tcp $HOST4 8080)" ConnectionRefusedError "and not elsewhere"
is "$(from_host tcp ::1 8080)" ConnectionRefusedError "nor over IPv6"
is "$(from_host tcp ::1 8081)" "you are fd00::2" "an IPv6 address of the host's"
is "$(from_host tcp 127.0.0.1 8081)" ConnectionRefusedError "and not over IPv4"
is "$(from_world tcp $HOST4 8090)$(from_world tcp $HOST4 8091)" "you are ${WORLD4}you are $WORLD4" "a range"
run in_host --user "$sub" "$RLC" port few 82
drawn=${out##*:}
is "$out" "0.0.0.0:$drawn
[::]:$drawn" "a random port is the same for IPv4 and IPv6"
is "$(from_world tcp $HOST4 "$drawn")" "you are $WORLD4" "and leads inside"
is "$(from_host tcp 127.0.0.1 4444)" ConnectionRefusedError "what is not published stays closed"
end_container "$started"

serve -p 8080:80 -- tcp4:80
is "$(from_host tcp 127.0.0.1 8080)" "you are 10.0.2.2" "a server on IPv4 alone is reached by 127.0.0.1"
is "$(from_host tcp localhost 8080)" "you are 10.0.2.2" "and by localhost"
is "$(from_host tcp ::1 8080)" "you are 10.0.2.2" "or by ::1"
end_container "$started" KILL
run in_host --user "$sub" "$RLC" run -p 8080:80 $bb true
is "$status" 0 "a supervisor that is killed leaves its port"
no_leftovers "and no more than the next command takes away"

# many at once: libslirp's own backlog is 1
serve -p 8080:80 -- tcp:80
# shellcheck disable=SC2016 # for the other shell
run in_world /usr/bin/python3 "$peer" ask100 tcp $HOST4 8080
is "$(sort <<<"$out" | uniq -c | sed 's/^ *//')" "100 you are $WORLD4" "100 connections at once"
end_container "$started"

# ------------------------------------------------------------------------ root on a bridge

for bridge in docker0 rlc0; do
	who=root network=()
	[ $bridge = rlc0 ] || bridge_up docker0 172.17.0.1/16 2001:db8:17::1/64
	host_begin
	leftovers_begin
	serve --name web -p 8080:80 -p 8053:53/udp -- "${served[@]}"
	gateway=$(in_host ip -4 -o address show dev $bridge | awk '{ print $4 }' | cut -d/ -f1)
	gateway6=$(in_host ip -6 -o address show dev $bridge scope global | awk '{ print $4 }' | cut -d/ -f1)
	reached "$bridge" "$gateway" "$gateway6" "$gateway" "$gateway6"
	run in_host "$RLC" port web 80
	is "$out" "0.0.0.0:8080
[::]:8080" "$bridge: rlc port"
	run in_host "$RLC" run -p 8080:80 $bb true
	refused "$bridge: a port that another container has" 8080 RLC-N05
	end_container "$started"
	run in_host "$RLC" run $bb true
	host_unchanged "$bridge: the host is as it was"
	no_leftovers "$bridge: nothing is left"

	serve -p 8080:80 -- tcp:80
	end_container "$started" KILL
	run in_host "$RLC" run $bb true
	host_unchanged "$bridge: after a kill -9, and the next command, the host is as it was"

	serve -p 127.0.0.1:8080:80 -p "$HOST4:8081:80" -- tcp:80
	is "$(from_host tcp 127.0.0.1 8080)" "you are $gateway" "$bridge: on 127.0.0.1"
	isnt "$(from_world tcp $HOST4 8080)" "you are $WORLD4" "$bridge: that is not the world's"
	is "$(from_world tcp $HOST4 8081)" "you are $WORLD4" "$bridge: on one address"
	isnt "$(from_host tcp 127.0.0.1 8081)" "you are $gateway" "$bridge: which 127.0.0.1 is not"
	end_container "$started"

	serve -p 8080:80 -- tcp4:80
	is "$(from_host tcp ::1 8080)" "you are $gateway" "$bridge: ::1 reaches a server on IPv4 alone"
	end_container "$started"
	host_unchanged "$bridge: all is gone"

	# whichever step fails
	failed=0
	while read -r row; do
		RLC_FAULT=$row run in_host "$faults" run -p 8080:80 -p 8053:53/udp $bb true
		[ "$status" = 0 ] || failed=$((failed + 1))
		wait_for 10 _host_same || fail "$bridge: a fault in $row leaves something"
	done < <(RLC_FAULT=list "$faults" run $bb true)
	ok "$bridge: $failed steps failed, and the host is as it was" test $failed -gt 20
	[ $bridge = rlc0 ] || in_host ip link delete docker0
done

# ------------------------------------------------------------------------ what is relayed: half a connection

# Of 127.0.0.1.  Port 80 hears what comes after its own end, and says how much; port 81 sends as much as is asked for
one_way='import socket, threading, time
def hear(c):
	c.shutdown(socket.SHUT_WR)
	total = 0
	while data := c.recv(65536):
		total += len(data)
		time.sleep(0.01)
	print("heard", total, flush=True)
def send(c):
	c.sendall(b"x" * int(c.recv(100)))
	c.close()
def serve(server, do):
	while True:
		threading.Thread(target=do, args=server.accept()[:1]).start()
for port, do in (80, hear), (81, send):
	threading.Thread(target=serve, args=(socket.create_server(("", port)), do)).start()
print("ready", flush=True)'
start_ready root "$RLC" run --rootfs /:O -p 127.0.0.1:8080:80 -p 127.0.0.1:8081:81 /usr/bin/python3 -c "$one_way"
in_host /usr/bin/python3 -c 'import socket
with socket.create_connection(("127.0.0.1", 8080)) as c:
	assert c.recv(1) == b""
	c.sendall(b"x" * 20000000)'
wait_for 60 grep -q heard "$started_out"
is "$(grep heard "$started_out")" "heard 20000000" "all arrives that is sent after the server's end, though the client has gone"

# Nobody reads, of answers of so many lengths that the last of one is in the relay
in_host sysctl -qw net.ipv4.tcp_wmem='4096 65536 65536' net.ipv4.tcp_rmem='4096 65536 65536'
ticks='import socket, sys, time
def ticks():
	return sum(map(int, open(f"/proc/{sys.argv[1]}/stat").read().rsplit(")", 1)[1].split()[11:13]))
def busy():
	before = ticks()
	time.sleep(2)
	return "busy" if ticks() - before > 20 else "idle"'
run in_host /usr/bin/python3 -c "$ticks"'
clients = [socket.create_connection(("127.0.0.1", 8081)) for i in range(40)]
for i, client in enumerate(clients):
	client.sendall(b"%d" % (60000 + i * 12000))
	client.shutdown(socket.SHUT_WR)
time.sleep(2)
print(busy())
for i, client in enumerate(clients):
	assert sum(map(len, iter(lambda: client.recv(65536), b""))) == 60000 + i * 12000' \
	"$(pgrep -P "$started" -x rlc-net)"
is "$out" idle "who reads nothing keeps nobody busy"
is "$status" 0 "and has all when it does read"
end_container "$started"

# As many as there are descriptors for, and not one more, whichever number is even
for files in 400 401; do
	start_ready root sh -c 'ulimit -n "$1"; shift; exec "$@"' sh $files "$RLC" run --rootfs /:O -p 127.0.0.1:8080:80 \
		/usr/bin/python3 -c 'import socket, time
with socket.create_server(("", 80), backlog=1000):
	print("ready", flush=True)
	time.sleep(1000)'
	run in_host /usr/bin/python3 -c "$ticks"'
clients = [socket.create_connection(("127.0.0.1", 8080)) for i in range(300)]
time.sleep(1)
print(busy())' "$(pgrep -P "$started" -x rlc-net)"
	is "$out" idle "more clients than descriptors ($files) keep nobody busy"
	end_container "$started"
done

# ------------------------------------------------------------------------ a peer that goes on sending

# From one and the same port, as WireGuard does: the kernel takes it for one flow all the time
flow() { # PORT OF-THE-PEER'S
	in_world /usr/bin/python3 -c 'import socket, sys
for family, host in ((socket.AF_INET, sys.argv[1]), (socket.AF_INET6, sys.argv[2])):
	with socket.socket(family, socket.SOCK_DGRAM) as s:
		s.bind(("", int(sys.argv[3])))
		s.settimeout(1)
		s.sendto(b"?", (host, 8053))
		try:
			print(s.recv(100).decode().strip())
		except TimeoutError:
			print("nothing")' "$HOST4" "$HOST6" "$1" | paste -sd,
}
start_container $bb sh -c 'echo up; exec sleep 1000'
other=$started
is "$(flow 6001)" nothing,nothing "a port that nobody has published yet"
for ending in TERM KILL; do
	serve -p 8053:53/udp -- udp:53
	is "$(flow 6001)" "you are $WORLD4,you are $WORLD6" "who asked before a port was published is seen by its own address"
	is "$(flow 6002)" "you are $WORLD4,you are $WORLD6" "and so is who asks then"
	end_container "$started" $ending
	run in_host "$RLC" ps
	serve -- udp:53
	is "$(flow 6002)" nothing,nothing "$ending: but is not led to who has the address next"
	end_container "$started"
done
end_container "$other"

# A bridge without IPv6, as Docker's is by default, behind a firewall like Docker's
bridge_up docker0 172.17.0.1/16
in_host nft -f - <<'END'
table ip filter {
	chain DOCKER { }
	chain DOCKER-USER { counter return; }
	chain FORWARD {
		type filter hook forward priority 0; policy drop;
		counter jump DOCKER-USER
		oifname "docker0" ct state related,established counter accept
		oifname "docker0" counter jump DOCKER
		iifname "docker0" oifname != "docker0" counter accept
		iifname "docker0" oifname "docker0" counter accept
	}
}
END
host_begin
serve --ip 172.17.0.9 -p 8080:80 -p 8053:53/udp -- "${served[@]}" tcp:81
is "$(from_world tcp $HOST4 8080)" "you are $WORLD4" "Docker's firewall lets a published port pass"
is "$(from_world udp $HOST4 8053)" "you are $WORLD4" "over UDP too"
in_world ip route add 172.17.0.0/16 via $HOST4
is "$(from_world tcp 172.17.0.9 81)" TimeoutError "and no other port of the container's"
is "$(from_world tcp $HOST6 8080)" "you are 172.17.0.1" "IPv6 leads to a container without it"
is "$(from_world udp $HOST6 8053)" "you are 172.17.0.1" "over UDP too"
if command -v iptables-nft >/dev/null; then
	run in_host iptables-nft -S DOCKER-USER
	like "$out" '-d 172.17.0.9/32 -o docker0 .*-j ACCEPT' "iptables can list what is added"
fi
end_container "$started"
host_unchanged "the firewall is as it was"

done_testing
