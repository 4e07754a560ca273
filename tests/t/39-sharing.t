#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --pid, --ipc, --uts and --network container:NAME, in any combination: two containers that are one service;
# which of them ends what; and the host's namespaces.
. "$(dirname "$0")/../lib/lib.sh"
needs root mountns rlc userns subids busybox
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox
rlc() { run as "$who" "$RLC" "$@"; }
share() { local with=(); for type in $1; do with+=("--$type" container:web); done; shift; rlc run "${with[@]}" "$@"; }
commands() { as "$who" "$RLC" exec "$1" ps -o args | grep -v 'ps -o args'; }
# shellcheck disable=SC2016 # for the container's shell
server='mkdir /w; echo page >/w/index.html; echo segment >/dev/shm/segment; exec busybox httpd -f -h /w -p 80'
# shellcheck disable=SC2016
family='sleep 1001 & (setsid sleep 1002 &); (trap "" TERM HUP; exec setsid sleep 1003) & exec sleep 1004'
sleepers() { commands web | grep -c 'sleep 100'; }
no_sleepers() { [ "$(sleepers)" = 0 ]; }
four_sleepers() { [ "$(sleepers)" = 4 ]; }

for who in root "$sub" "$one"; do
	kind=${who#rlct-} && kind=${kind%%-*}
	rlc run -d --name web --network none -h webhost $bb sh -c "$server"
	wait_for 10 as "$who" "$RLC" exec web wget -q -O /dev/null http://127.0.0.1/

	# -------------------------------------------------------------------------- what is shared

	share "network pid ipc uts" $bb sh -c 'wget -q -O - http://127.0.0.1/; cat /dev/shm/segment; hostname; cat /etc/hostname; ps -o args | grep -c "[h]ttpd -f"'
	is "$(paste -sd' ' <<<"$out")" "page segment webhost webhost 1" "$kind: the other's loopback, shared memory, hostname and processes"
	for combination in "network ipc" "pid" "ipc" "uts" "pid ipc" "network pid uts"; do
		network=(--network none)
		[[ $combination != *network* ]] || network=()
		share "$combination" "${network[@]}" $bb sh -c \
			'ls /dev/shm; hostname; ps -o args | grep "[h]ttpd -f"; wget -q -O - http://127.0.0.1/ 2>/dev/null; true'
		expected=
		[[ $combination != *ipc* ]] || expected+='segment '
		like "$(paste -sd' ' <<<"$out")" "^$expected" "$kind: $combination: shared memory"
		[[ $combination == *ipc* ]] || unlike "$out" segment "$kind: $combination: no shared memory"
		[[ $combination != *uts* ]] || like "$out" webhost "$kind: $combination: hostname"
		[[ $combination == *uts* ]] || unlike "$out" webhost "$kind: $combination: no hostname"
		[[ $combination != *pid* ]] || like "$out" 'httpd -f' "$kind: $combination: processes"
		[[ $combination == *pid* ]] || unlike "$out" 'httpd' "$kind: $combination: no processes"
		[[ $combination != *network* ]] || like "$out" page "$kind: $combination: network"
		[[ $combination == *network* ]] || unlike "$out" page "$kind: $combination: no network"
	done
	share ipc --network none $bb sh -c 'echo back >/dev/shm/back'
	rlc exec web cat /dev/shm/back
	is "$out" back "$kind: what one writes to /dev/shm the other reads"
	share pid --network none $bb touch /made-by-second
	rlc exec web test -e /made-by-second
	is "$status" 1 "$kind: files stay apart"
	# shellcheck disable=SC2016
	share pid --network none $bb sh -c 'kill -0 $(pidof busybox | tr " " "\n" | sort -n | head -n 1)'
	is "$status" 0 "$kind: signals reach the other's processes"

	# -------------------------------------------------------------------------- living in it

	rlc run -d --name second --network none --pid container:web $bb sh -c "$family"
	is "$status$err" 0 "$kind: one more that stays"
	wait_for 10 four_sleepers
	rlc top second
	is "$(grep -c 'sleep 100' <<<"$out") $(grep -c httpd <<<"$out")" "4 0" "$kind: top has its processes, and no others"
	rlc exec second sh -c 'ps -o args | grep -c "[h]ttpd -f"; pwd'
	is "$(paste -sd' ' <<<"$out")" "1 /" "$kind: exec"
	rlc exec -d second sleep 1005
	rlc stop -t 3 second
	is "$status" 0 "$kind: stop"
	is "$(commands web | grep -c sleep)" 0 "$kind: ends all of its processes, of exec and grandchildren that hide too"
	like "$(commands web)" 'httpd' "$kind: and none of the other's"
	rlc start second
	wait_for 10 four_sleepers
	is "$(sleepers)" 4 "$kind: and it can be started again"
	rlc kill -s KILL second
	rlc wait second
	is "$out" 137 "$kind: kill"
	is "$(sleepers)" 0 "$kind: leaves nothing, too"
	rlc start second
	wait_for 10 four_sleepers
	init=$(as "$who" "$RLC" exec web ps -o pid,args | awk '$2 == "rlc-init" && $1 != 1 { print $1 }' | tail -n 1)
	rlc exec web readlink "/proc/$init/root"
	isnt "$status" 0 "$kind: its init is closed to the other container"
	rlc exec web kill -KILL "$init"
	rlc wait second
	is "$out" 137 "$kind: the other can end it"
	is "$(sleepers)" 0 "$kind: as a whole"
	rlc rm second

	# a command that ends leaves nothing behind
	share pid --network none $bb sh -c "(setsid sleep 1001 &); (setsid sleep 1002 &); exit 3"
	is "$status $(sleepers)" "3 0" "$kind: what a command leaves behind is ended with it"

	# the supervisor is killed: init sees to the rest
	rlc run -d --name second --network none --pid container:web $bb sh -c "$family"
	wait_for 10 four_sleepers
	supervisor=$(pgrep -u "$(id -u "$who")" -f -- '--name second --network none --pid container:web' | head -n 1)
	kill -KILL "$supervisor"
	wait_for 10 no_sleepers
	is "$(sleepers)" 0 "$kind: kill -9 of its supervisor: nothing goes on in the other container"
	rlc rm -f second

	# the first ends, and all in its pid namespace with it; who shares memory only goes on
	rlc run -d --name second --network none --pid container:web $bb sh -c "$family"
	rlc run -d --name third --network container:web --ipc container:web $bb sh -c 'exec sleep 1000'
	rlc rm -f web
	rlc wait second
	is "$out" 137 "$kind: when the first ends, so does who shares its processes"
	rlc inspect --format '{{.State.Verdict}}' second
	like "$out" 'ended with the container whose processes it shared' "$kind: and the verdict says why"
	rlc exec third cat /dev/shm/segment
	is "$out" segment "$kind: who shares memory and network goes on"
	rlc start second
	isnt "$status" 0 "$kind: what is shared must be there"
	like "$err" "web" "$kind: which is said"
	rlc rm -f second third

	# -------------------------------------------------------------------------- the host's

	echo host >"/dev/shm/rlct-$kind"
	rlc run --network none --ipc host $bb cat "/dev/shm/rlct-$kind"
	is "$out" host "$kind: --ipc host"
	rm "/dev/shm/rlct-$kind"
	rlc run --network none --uts host $bb hostname
	is "$out" "$(hostname)" "$kind: --uts host"
	rlc run --network none --pid host $bb sh -c "(setsid sleep 1006 &); grep -a -c . /proc/$$/cmdline; readlink /proc/self/ns/pid"
	is "$(tail -n 1 <<<"$out")" "$(readlink /proc/self/ns/pid)" "$kind: --pid host"
	is "$(head -n 1 <<<"$out")" 1 "$kind: sees the host's processes"
	nok "$kind: and leaves none of its own" pgrep -u "$(id -u "$who")" -f 'sleep 1006'
	rlc run -d --name hosts --network none --pid host $bb sh -c 'sleep 1007 & exec sleep 1008'
	rlc exec hosts true
	is "$status" 0 "$kind: --pid host: exec"
	rlc top hosts
	is "$(grep -c 'sleep 100' <<<"$out") $(grep -c bash <<<"$out")" "2 0" "$kind: --pid host: top"
	rlc rm -f hosts
	nok "$kind: --pid host: rm -f" pgrep -u "$(id -u "$who")" -f 'sleep 100[78]'
	rlc run --network none --cgroupns host $bb readlink /proc/self/ns/cgroup
	is "$out" "$(readlink /proc/self/ns/cgroup)" "$kind: --cgroupns host"
	rlc run --network none --cgroupns private --pid private --ipc shareable --uts private $bb readlink /proc/self/ns/cgroup
	isnt "$out" "$(readlink /proc/self/ns/cgroup)" "$kind: --cgroupns private"

	# -------------------------------------------------------------------------- refusals

	for option in pid ipc uts; do
		rlc run --network none "--$option" container:nowhere $bb true
		refused "$kind: --$option of nobody" nowhere
		rlc run --network none "--$option" nonsense $bb true
		refused "$kind: --$option nonsense" "--$option 'nonsense'"
		rlc run --network none "--$option" container:../web $bb true
		refused "$kind: --$option of a path" '\.\./web'
	done
	rlc run --network none --cgroupns container:web $bb true
	refused "$kind: --cgroupns container" cgroupns
	rlc run --network none --uts host -h name $bb true
	refused "$kind: --uts host with a hostname" name
	rlc run --network none --pid host --no-init $bb true
	refused "$kind: --pid with --no-init" no-init
	if [ "$kind" = sub ]; then
		rlc run -d --name one --network none $bb sleep 1000
		rlc run -d --name two --network none $bb sleep 1000
		rlc run --network container:one --ipc container:two $bb true
		refused "$kind: two containers with a user namespace each" 'another user namespace'
		rlc rm -f one two
	fi
	no_leftovers "$kind: nothing is left"
done
done_testing
