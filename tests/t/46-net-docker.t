#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Beside a living Docker engine: 100 containers of rlc on docker0, 20 of Docker's, and 50 more that come
# and go meanwhile. All reach each other, no address is ever double, and what is left is what was before.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/bridge.sh"
. "$(dirname "$0")/../lib/docker.sh"
needs root mountns rlc busybox world nft docker
world_up || fail "no world"

bb=builtin:busybox
ping='ping -c 1 -W 10'

# ------------------------------------------------------------------------ Docker comes second

start_container $bb sh -c 'ip -4 -o address show dev eth0; exec sleep 1000'
like "$first" 'inet 10\.201\.' "before there is a Docker engine, rlc0 it is"
docker_up || fail "no Docker engine"
end_container "$started"
is "$(in_host ip -o link show dev rlc0 2>/dev/null)" "" "rlc0 goes while the engine runs"
is "$(in_host sysctl -n net.ipv4.ip_forward)" 1 "forwarding stays: the engine found it on and relies on it"
run docker_ run --rm bb sh -ec "$ping $WORLD4"
is "$status" 0 "a container of Docker's reaches the world"

# ------------------------------------------------------------------------ 20 + 100 + 50

in_host iptables -P FORWARD DROP # as the engine does it where it turns forwarding on itself
for i in $(seq 20); do
	docker_ run -d --rm --name "d$i" bb sleep 100000 >/dev/null || fail "docker run"
done
docker_address() { docker_ inspect -f '{{.NetworkSettings.IPAddress}}' "$1"; }
docker_first=$(docker_address d1)
docker_addresses=$(for i in $(seq 20); do docker_address "d$i"; done)
is "$(sort -u <<<"$docker_addresses" | grep -c .)" 20 "20 containers of Docker's"
host_begin

churn() {
	local i

	for ((i = 0; i < 50; i++)); do
		docker_ run --rm bb sh -c 'ip -4 -o address show dev eth0; ip -o link show dev eth0'
	done >"$T/churn" 2>&1
	touch "$T/churn.done"
}
churn &
disown $!

# One table of neighbours serves all network namespaces of the machine, and 1,024 is its size where
# nobody enlarged it: too few for 100 that know 100.
thresholds=/proc/sys/net/ipv4/neigh/default
if [ -w $thresholds/gc_thresh3 ] && [ "$(cat $thresholds/gc_thresh3)" -lt 32768 ]; then
	for name in gc_thresh1 gc_thresh2 gc_thresh3; do
		# shellcheck disable=SC2064 # now
		when_finished sh -c "echo $(cat $thresholds/$name) >$thresholds/$name"
		echo 32768 >$thresholds/$name
	done
fi

mkdir "$T/go"
chmod 0755 "$T/go"
# ping's raw socket has room for about 20 packets, and sees the requests of 99 others too, who ask all at
# once: on a busy machine the one answer may be lost. So it asks again.
# shellcheck disable=SC2016 # for the container's shell
payload='
reach() { ping -c 1 -W 5 "$1" >/dev/null || ping -c 3 -W 10 "$1" >/dev/null; }
all() { for x; do reach "$x" || echo "no answer: $x"; done; }
ip -4 -o address show dev eth0 | sed "s/.*inet \([0-9.]*\).*/address \1/"
sed "s/^/mac /" /sys/class/net/eth0/address
all 172.17.0.1 $DOCKER $WORLD www.example.test
echo started
until [ -e /go/now ]; do sleep 2; done
set -- $(sed -n "s/.*\tr\([0-9]*\)$/r\1/p" /etc/hosts)
all "$@"
echo "met $#"
exec sleep 100000'
pids=()
start_rlc() { # NUMBER
	(exec nsenter --net="/proc/$host_pid/ns/net" -- "$RLC" run --name "r$1" --hostname "h$1" \
		--cap-add NET_RAW -v "$T/go:/go:ro" -e DOCKER="$docker_first" -e WORLD="$WORLD4" \
		$bb sh -c "$payload" >"$T/rlc.$1" 2>&1) &
	pids+=($!)
	disown $!
}
say_all() { # WORD NUMBERS…: all of them said it
	local word=$1 i

	shift
	for i; do
		grep -q "^$word" "$T/rlc.$i" || return 1
	done
}

