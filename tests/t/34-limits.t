#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The container's cgroup: where it is made, by root and by users; who is in it; pause, stats, update; what
# cannot be had is refused with what would help, and what was not asked for is no error; devices. That limits
# bite is shown where there are controllers: tests/vm/limits.t.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/cgroup.sh"
needs root rlc userns subids busybox python3 mountns tun
user_with_subids
user_without_subids
leftovers_begin

bb=builtin:busybox
rlc() { # WHO WORDS…
	local who=$1

	shift
	run as "$who" "$RLC" "$@"
}
json() { /usr/bin/python3 -c "import json, sys; print(json.load(sys.stdin)$1)" <<<"$out"; }
kind_of() { kind=${1#rlct-} && kind=${kind%%-*}; }
none_left() {
	is "$(cgroups_left)" "" "$1: no cgroup either"
	no_leftovers "$1"
}

# ------------------------------------------------------------------------ a host without version 2

cgroups_v1
for who in root "$sub" "$one"; do
	kind_of "$who"
	rlc "$who" run --network none $bb echo runs
	is "$status $out$err" "0 runs" "$kind, version 1: a container without limits runs"
	for limit in "-m 64m" "--cpus 1" "--pids-limit 10" "--cgroups enabled" "--cgroup-conf memory.high=1G"; do
		# shellcheck disable=SC2086 # words
		rlc "$who" run $limit --network none $bb echo ran
		refused "$kind, version 1: $limit" "^rlc: cgroup: make a cgroup: .*not one of version 2 \[RLC-L01\]" \
			"unified_cgroup_hierarchy"
	done
	rlc "$who" run -d --name plain --network none $bb sleep 1000
	is "$status $err" "0 " "$kind, version 1: a detached one runs without a cgroup"
	rlc "$who" pause plain
	refused "$kind: pause needs a cgroup" "it has no cgroup \[RLC-L09\]" "--cgroups=enabled"
	rlc "$who" update -m 64m plain
	refused "$kind: so does update" "it has no cgroup \[RLC-L09\]"
	rlc "$who" stats --no-stream --format json plain
	is "$(json '[0]["PIDs"]') $(json '[0]["Name"]')" "2 plain" "$kind: stats counts its processes"
	ok "$kind: and adds up their memory" test "$(json '[0]["MemBytes"]')" -gt 100000
	is "$(json '[0]["BlockInput"]')" None "$kind: what nothing tells is null"
	rlc "$who" rm -f plain
	rlc "$who" run --cgroups disabled -m 1g $bb true
	refused "$kind: a limit without a cgroup" "the limits asked for need one"
	no_leftovers "$kind, version 1: nothing is left"
done
cgroups_v1_end

# --------------------------------------------------------------------------- version 2

cgroups_begin
for who in root "$sub" "$one"; do
	kind_of "$who"
	[ "$who" = root ] || cgroups_delegate "$who"
	where=$CGROUPS/rlc
	[ "$who" = root ] || where=$cgroup_home/$who

	rlc "$who" run --network none $bb sh -c 'grep ^0:: /proc/self/cgroup; find /sys/fs/cgroup -name "rlc-*" -o -name rlc'
	is "$status $out$err" "0 0::/" "$kind: in the foreground without limits there is none of rlc's"
	rlc "$who" run --network none --cgroups enabled $bb sh -c '
		grep ^0:: /proc/self/cgroup; wc -l </sys/fs/cgroup/cgroup.procs
		echo 1 >/sys/fs/cgroup/cgroup.freeze; mkdir /sys/fs/cgroup/x
		mkdir /tmp/c; mount -t cgroup2 none /tmp/c'
	is "$(head -n 1 <<<"$out")" "0::/" "$kind: --cgroups enabled: its root is its own cgroup"
	is "$(sed -n 2p <<<"$out")" 3 "$kind: in which are PID 1 and what it runs, and nobody else"
	is "$(grep -c 'Read-only\|denied\|not permitted' <<<"$err")" 3 "$kind: where it can change nothing"
	none_left "$kind: nothing is left"

	rlc "$who" run --network none --security-opt writable-cgroups $bb sh -c '
		cd /sys/fs/cgroup && mkdir -p a/b && echo $$ >a/b/cgroup.procs && cat /proc/self/cgroup | grep ^0
		sleep 1000 & sleep 0.1; exit 3'
	is "$status $out" "3 0::/a/b" "$kind: writable-cgroups: it can divide its cgroup"
	none_left "$kind: and all of it goes with it"

	rlc "$who" run -d --name one --network none $bb sh -c 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/i; sleep 0.01; done'
	is "$status $err" "0 " "$kind: a detached one"
	id=$out
	dir=$where/$id
	[ "$who" = root ] || dir=$where/rlc-$id
	ok "$kind: has a cgroup" test -d "$dir"
	rlc "$who" inspect one
	pid=$(json '[0]["State"]["Pid"]')
	ok "$kind: init was born in it" grep -qx "$pid" "$dir/cgroup.procs"
	supervisor=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")
	nok "$kind: the supervisor is not" grep -qx "$supervisor" "$dir/cgroup.procs"
	rlc "$who" exec one sh -c 'grep ^0 /proc/self/cgroup'
	is "$out" "0::/" "$kind: exec is in it"
	rlc "$who" exec -d one sleep 999
	is "$status" 0 "$kind: exec -d"
	wait_for 5 pgrep -f 'sleep 999' >/dev/null
	ok "$kind: is in it, too" grep -qx "$(pgrep -x -f 'sleep 999')" "$dir/cgroup.procs"
	rlc "$who" stats --no-stream --format '{{.Name}} {{.ID}}'
	is "$out" "one ${id:0:12}" "$kind: stats lists it"
	rlc "$who" stats --no-stream --format json one
	ok "$kind: with its processes" test "$(json '[0]["PIDs"]')" -ge 3
	ok "$kind: and its time" test "$(json '[0]["CPUUsec"]')" -gt 0

	rlc "$who" pause one
	is "$status $out$err" "0 one" "$kind: pause"
	is "$(sed -n 's/^frozen //p' "$dir/cgroup.events")" 1 "$kind: it is frozen when pause returns"
	rlc "$who" ps --format '{{.State}} {{.Status}}'
	like "$out" '^paused Up .*\(Paused\)$' "$kind: ps says so"
	rlc "$who" ps -q --filter status=paused
	is "$out" "${id:0:12}" "$kind: and finds it"
	rlc "$who" inspect one
	is "$(json '[0]["State"]["Paused"]') $(json '[0]["State"]["Status"]') $(json '[0]["State"]["Running"]')" \
		"True paused True" "$kind: so does inspect"
	rlc "$who" pause one
	refused "$kind: pause again" "it is paused already"
	rlc "$who" exec one true
	refused "$kind: exec into it" "it is paused; first: rlc unpause"
	rlc "$who" unpause one
	is "$status $out$err" "0 one" "$kind: unpause"
	rlc "$who" unpause one
	refused "$kind: unpause again" "it is not paused"
	rlc "$who" exec one sh -c 'read -r a </tmp/i; while read -r b </tmp/i; do [ "$b" = "$a" ] || exit 0; done'
	is "$status" 0 "$kind: it goes on"

	for how in "stop -t 5" "kill" "rm -f"; do
		rlc "$who" run -d --rm --name two --network none $bb sleep 1000
		rlc "$who" pause two
		# shellcheck disable=SC2086 # words
		rlc "$who" $how two
		is "$status" 0 "$kind: $how of one that is paused"
		rlc "$who" wait two
		rlc "$who" ps -aq --filter name=two
		is "$out" "" "$kind: ends it"
	done

	rlc "$who" pause one
	kill -KILL "$supervisor"
	wait_for 5 test ! -e "/proc/$pid"
	rlc "$who" ps -a --format '{{.State}}'
	is "$out" stopped "$kind: its supervisor killed while it is paused: it has ended"
	nok "$kind: and its cgroup is gone" test -e "$dir"
	rlc "$who" update -m 64m --pids-limit 20 one
	is "$status $out$err" "0 one" "$kind: update of one that has ended changes its record"
	rlc "$who" inspect one
	is "$(json '[0]["HostConfig"]["Memory"]') $(json '[0]["HostConfig"]["PidsLimit"]')" "67108864 20" \
		"$kind: as inspect shows"
	rlc "$who" update one
	refused "$kind: update without a limit" "no limit is given"
	rlc "$who" rm one
	none_left "$kind: nothing is left"
	cgroups_undelegate
done

# root chooses the place
mkdir "$cgroup_home/named"
rlc root run --cgroup-parent "/${cgroup_home#"$CGROUPS/"}/named/made" --network none $bb true
is "$status $err" "0 " "--cgroup-parent"
is "$(ls -d "$cgroup_home/named/"*/ 2>/dev/null)" "" "what was made above it goes, too"
rlc root run --cgroup-parent ../../etc --network none $bb true
refused "--cgroup-parent out of the tree" "it is not below '/sys/fs/cgroup'"

# nothing to divide: this user's processes are in a cgroup of root's
rlc "$sub" run -d --rm --name without --network none $bb sleep 1000
is "$status $err" "0 " "no cgroup to be had: a detached container runs without"
rlc "$sub" rm -f without
rlc "$sub" run --cgroups enabled --network none $bb true
refused "and is refused if it is asked for" "^rlc: cgroup: .*\[RLC-L0[45]\]" "fix: "
none_left "nothing is left of that"

# ----------------------------------------------------------------------------- faults

faults=$(copy_program "$BUILD/tests/rlc-faults" rlc-faults)
for who in root "$sub"; do
	kind_of "$who"
	[ "$who" = root ] || cgroups_delegate "$who"
	for row in parent:cgroup parent:clone parent:idmap parent:limits parent:start child:sys child:ready; do
		RLC_FAULT=$row run as "$who" "$faults" run --cgroups enabled --network none $bb true
		is "$status" 125 "$kind: $row fails"
		is "$(cgroups_left)" "" "$kind: no cgroup is left"
	done
	no_leftovers "$kind: nothing is left"
	cgroups_undelegate
done

# ----------------------------------------------------------------------------- devices

mkdir "$T/devices" "$T/devices/below"
mount -t tmpfs none "$T/devices"
leftovers_begin
mkdir "$T/devices/below"
mknod -m 0666 "$T/devices/open" c 1 5
mknod -m 0600 "$T/devices/closed" c 1 5
mknod -m 0666 "$T/devices/below/zero" c 1 5
for who in root "$sub" "$one"; do
	kind_of "$who"
	rlc "$who" run --network none --device "$T/devices/open:/dev/given" $bb sh -c 'head -c 3 /dev/given | wc -c; ls -l /dev/given'
	like "$out" '^3
crw-rw-rw-.* 1, +5 ' "$kind: --device gives a device that its user may open"
	rlc "$who" run --network none --device "$T/devices/below:/dev/some" $bb sh -c 'head -c 3 /dev/some/zero | wc -c'
	is "$out$err" 3 "$kind: a directory gives all below it"
	rlc "$who" run --network none --device "$T/bin" $bb true
	is "$status" 0 "$kind: a directory without any is passed over"
	rlc "$who" run --network none --device "$RLC" $bb true
	refused "$kind: no device" "it is no device"
	rlc "$who" run --network none --device /dev/nowhere $bb true
	refused "$kind: none at all" "give the device '/dev/nowhere': No such file"
	rlc "$who" run --network none --device "$T/devices/closed:/dev/given" $bb head -c 3 /dev/given
	if [ "$who" = root ]; then
		is "$status" 0 "$kind: root may open all"
	else
		refused "$kind: one that he may not open" "^rlc: devices: open the device .*\[RLC-L08\]" "setfacl"
		rlc "$who" run --network none --device-cgroup-rule 'c 10:* rwm' $bb true
		refused "$kind: a rule for devices" "^rlc: cgroup: guard devices: .*\[RLC-L07\]"
		rlc "$who" run --network none --device "$T/devices/open:/dev/given:r" $bb true
		refused "$kind: one that may only be read" "\[RLC-L07\]"
	fi
done
none_left "nothing is left"

# A program guards root's, wherever a node comes from
open_tun='mkdir /tmp/d; mount -t tmpfs none /tmp/d && mknod /tmp/d/tun c 10 200 && : </tmp/d/tun && echo read; : 3<>/tmp/d/tun && echo write'
rights="--network none --cap-add SYS_ADMIN --cap-add MKNOD"
# shellcheck disable=SC2086 # words
{
	rlc root run $rights --cgroups disabled $bb sh -c "$open_tun"
	is "$out" "$(printf 'read\nwrite')" "without a cgroup a payload with these rights opens any device"
	rlc root run $rights --cgroups enabled $bb sh -c "$open_tun"
	is "$out" "" "with one it opens none that was not given"
	rlc root run $rights $bb sh -c "$open_tun"
	is "$out" "" "and it has one where there can be any"
	rlc root run $rights --device-cgroup-rule 'c 10:200 rwm' $bb sh -c "$open_tun"
	is "$out" "$(printf 'read\nwrite')" "--device-cgroup-rule allows it"
	rlc root run $rights --device-cgroup-rule 'c 10:* rm' $bb sh -c "$open_tun"
	is "$out" read "or reading alone"
	rlc root run $rights --device /dev/net/tun:r $bb sh -c "$open_tun; : 3<>/dev/net/tun && echo w"
	is "$out" read "so does --device with :r"
}
none_left "nothing is left"

# ----------------------------------------------------------------------------- oom score, explain

for who in root "$sub" "$one"; do
	kind_of "$who"
	rlc "$who" run --network none --oom-score-adj 700 $bb cat /proc/self/oom_score_adj
	is "$status $out" "0 700" "$kind: --oom-score-adj"
	rlc "$who" run --network none --oom-score-adj -500 $bb cat /proc/self/oom_score_adj
	if [ "$who" = root ] && [ $((0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> 24 & 1)) = 1 ]; then
		is "$status $out" "0 -500" "$kind: a lower one"
	else
		refused "$kind: a lower one" "\[RLC-L10\]"
	fi
done
rlc root run --explain --cgroups enabled --network none $bb true
like "$out" "mkdir -p \"\\\$cgroup\"" "--explain shows the cgroup"

done_testing
