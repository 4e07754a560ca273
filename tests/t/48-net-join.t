#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --network container:NAME and ns:PATH: a container in a network that exists, with everything else its
# own; who may not join is told why, and nothing of a payload's making is trusted on the way.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/world.sh"
. "$(dirname "$0")/../lib/bridge.sh"
needs root mountns rlc userns subids busybox tun world
user_with_subids
user_without_subids
world_up || fail "no world"

bb=builtin:busybox
# shellcheck disable=SC2016 # for the container's shell
server='mkdir /w && echo page >/w/index.html && echo ready && exec busybox httpd -f -h /w -p 80'

# web OPTIONS…: the container to join, of $who's; its supervisor in $started
web() { start_ready "$who" "$RLC" run --name web "$@" $bb sh -c "$server"; }

rlc() { run in_host --user "$who" "$RLC" run "$@"; }

mkfifo "$T/hold"
leftovers_begin
for who in "$sub" "$one" root; do
	kind=${who#rlct-} && kind=${kind%%-*}
	network=() address=10.0.2.100
	[ "$kind" != root ] || bridge_up docker0 172.17.0.1/16
	[ "$kind" != root ] || network=(--ip 172.17.0.9) address=172.17.0.9
	web "${network[@]}"
	rlc --network container:web $bb wget -q -O - http://127.0.0.1/
	is "$out" page "$kind: the other container's loopback"
	rlc --network container:web $bb sh -c "wget -q -O - http://$address/ && ip -o -4 address"
	like "$out" "^page.*inet $address/" "$kind: its address"
	rlc --network container:web $bb wget -q -O - http://www.example.test/
	like "$out" '^you are' "$kind: its way to the world, and its resolv.conf"
	rlc --network container:web $bb sh -c 'ls /w; ps; hostname; mount >/dev/null; touch /x'
	unlike "$out" 'httpd|index' "$kind: processes and files stay apart"
	is "$status" 0 "$kind: and the root can be written"
	rlc --network container:web $bb ls /sys/class/net
	like "$out" "$([ "$kind" = root ] && echo eth0 || echo tap0)" "$kind: /sys shows that network"
	rlc --network container:web --user 65534 $bb id -u
	is "$out" "$([ "$kind" = one ] || echo 65534)" "$kind: users as in the other container"
	rlc --network container:web -p 8080:80 $bb true
	refused "$kind: -p with a network of another's" another
	rlc --network container:web --rootfs /:O /bin/sh -c 'grep CapBnd /proc/self/status'
	is "$status" 0 "$kind: with another root"
	shared=$started
	if [ "$kind" = sub ]; then
		rlc --network container:web --userns=keep-id $bb true
		refused "$kind: another id map" userns
		# a payload may call itself what it likes
		rlc --network container:httpd $bb true
		refused "$kind: a process is not a container" httpd
	fi

	join=$T/tmp/join-$kind
	(in_host --user "$who" "$RLC" run -i --name second --network container:web $bb sh -c \
		'echo up; read -r _' <"$T/hold" >"$join" 2>&1) &
	exec 8>"$T/hold"
	wait_for 20 grep -q up "$join"
	rlc --network container:second $bb wget -q -O - http://127.0.0.1/
	is "$out" page "$kind: who joined can be joined"
	exec 8>&-
	wait $!
	rm "$join"
	end_container "$shared"
	rlc --network container:web $bb true
	refused "$kind: a container that has ended" web
	no_leftovers "$kind: nothing is left"
	[ "$kind" != root ] || in_host ip link delete docker0
done

# ------------------------------------------------------------------------ who may not

who=$sub
web
RLC_OTHER=$(readlink -f "$T/run-$sub/rlc")
run in_host --user "$one" "$RLC" --root "$RLC_OTHER" run --network container:web $bb true
isnt "$status" 0 "another user's containers cannot be found"
supervisor=$(cat "$T/run-$sub"/rlc/containers/*/supervisor)
read -r pid start fd <<<"$supervisor"
run in_host --user "$one" "$RLC" run --network "ns:/proc/$pid/fd/$fd" $bb true
refused "nor joined by a path" "/proc/$pid/fd/$fd"
run in_host --user "$sub" "$RLC" run --network "ns:/proc/$pid/fd/$fd" $bb wget -q -O - http://127.0.0.1/
is "$out" page "its own user may, by a path too"

# a record that names a process of another's making is not believed
record=$(echo "$T/run-$sub"/rlc/containers/*/supervisor)
for false in "1 1 3" "$$ 1 0" "$pid 1 $fd" "nonsense" "$pid $start 99999"; do
	echo "$false" >"$record"
	run in_host --user "$sub" "$RLC" run --network container:web $bb true
	refused "the record '$false'" 'join'
done
end_container "$started"

for who in "$sub" root; do
	for file in /etc/passwd /dev/zero /proc/self/ns/uts "$T/nowhere" /proc/self/ns; do
		rlc --network "ns:$file" $bb true
		refused "ns:$file" "$file"
	done
	rlc --network ns:/proc/self/ns/net $bb true
	refused "the host's own network" 'network host'
	rlc --network container: $bb true
	refused "no name" 'not of the form container:NAME'
	rlc --network container:../web $bb true
	refused "a path is no name" '../web'
done
run in_host --user "$sub" "$RLC" run --network "ns:/proc/$world_pid/ns/net" $bb true
isnt "$status" 0 "a network namespace of root's is not for users"

# ------------------------------------------------------------------------ made elsewhere

run in_host "$RLC" run --network "ns:/proc/$world_pid/ns/net" $bb ip -o address
like "$out" "$WORLD4" "root joins one by its path"
in_host --user "$sub" unshare --user --map-root-user --net sh -c \
	'ip link set lo up; ip address add 192.0.2.99/32 dev lo; echo >"$1"; exec sleep 100' sh "$T/tmp/made" &
made=$!
disown "$made"
wait_for 10 test -e "$T/tmp/made"
made_pid=$(pgrep -n -f 'sleep 100' -u "$(id -u "$sub")")
who=$sub
rlc --network "ns:/proc/$made_pid/ns/net" $bb sh -c 'ip -o address; cat /proc/self/uid_map'
like "$out" '192\.0\.2\.99' "a user joins one that unshare made"
like "$out" ' 1$' "with the one id that it maps"
kill "$made_pid"
wait_for 10 _is_gone "$made"
rm "$T/tmp/made"

no_leftovers "nothing is left"
done_testing
