#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every limit bites, on a host with systemd and all controllers, for root and for a user who is logged in.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/cgroup.sh"
. "$(dirname "$0")/../lib/login.sh"
needs root rlc busybox python3 login subids
user_with_subids
ok "$sub is logged in" log_in "$sub"
bb=builtin:busybox

rlc() { # WHO WORDS…
	local who=$1

	shift
	if [ "$who" = root ]; then
		run as root "$RLC" "$@"
	else # each time from a login of its own, which ends with the command
		run in_session "$who" "$RLC" "$@"
	fi
}
is_divided() { rlc "$1" logs divided && [ "$out" = "done" ]; }
json() { /usr/bin/python3 -c "import json, sys; print(json.load(sys.stdin)$1)" <<<"$out"; }

# within GOT EXPECTED DESCRIPTION: 10 % more or less
within() {
	ok "$3 ($1 for $2)" awk -v got="$1" -v expected="$2" \
		'BEGIN { exit !(got >= 0.9 * expected && got <= 1.1 * expected) }'
}

# ------------------------------------------------------------------ what a user is not delegated

# systemd gives users' managers cpu, memory and pids of its own accord
rlc "$sub" run --cpuset-cpus 1 --network none $bb true
refused "user: a controller that is not delegated" cpuset 'fix: .*Delegate='
mkdir -p /etc/systemd/system/user@.service.d
printf '[Service]\nDelegate=cpu cpuset io memory pids\n' >/etc/systemd/system/user@.service.d/rlct.conf
systemctl daemon-reload
log_out "$sub"
# logind refuses as long as it takes the old login apart
ok "user: logged in anew, with all that the fix gives" wait_for 240 log_in "$sub"

# --------------------------------------------------------------------------- every limit

measure_cpu='
	cd /sys/fs/cgroup
	used() { sed -n "s/^usage_usec //p" cpu.stat; }
	now() { cut -d" " -f1 /proc/uptime | tr -d .; }
	while :; do :; done & while :; do :; done &
	sleep 1
	u=$(used) t=$(now); sleep 5; u2=$(used) t2=$(now)
	echo $(((u2 - u) / (t2 - t)))' # of 10,000 for one processor