begun=$(date +%s%N)
for ((batch = 0; batch < 100; batch += 10)); do
	for ((i = batch; i < batch + 10; i++)); do
		start_rlc $i
	done
	# shellcheck disable=SC2046 # numbers
	wait_for 60 say_all started $(seq $batch $((batch + 9)))
done
diag "100 containers in $((($(date +%s%N) - begun) / 1000000)) ms"
is "$(cat "$T"/rlc.* | grep -c '^started$')" 100 "100 containers of rlc, 10 at a time"
touch "$T/go/now"
# shellcheck disable=SC2046
wait_for 240 say_all met $(seq 0 99)
is "$(cat "$T"/rlc.* | grep -c '^met 99$')" 100 "each knows the 99 others by name"
is "$(cat "$T"/rlc.* | grep -v '^\(address\|mac\|started\|met\)')" "" \
	"all reach the gateway, each other, one of Docker's, and the world by address and by name"

rlc_addresses=$(cat "$T"/rlc.* | sed -n 's/^address //p')
is "$(sort <<<"$rlc_addresses" | uniq -d)" "" "no two of rlc's have the same address"
is "$(cat "$T"/rlc.* | grep '^mac' | sort | uniq -d)" "" "nor the same MAC"
is "$(sort <<<"$rlc_addresses"$'\n'"$docker_addresses" | uniq -d)" "" "and none has one of Docker's 20"
wait_for 120 test -e "$T/churn.done"
is "$(grep -c 'inet 172\.17\.' "$T/churn")" 50 "Docker started and stopped 50 more meanwhile"
churned=$(sed -n 's/.*inet \([0-9.]*\).*/\1/p' "$T/churn" | sort -u)
is "$(sort <<<"$rlc_addresses"$'\n'"$churned" | uniq -d)" "" "and they had no address of rlc's either"
run docker_ exec d2 ping -c 1 -W 10 "$(head -1 <<<"$rlc_addresses")"
is "$status" 0 "a container of Docker's reaches one of rlc's"
unlike "$(in_host iptables -S)" 'rlc' "nothing was added to Docker's chains: its own let docker0 through"

kill "${pids[@]}"
for pid in "${pids[@]}"; do
	wait_for 20 _is_gone "$pid"
done
host_unchanged "after the last exit links, addresses, rules, sysctls and leases are as before"

# ------------------------------------------------------------------------ kill -9

rm "$T/go/now"
pids=()
for i in $(seq 200 219); do
	start_rlc "$i"
done
# shellcheck disable=SC2046
wait_for 60 say_all started $(seq 200 219)
kill -KILL "${pids[@]}"
for pid in "${pids[@]}"; do
	wait_for 20 _is_gone "$pid"
done
run in_host "$RLC" run $bb sh -ec 'ip -4 -o address show dev eth0'
like "$out" '172\.17\.255\.254/16' "after 20 supervisors were killed their addresses are free"
host_unchanged "and the host is as before"

# ------------------------------------------------------------------------ rlc0 beside Docker

start_container --network bridge:rlc0 --name own $bb sh -c 'echo up; exec sleep 1000'
like "$(in_host iptables -S DOCKER-USER)" '-i rlc0 .*-j ACCEPT' "rlc0's packets pass by DOCKER-USER"
unlike "$(in_host iptables -S FORWARD)" rlc0 "and not by Docker's own chains"
run in_host "$RLC" run --network bridge:rlc0 --cap-add NET_RAW $bb sh -ec \
	"$ping 10.201.0.1; $ping own; $ping $WORLD4; $ping www.example.test"
is "$status" 0 "rlc0 works beside Docker, whose FORWARD drops"
end_container "$started"
host_unchanged "and goes without a trace"

docker_down
done_testing
