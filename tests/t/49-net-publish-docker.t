#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ports published beside a living Docker engine, whose firewall drops what it does not know: they are
# reached, Docker's own still are, no port has two owners, and Docker's rules are as they were.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/bridge.sh"
. "$(dirname "$0")/../lib/docker.sh"
needs root mountns rlc busybox world nft docker /usr/bin/python3
world_up || fail "no world"
docker_up || fail "no Docker engine"
in_host iptables -P FORWARD DROP # as the engine does it where it turns forwarding on itself

peer=$(copy_program "$LIB/peer.py" peer.py)
from_world() { in_world /usr/bin/python3 "$peer" ask "$@"; }
from_host() { in_host /usr/bin/python3 "$peer" ask "$@"; }
serve() { # OPTIONS…
	start_container --rootfs /:O -v "$peer:/mnt/peer.py" "$@" /usr/bin/python3 /mnt/peer.py serve tcp:80 \
		tcp:81 udp:53
	is "$first" ready "a container of rlc's serves"
}

docker_ run -d --rm --name theirs -p 9090:80 bb sh -c \
	'while :; do echo docker | busybox nc -l -p 80; done' >/dev/null
host_begin
serve --ip 172.17.200.1 -p 8080:80 -p 8053:53/udp
is "$(from_world tcp $HOST4 8080)" "you are $WORLD4" "the world reaches it, TCP"
is "$(from_world udp $HOST4 8053)" "you are $WORLD4" "and UDP"
is "$(from_host tcp $HOST4 8080)" "you are $HOST4" "the host does"
is "$(from_host tcp 127.0.0.1 8080)" "you are 172.17.0.1" "by 127.0.0.1 too"
is "$(from_host tcp ::1 8080)" "you are 172.17.0.1" "and by ::1"
like "$(from_world tcp $HOST6 8080)" '^you are' "and the world over IPv6"
in_world ip route add 172.17.0.0/16 via $HOST4
is "$(from_world tcp 172.17.200.1 81)" TimeoutError "what is not published is not reached"
is "$(from_world tcp 172.17.200.1 80)" TimeoutError "but by the host's address"
run docker_ run --rm bb sh -c "echo x | busybox nc -w 3 $HOST4 8080"
like "$out" "^you are 172\.17\.0\.1" "a container of Docker's reaches it by the host's address"
run docker_ run --rm bb sh -c "echo x | busybox nc -w 3 172.17.200.1 80"
like "$out" "^you are 172\.17\." "and by its own"

run in_host "$RLC" run -p 9090:80 builtin:busybox true
refused "a port of Docker's" 9090 RLC-N05
run docker_ run --rm -p 8080:80 bb true
isnt "$status" 0 "Docker does not take a port of rlc's either"
is "$(in_world sh -c "echo | busybox nc -w 3 $HOST4 9090")" docker "Docker's own port is still its own"
run in_host iptables -S DOCKER-USER
is "$status" 0 "iptables can list the chain"
like "$out" '-d 172.17.200.1/32 -o docker0 .*-j ACCEPT' "and shows what is added"
end_container "$started"
host_unchanged "Docker's rules are as they were"

serve -p 8080:80
end_container "$started" KILL
run in_host "$RLC" run builtin:busybox true
host_unchanged "after kill -9 and the next command too"

done_testing