# what bites: for each; and one that runs, and outlives the login that it was started from
for who in "$sub" root; do
	kind=${who#rlct-} && kind=${kind%%-*}

	rlc "$who" run -m 64m --network none $bb tail /dev/zero
	is "$status" 137 "$kind: memory: killed"
	is "$err" "rlc: warn: killed by the memory limit of 64m" "$kind: and rlc says by what"
	rlc "$who" run --cpus 0.5 --network none $bb sh -c "$measure_cpu"
	within "$out" 5000 "$kind: cpus: half a processor"
	rlc "$who" run --pids-limit 10 --network none $bb sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 100 & done'
	like "$err" "can't fork: Resource temporarily unavailable" "$kind: pids: no more than that"
	rlc "$who" run -d --name eater -m 64m --network none $bb tail /dev/zero
	rlc "$who" wait eater
	is "$out" 137 "$kind: memory, detached: killed"
	rlc "$who" inspect eater
	is "$(json '[0]["State"]["OOMKilled"]') $(json '[0]["State"]["Verdict"]')" \
		"True killed by the memory limit of 64m" "$kind: inspect says by what"
	rlc "$who" rm eater

	rlc "$who" run -d --name one -m 64m --pids-limit 20 --network none $bb sh -c 'while :; do sleep 0.05; done'
	is "$status" 0 "$kind: a detached one: $err"
	rlc "$who" inspect one
	dir=$(json '[0]["State"]["CgroupPath"]')
	is "$(cat "$dir/memory.max")" 67108864 "$kind: has its limit in $dir"
	rlc "$who" exec one sh -c 'cat /proc/self/cgroup; wc -l </sys/fs/cgroup/cgroup.procs'
	like "$out" $'^0::/\n[3-9]$' "$kind: exec from another session is in the cgroup: $err"
	rlc "$who" exec one tail /dev/zero
	is "$status" 137 "$kind: and held to its limits"
	rlc "$who" run -d --name divided -m 64m --security-opt writable-cgroups --network none $bb sh -c 'cd /sys/fs/cgroup && mkdir in
		for pid in $(cat cgroup.procs); do echo $pid >in/cgroup.procs; done
		echo +memory >cgroup.subtree_control && echo done; exec sleep 1000'
	ok "$kind: a container divides its cgroup" wait_for 20 is_divided "$who"
	rlc "$who" exec divided cat /proc/self/cgroup
	is "$status $out$err" "0 0::/in" "$kind: exec goes where its payload is"
	rlc "$who" rm -f divided
	[ "$who" != root ] || break # it goes on below
	rlc "$who" rm -f one
	ok "$kind: no cgroup is left" wait_for 10 test -z "$(cgroups_left)"
done

who=root
kind=root
rlc "$who" stats --no-stream --format json one
is "$(json '[0]["MemLimitBytes"]') $(json '[0]["PIDsLimit"]')" "67108864 20" "$kind: stats knows it"
ok "$kind: and what is used" test "$(json '[0]["MemBytes"]')" -gt 0
is "$(json '[0]["BlockInput"]')" 0 "$kind: of block devices, too"
rlc "$who" update -m 128m --pids-limit 30 --cpus 0.5 one
is "$status $err" "0 " "$kind: update"
is "$(cat "$dir/memory.max" "$dir/pids.max" "$dir/cpu.max" | xargs)" "134217728 30 50000 100000" "$kind: is in force"
rlc "$who" inspect one
is "$(json '[0]["HostConfig"]["Memory"]')" 134217728 "$kind: and on record"
rlc "$who" pause one
is "$status $(sed -n 's/^frozen //p' "$dir/cgroup.events")" "0 1" "$kind: pause"
rlc "$who" stop -t 5 one
is "$status" 0 "$kind: stop of one that is paused"
rlc "$who" start one
rlc "$who" inspect one
dir=$(json '[0]["State"]["CgroupPath"]')
is "$(cat "$dir/memory.max")" 134217728 "$kind: started again it has the new limit"
rlc "$who" rm -f one
ok "$kind: no cgroup is left" wait_for 10 test -z "$(cgroups_left)"
rlc "$who" run -m 64m --network none $bb sh -c 'tail /dev/zero; echo "$?"'
is "$status $out" "0 137" "$kind: another process than the payload is killed: the payload goes on"
rlc "$who" run -m 64k --network none $bb true
refused "$kind: too little to start" "killed by the memory limit of 64k"
rlc "$who" run --pids-limit 2 --network none $bb echo runs
is "$status $out" "0 runs" "$kind: PID 1 and the payload are two"
rlc "$who" run --cpuset-cpus 1 --network none $bb sh -c 'nproc; cat /sys/fs/cgroup/cpuset.cpus.effective'
is "$out" $'1\n1' "$kind: cpuset"
rlc "$who" run -c 512 --memory-reservation 16m --cgroup-conf memory.high=1G --network none $bb sh -c \
	'cd /sys/fs/cgroup && cat cpu.weight memory.low memory.high'
is "$status $out" $'0 59\n16777216\n1073741824' "$kind: shares, a reservation, and a file by its name: $err"
rlc "$who" run --blkio-weight 500 --network none $bb sh -c 'cat /sys/fs/cgroup/io.weight'
if [ -e "$CGROUPS/system.slice/io.weight" ]; then
	is "$status $out" "0 default 4950" "$kind: the weight of block devices"
else
	refused "$kind: this kernel weighs no block devices" "open the cgroup's io.weight: No such file"
fi
rlc "$who" run --device-write-bps /dev/vda:1m --device-read-iops /dev/vda:100 --network none $bb cat /sys/fs/cgroup/io.max
is "$status $out" "0 254:0 rbps=max wbps=1048576 riops=100 wiops=max" "$kind: a rate of a block device: $err"

# ----------------------------------------------------------------------------- root

rlc root run -d --name place --network none $bb sleep 1000
ok "root's cgroup is directly below the root of the tree" test -d "$CGROUPS/rlc/$out"
rlc root rm -f place
nok "rlc's own directory goes with the last" test -e $CGROUPS/rlc
rlc root run --cgroup-parent rlct.slice -m 64m --network none $bb true
is "$status $err" "0 " "root: a scope in a slice of systemd's"
echo containers:2147483648:1073741824 | tee -a /etc/subuid >>/etc/subgid
rlc root run --userns auto --security-opt writable-cgroups --network none $bb sh -c 'cd /sys/fs/cgroup && mkdir a && echo $$ >a/cgroup.procs && echo done'
is "$status $out" "0 done" "root, a range of ids: writable-cgroups"
open_kmsg='mkdir /tmp/d; mount -t tmpfs none /tmp/d && mknod /tmp/d/k c 1 11 && : </tmp/d/k && echo opened'
rights="--network none --cap-add SYS_ADMIN --cap-add MKNOD --cap-add SYSLOG --cgroups enabled"
# shellcheck disable=SC2086 # words
{
	rlc root run $rights $bb sh -c "$open_kmsg"
	is "$out" "" "a device that was not given cannot be opened"
	rlc root run $rights --device-cgroup-rule 'c 1:11 r' $bb sh -c "$open_kmsg"
	is "$out" opened "but by a rule"
}
is "$(cgroups_left)" "" "nothing is left"
systemctl stop rlct.slice

done_testing
