#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rlc-oci's verbs over the container's cgroup: pause, resume, update, events, ps, kill --all, exec --cgroup; and what
# they say where there is none.
. "$(dirname "$0")/../lib/lib.sh"
. "$(dirname "$0")/../lib/cgroup.sh"
. "$(dirname "$0")/../lib/oci.sh"
needs root userns mountns
bundle=
user_with_subids
leftovers_begin

# It counts, until somebody ends it or all of it
payload='.process.args = ["sh", "-c", "i=0; while :; do i=$((i + 1)); echo $i >/tmp/i; sleep 0.01; done"]'
moves() { # it counts on
	local before

	before=$(cat "$bundle/rootfs/tmp/i")
	wait_for 20 _differs "$before"
}
_differs() { [ -s "$bundle/rootfs/tmp/i" ] && [ "$(cat "$bundle/rootfs/tmp/i")" != "$1" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }

# Where v1's cgroup of version 2 is, by its record
oci_cgroup() { head -n 1 "$(oci_root "$1")/v1/cgroup" 2>/dev/null | grep "^$CGROUPS" || true; }
both() { # USER FILTER: what both versions can
	local user=$1 pid

	bundle "$user" "$payload | $2"
	run oci "$user" run --detach --bundle "$bundle" --pid-file "$bundle/pid" v1
	is "$status$err" 0 "$user: it runs"
	pid=$(cat "$bundle/pid")
	ok "$user: and counts" moves
	run oci "$user" resume v1
	like "$err" 'container not paused' "$user: what is not paused cannot be resumed"
	run oci "$user" pause v1
	is "$status$err" 0 "$user: pause"
	is "$(oci_status "$user" v1)" paused "$user: state says so"
	is "$(oci "$user" list --format json | jq -r '.[].status')" paused "$user: list, too"
	cp "$bundle/rootfs/tmp/i" "$bundle/i"
	run oci "$user" exec v1 true
	like "$err" 'cannot exec in a paused container' "$user: exec refuses, in runc's words"
	run oci "$user" delete v1
	like "$err" 'not stopped: paused' "$user: so does delete"
	ok "$user: it stands still" cmp -s "$bundle/rootfs/tmp/i" "$bundle/i"
	run oci "$user" resume v1
	is "$status$err" 0 "$user: resume"
	ok "$user: it goes on" moves
	run oci "$user" exec --detach --pid-file "$bundle/pid2" v1 sleep 1000
	is "$status" 0 "$user: another process"
	is "$(oci "$user" ps --format json v1 | jq "contains([$pid, $(cat "$bundle/pid2")])")" true "$user: ps has both"
	for options in "" aux "-A -o user,pid,args"; do
		# shellcheck disable=SC2086 # words
		is "$(oci "$user" ps v1 $options | awk '$2 == 1 || / sleep 1000$/ { print $2 }')" "$(cat "$bundle/pid2")" \
			"$user: ps ${options:-alone} has none of the host's"
	done
	run oci "$user" ps v1 -o args
	like "$err" "couldn't find PID field" "$user: ps needs the column"
	run oci "$user" events --stats v1
	is "$(jq -r '[.type, .id, .data.cpu.usage.total > 0] | @tsv' <<<"$out")" $'stats\tv1\ttrue' "$user: events --stats"
	run oci "$user" events --interval nope v1
	like "$err" "parse --interval 'nope'" "$user: an interval that is none"
	oci "$user" events --interval 50ms v1 >"$T/events" &
	ok "$user: events goes on" wait_for 20 test -s "$T/events"
	run oci "$user" ps --format yaml v1
	like "$err" "invalid format option 'yaml'" "$user: ps has two forms"
	run oci "$user" kill v1 0
	is "$status$err" 0 "$user: signal 0 asks whether it lives"
	run oci "$user" kill v1 NOPE
	like "$err" "unknown signal 'NOPE'" "$user: a signal that is none"
	run oci "$user" kill --all v1 KILL
	is "$status$err" 0 "$user: kill --all"
	ok "$user: ends the other process" wait_for 20 ended "$(cat "$bundle/pid2")"
	ok "$user: and init" wait_for 20 oci_is "$user" v1 stopped
	wait $!
	is $? 0 "$user: events ends with it"
	run oci "$user" kill --all v1 KILL
	is "$status$err" 0 "$user: when all have ended that is no error"
	gone=$(oci_cgroup "$user")
	[ -z "$gone" ] || rmdir "$gone" # as systemd does with a scope
	run oci "$user" kill --all v1 KILL
	is "$status$err" 0 "$user: nor when their cgroup has gone"
	for signal in KILL 0; do
		run oci "$user" kill v1 $signal
		like "$err" "container not running" "$user: of init alone it is: $signal"
	done
	for verb in pause update "events --stats"; do
		# shellcheck disable=SC2086 # words
		run oci "$user" $verb v1
		like "$err" 'container not running' "$user: $verb of what has ended"
	done
	run oci "$user" delete v1
	is "$status$err" 0 "$user: delete"

	oci "$user" run --detach --bundle "$bundle" v1
	oci "$user" pause v1
	run oci "$user" kill v1 KILL
	is "$status$err" 0 "$user: kill of one that is paused"
	ok "$user: ends it" wait_for 20 oci_is "$user" v1 stopped
	oci "$user" delete v1
	oci "$user" run --detach --bundle "$bundle" v1
	oci "$user" pause v1
	run oci "$user" delete --force v1
	is "$status$err" 0 "$user: delete --force of one that is paused"
	oci_no_leftovers "$user" "$user: nothing is left"
}

# --------------------------------------------------------------------------- version 1

# the host's own, where it has that version
if [ -w $CGROUPS/freezer/cgroup.procs ] && [ -w $CGROUPS/memory/cgroup.procs ]; then
	both root '.linux.cgroupsPath = "/rlct-v1/v1"'
	oci root run --detach --bundle "$bundle" v1
	run oci root update --memory 64m --memory-swap 128m --pids-limit 30 --cpu-quota 70000 --cpu-share 700 v1
	is "$status$err" 0 "version 1: update"
	value() { cat "$CGROUPS/${1%%.*}/rlct-v1/v1/$1"; }
	is "$(value memory.limit_in_bytes) $(value pids.max) $(value cpu.cfs_quota_us) $(value cpu.shares)" \
		"67108864 30 70000 700" "which the kernel took"
	run oci root update --memory 32m v1
	is "$status $(value memory.limit_in_bytes) $(value pids.max)" "0 33554432 30" "what is not named stays"
	run oci root update --memory -1 --kernel-memory-tcp 16m v1
	is "$status$err $(value memory.memsw.limit_in_bytes)" "0 $(value memory.limit_in_bytes)" "no limit of memory is none of memory with swap"
	is "$(value memory.kmem.tcp.limit_in_bytes)" 16777216 "TCP buffers"
	echo 70000 >$CGROUPS/cpu/rlct-v1/cpu.cfs_quota_us
	run oci root update --cpu-period 50000 --cpu-quota 10000 v1
	is "$status$err $(value cpu.cfs_quota_us) $(value cpu.cfs_period_us)" "0 10000 50000" \
		"another period, which the old quota would not go with"
	oci root update --cpu-burst 1000 --cpu-idle 1 v1
	is "$(value cpu.cfs_burst_us) $(value cpu.idle)" "1000 1" "what it may save up, and that it is idle"
	oci root update --cpu-burst 0 --cpu-idle 0 v1
	is "$(value cpu.cfs_burst_us) $(value cpu.idle)" "0 0" "can be taken back"
	run oci root update --cpu-idle 2 v1
	like "$err" "parse --cpu-idle '2': neither 0 nor 1" "which is a word of two"
	run oci root update --resources - v1 <<<'{"devices": [{"allow": false, "access": "rwm"}], "pids": {"limit": 40},
		"memory": {"limit": 41943040, "swap": 83886080, "reservation": 20971520, "checkBeforeUpdate": true},
		"cpu": {"shares": 800, "quota": 60000, "period": 120000, "cpus": "0", "mems": "0"}}'
	is "$status$err" 0 "update --resources"
	is "$(value memory.limit_in_bytes) $(value memory.soft_limit_in_bytes) $(value pids.max) $(value cpu.shares) $(
		value cpu.cfs_quota_us) $(value cpu.cfs_period_us) $(value cpuset.cpus)" \
		"41943040 20971520 40 800 60000 120000 0" "all of it"
	run oci root exec v1 sh -c ': </dev/null && echo opened'
	is "$out" opened "but of devices, as with runc"
	for dir in "$CGROUPS"/*/rlct-v1/v1; do
		mkdir "$dir/below"
		for file in cpuset.cpus cpuset.mems; do
			[ ! -e "$dir/$file" ] || cat "$dir/$file" >"$dir/below/$file"
		done
	done
	run oci root exec --cgroup below v1 cat /proc/self/cgroup
	is "$(grep -c 'rlct-v1/v1/below$' <<<"$out")" "$(find $CGROUPS -name below | wc -l)" "exec --cgroup"
	run oci root exec --cgroup ../.. v1 true
	like "$err" 'Invalid argument' "does not lead out"
	oci root delete --force v1
	rmdir $CGROUPS/*/rlct-v1
	bundle "$sub" "$payload"
	oci "$sub" run --detach --bundle "$bundle" v1
	run oci "$sub" pause v1
	like "$err" 'no cgroup of its own, for those of version 1 only root can make' "a user has none, and is told why"
	oci "$sub" delete --force v1
fi

# --------------------------------------------------------------------------- version 2

cgroups_begin
cgroups_delegate "$sub"
for user in root "$sub"; do
	path=${cgroup_home#"$CGROUPS"}/$user/c
	[ "$user" != root ] || path=/rlct-verbs/c
	both "$user" ".linux.cgroupsPath = \"$path\""
	oci "$user" run --detach --bundle "$bundle" v1
	run oci "$user" update --resources - v1 <<<'{"unified": {"cgroup.max.depth": "9"}}'
	is "$status$err$(cat "$CGROUPS$path/cgroup.max.depth")" 09 "$user: update --resources"
	run oci "$user" update --resources - v1 <<<'{"pids": {"limit": "9"}}'
	like "$err" '-:1:20: pids.limit: not a whole number' "$user: what is wrong with it has its place"
	run oci "$user" update --pids-limit many v1
	like "$err" "parse --pids-limit 'many': not a number" "$user: an option that is wrong"
	run oci "$user" update --l3-cache-schema L3:0=f v1
	like "$err" "in no class of resctrl" "$user: a share of caches"
	run oci "$user" update --blkio-weight 5 v1
	like "$err" "not between 10 and 1000" "$user: a weight out of range"
	run oci "$user" update --cpu-rt-runtime 5 v1
	like "$err" "not supported" "$user: what no kernel keeps"
	as "$user" mkdir "$CGROUPS$path/below"
	run oci "$user" exec --cgroup /below v1 grep ^0 /proc/self/cgroup
	is "$out" 0::/below "$user: exec --cgroup"
	run oci "$user" exec --cgroup /.. v1 true
	like "$err" 'Invalid argument' "$user: does not lead out"
	run oci "$user" exec --cgroup /nope v1 true
	like "$err" "open the cgroup '/nope' of the container: No such file" "$user: nor to what is not there"
	oci "$user" delete --force v1
done
cgroups_undelegate
bundle "$sub" "$payload"
oci "$sub" run --detach --bundle "$bundle" v1
for verb in pause resume update "events --stats"; do
	# shellcheck disable=SC2086 # words
	run oci "$sub" $verb v1
	like "$err" "no cgroup of its own, for none could be made .*--systemd-cgroup" "$verb without a cgroup says why"
done
run oci "$sub" kill --all v1 KILL
is "$status$err" 0 "kill --all needs none"
ok "it ends" wait_for 20 oci_is "$sub" v1 stopped
oci "$sub" delete v1
oci_no_leftovers "$sub" "nothing is left of the user's"
is "$(find $CGROUPS -name 'rlct-verbs')" "" "and no cgroup"
no_leftovers "nothing is left behind"
done_testing
